"""Backups that are taken, and killed, while others write."""

from __future__ import annotations

import json
import sqlite3
from contextlib import AbstractContextManager, closing, suppress
from pathlib import Path

from tests.conformance.client import task_id
from tests.faults.board import case
from tests.faults.clients import clients
from tests.faults.operations.dying import run_host
from tests.faults.scene import APP, Scene, Web
from tests.support.processes import Process, eventually

_HELD = 5  # tasks of a queue at which nobody works before the restore


class _Load:
    """Clients that submit to a web process as fast as it answers."""

    def __init__(self, web: Web) -> None:
        self._web = web
        self.accepted: list[str] = []

    def going_on(self) -> AbstractContextManager[None]:
        return clients(self._submit)

    def _submit(self) -> None:
        answer = self._web.submit()
        assert answer.status == 202, (answer.status, answer.text)
        self.accepted.append(task_id(answer))

    def wait_for_more(self) -> list[str]:
        """Everything that was accepted, and some of it just now."""
        before = len(self.accepted)
        eventually(lambda: len(self.accepted) > before + 20)
        return list(self.accepted)


@case(33, "a backup under load, and one that is killed", expected="whole, or not there at all")
def backup_under_load(scene: Scene) -> str:
    copy = scene.path("copy.db")
    held = [scene.submit("add", number, 1, queue="held") for number in range(_HELD)]
    web, worker = scene.web(), scene.worker("--runners", "1", "--queues", "default")
    load = _Load(web)
    with load.going_on():
        promised = load.wait_for_more()
        _done(_command(scene, "backup", str(copy)))
        assert {*promised, *held} <= _ids_in(copy)
        load.wait_for_more()
        _kill_in_the_middle(scene, copy)
    assert {*promised, *held} <= _ids_in(copy)
    worker.stop()
    web.process.stop()
    scene.engine.close()
    killed, before, new = _kill_at_each_operation(scene)
    _restore(scene, copy, promised, held)
    return (
        f"{len(promised)} of {len(load.accepted)} tasks were accepted before it: all there, sound; "
        f"killed at each of {killed} operations: {before} times what was there, {new} times the "
        f"new one; restored with queues held, then all {len(promised) + _HELD} ran"
    )


def _command(scene: Scene, *words: str) -> Process:
    return scene.start.start("taskrow", "--app", f"{APP}:app", *words, log=words[0])


def _done(command: Process) -> str:
    assert command.process.wait(60) == 0, command.output()
    return command.output()


def _ids_in(copy: Path) -> set[str]:
    """What is in a copy that is nothing but its one file."""
    with closing(sqlite3.connect(f"file:{copy}?mode=ro&immutable=1", uri=True)) as file:
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return {one for (one,) in file.execute("SELECT id FROM tasks")}


def _kill_in_the_middle(scene: Scene, copy: Path) -> None:
    """A real command, killed as soon as it has begun to copy."""
    command = _command(scene, "backup", str(copy), "--force")
    eventually(lambda: command.process.poll() is not None or _is_copying(copy))
    command.kill()


def _is_copying(copy: Path) -> bool:
    with suppress(FileNotFoundError):  # it has ended just now, and its directory is gone
        return any(copy.parent.glob(f".{copy.name}-*/*"))
    return False


def _kill_at_each_operation(scene: Scene) -> list[int]:
    target = scene.path("backups") / "copy.db"
    killed, before, new = run_host("backing_up", scene.directory, target.parent, scene.file, target)
    assert killed > 100
    assert before > 0, "no kill left what was there before"
    assert new > 0, "no kill left the new backup"
    return [killed, before, new]


def _restore(scene: Scene, copy: Path, promised: list[str], held: list[str]) -> None:
    """Nothing of it runs before somebody says so; then everything does."""
    _done(_command(scene, "restore", str(copy)))
    _done(_command(scene, "worker", "--burst"))
    assert {scene.task(one).status for one in held} == {"queued"}
    said = _done(_command(scene, "queues", "--json"))
    assert "restored from copy.db" in json.dumps(said)
    _done(_command(scene, "resume", "--all"))
    scene.worker("--runners", "1")
    ended = [scene.final(one) for one in (*promised, *held)]
    assert {one.status for one in ended} == {"succeeded"}
