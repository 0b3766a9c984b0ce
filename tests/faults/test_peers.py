"""The portable cases judge taskrow as they judge its peers, and their tables say what was seen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bench.peers import PACKAGES, Peers

from tests.faults.board import BOARD, all_cases
from tests.faults.peers.board import PORTABLE, all_portable
from tests.faults.peers.command import BEGIN, main
from tests.faults.peers.playing import play_all
from tests.faults.peers.records import FAIL, PASS, Verdict, write_verdict
from tests.faults.peers.systems import BY_NAME, SYSTEMS

_PAGE = Path(__file__).parents[2] / "docs" / "promises-peers.md"
_SHORT_LEASE = {"config": {"TASKROW_LEASE": 1, "TASKROW_HEARTBEAT": 0.25}}
_HURRIED = replace(BY_NAME["taskrow"], settings=_SHORT_LEASE, lease=1.0, pace=0.1)
_CARELESS = replace(
    _HURRIED, name="careless", settings={**_SHORT_LEASE, "options": {"at_most_once": True}}
)

all_portable()


def test_a_queue_that_does_not_run_a_lost_task_again_fails_where_taskrow_holds() -> None:
    seen: list[Verdict] = []
    run = play_all(
        [PORTABLE["killed-runner"]],
        [_HURRIED, _CARELESS],
        Peers(Path("no-peers")),  # taskrow alone needs none
        at_once=2,
        known={},
        show=seen.append,
    )
    ours, careless = run["killed-runner", "taskrow"], run["killed-runner", "careless"]
    assert ours.verdict == PASS, ours.saw
    assert (careless.verdict, careless.saw) == (FAIL, "not begun again; it says: failed WorkerLost")
    assert "taskrow" in ours.versions
    assert {each.system for each in seen} == {"taskrow", "careless"}


def test_a_case_that_is_like_one_of_the_scoreboard_names_it() -> None:
    all_cases()
    assert {case.number for case in PORTABLE.values()} - {None} <= set(BOARD)


def test_each_peer_has_an_environment_and_a_column_more_for_durable_settings() -> None:
    peers = [system.peer for system in SYSTEMS if system.peer is not None]
    assert set(peers) == {"huey", "rq", "celery", "dramatiq"} <= set(PACKAGES)
    assert all(peers.count(peer) == 2 for peer in peers)


def test_the_page_is_written_from_verdicts_that_were_kept(tmp_path: Path) -> None:
    page, kept = tmp_path / "page.md", tmp_path / "run.json"
    page.write_text("before\n<!-- peers: tables -->\n<!-- peers: end -->\nafter\n")
    for system in SYSTEMS:
        write_verdict(kept, Verdict("poison", system.name, PASS, "it saw", 1.0, {"it": "1.2.3"}))
    assert main(["--only", "poison", "--json", str(kept), "--page", str(page)]) == 0
    told = page.read_text()
    assert "| RQ | it 1.2.3 | Redis | defaults | 1 of 1 |" in told
    assert "- RQ: PASS: it saw" in told


def test_the_documented_table_has_every_case_and_every_system() -> None:
    page = _PAGE.read_text().partition(BEGIN)[2]
    assert all(f"### {name}" in page for name in PORTABLE)
    assert all(f"| {system.title} |" in page for system in SYSTEMS)
