"""The portable cases judge taskrow as they judge its peers, and their tables say what was seen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from bench.peers import PACKAGES, Peers

from tests.faults.board import BOARD, all_cases
from tests.faults.peers.board import PORTABLE, all_portable
from tests.faults.peers.command import BEGIN, main
from tests.faults.peers.playing import play_all, stage_of
from tests.faults.peers.records import (
    FAIL,
    PASS,
    Run,
    Verdict,
    read_run,
    score,
    write_verdict,
)
from tests.faults.peers.report import cell
from tests.faults.peers.systems import BY_NAME, SYSTEMS

_PAGE = Path(__file__).parents[2] / "docs" / "promises-peers.md"
_SHORT_LEASE = {"config": {"TASKROW_LEASE": 1, "TASKROW_HEARTBEAT": 0.25}}
_HURRIED = replace(BY_NAME["taskrow"], settings=_SHORT_LEASE, lease=1.0, pace=0.1)
_CARELESS = replace(_HURRIED, settings={**_SHORT_LEASE, "options": {"at_most_once": True}})
_NOWHERE = Peers(Path("no-peers"))  # taskrow alone needs none
_NOT_ON_THE_SCOREBOARD = (
    "docker-stop", "endless-call", "neighbour", "poison", "killed-producer", "planted",
    "due-by-a-jump",
)  # fmt: skip

all_portable()


@pytest.mark.parametrize("name", _NOT_ON_THE_SCOREBOARD)
def test_taskrow_holds(name: str) -> None:
    with stage_of(_HURRIED, _NOWHERE) as stage:
        PORTABLE[name].play(stage)


def test_a_queue_that_does_not_run_a_lost_task_again_fails() -> None:
    seen: list[Verdict] = []
    chosen = [PORTABLE["killed-runner"]]
    run = play_all(chosen, [_CARELESS], _NOWHERE, at_once=1, known=Run(), show=seen.append)
    assert run.of("killed-runner", "taskrow") == seen[0]
    assert (seen[0].verdict, seen[0].saw) == (FAIL, "not begun again; it says: failed WorkerLost")
    assert "taskrow" in seen[0].versions


def test_a_case_that_is_like_one_of_the_scoreboard_names_it() -> None:
    all_cases()
    assert {case.number for case in PORTABLE.values()} - {None} <= set(BOARD)


def test_each_peer_has_an_environment_and_a_column_more_for_durable_settings() -> None:
    peers = [system.peer for system in SYSTEMS if system.peer is not None]
    assert set(peers) == {"huey", "rq", "celery", "dramatiq"} <= set(PACKAGES)
    assert all(peers.count(peer) >= 2 for peer in peers)


def test_verdicts_are_kept_and_runs_that_differ_are_told(tmp_path: Path) -> None:
    runs = []
    for number, verdict in enumerate((PASS, FAIL)):
        file = tmp_path / f"{number}.json"
        write_verdict(file, Verdict("poison", "rq", verdict, "seen", 1.0))
        runs.append(read_run(file))
    assert cell([run.found["poison", "rq"] for run in runs]) == "**1 of 2**"
    assert score(runs, "rq") == (0, 1)
    assert score(runs[:1], "rq") == (1, 1)


def test_the_page_is_written_from_runs(tmp_path: Path) -> None:
    page, run = tmp_path / "page.md", tmp_path / "run.json"
    page.write_text("before\n<!-- peers: tables -->\n<!-- peers: end -->\nafter\n")
    write_verdict(run, Verdict("poison", "rq", PASS, "it saw", 1.0, {"rq": "1.2.3"}))
    assert main(["--read", str(run), "--page", str(page)]) == 0
    told = page.read_text()
    assert "rq 1.2.3" in told
    assert "- RQ: pass: it saw" in told


def test_the_documented_table_has_every_case_and_every_system() -> None:
    page = _PAGE.read_text().partition(BEGIN)[2]
    assert all(f"### {name}" in page for name in PORTABLE)
    assert all(f"| {system.title} |" in page for system in SYSTEMS)
