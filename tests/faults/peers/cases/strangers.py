"""What a stranger can write into the store, and submits that come twice."""

from __future__ import annotations

from tests.faults.peers.board import portable
from tests.faults.peers.stage import Stage
from tests.faults.peers.watching import assert_succeeded, comes, pause
from tests.faults.scene import lines_of


@portable(
    "somebody who can write to the store plants a pickle, and a call of `os.system`",
    expected="neither is executed; the next task is done",
)
def planted(stage: Stage) -> str:
    by_pickle, by_name = stage.path("by-pickle"), stage.path("by-name")
    reduced = f"cos\nsystem\n(S'touch {by_pickle}'\ntR."  # a pickle of protocol 0
    stage.ask("plant", pickled=reduced, command=f"touch {by_name}")
    stage.worker()
    comes(stage, lambda: by_pickle.exists() and by_name.exists(), 10.0 * stage.system.pace)
    done = [path.name for path in (by_pickle, by_name) if path.exists()]
    assert not done, f"executed: {', '.join(done)}"
    assert_succeeded(stage, stage.submit("add", 20, 22))
    return "neither was executed; the next task ran"


@portable(
    "the same submit is sent twice, with the id (or key) that the library has for it",
    expected="it runs once",
)
def sent_twice(stage: Stage) -> str:
    mark = stage.path("mark")
    task_id = str(stage.ask("submit_twice", task="note", args=[str(mark)])["id"])
    stage.worker()
    assert comes(stage, lambda: bool(lines_of(mark))), stage.status(task_id).words
    pause(stage, 5.0)
    runs = len(lines_of(mark))
    assert runs == 1, f"runs: {runs}"
    return "runs: 1"
