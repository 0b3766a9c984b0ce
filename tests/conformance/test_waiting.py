"""``Prefer: wait``, ``If-None-Match`` and ``Retry-After``."""

from __future__ import annotations

import time
from pathlib import Path

from bench import waiting

from taskrow.domain.task import Status
from taskrow.engine.clock import utc_now
from taskrow.storage.counts import add_counts
from tests.conformance.client import answer_of, ask, post, task_id, wait_until, where
from tests.conformance.conftest import House
from tests.support.processes import eventually


def test_an_answer_that_comes_in_time_is_given_at_once(base: str) -> None:
    began = time.monotonic()
    answer = post(f"{base}/rest/1.0", Prefer="wait=20")
    assert 1 <= time.monotonic() - began < 15
    assert (answer.status, answer.text) == (200, "rested")
    assert answer.headers["Preference-Applied"] == "wait=20"
    assert ask("GET", base + answer.headers["Content-Location"]).text == "rested"


def test_patience_ends_with_a_202(base: str) -> None:
    began = time.monotonic()
    accepted = post(f"{base}/rest/5.0", Prefer="wait=1")
    assert 1 <= time.monotonic() - began < 5
    assert (accepted.status, accepted.text) == (202, "accepted")
    assert accepted.headers["Preference-Applied"] == "wait=1"
    ask("DELETE", f"{base}/tasks/{task_id(accepted)}")


def test_both_monitors_wait_for_the_end(base: str, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    accepted = post(f"{base}/stand", str(gate).encode())
    eventually(gate.with_suffix(".running").exists)
    gate.touch()
    answer = ask("GET", where(base, accepted), headers={"Prefer": "wait=20"})
    assert (answer.status, answer.headers["Preference-Applied"]) == (200, "wait=20")
    told = ask("GET", f"{base}/tasks/{task_id(accepted)}", headers={"Prefer": "wait=20"})
    assert told.json["status"] == "succeeded"


def test_304_is_for_an_equal_document_alone_and_never_for_a_202(base: str, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    accepted = post(f"{base}/stand", str(gate).encode())
    eventually(gate.with_suffix(".running").exists)
    url = f"{base}/tasks/{task_id(accepted)}"
    wait_until(base, task_id(accepted), status="running")
    etag = ask("GET", url).headers["ETag"]
    known = {"If-None-Match": etag}
    assert ask("GET", url, headers=known).status == 304
    assert ask("GET", url, headers={"If-None-Match": '"other"'}).status == 200
    for match in (etag, "*"):
        assert ask("GET", where(base, accepted), headers={"If-None-Match": match}).status == 202
    gate.touch()
    answer_of(base, accepted)
    changed = ask("GET", url, headers=known)
    assert (changed.status, changed.headers["ETag"] != etag) == (200, True)


def test_two_hundred_clients_that_wait_are_all_answered_at_once(tmp_path: Path) -> None:
    with waiting.open_place(tmp_path) as place:
        for measure in (waiting.measure_many, waiting.measure_one):
            seen = measure(place, 1.0)
            assert len(seen.delays) == waiting.CLIENTS
            assert seen.delays[-1] < 5
            assert seen.cpu_idle < 0.1


def test_a_long_wait_is_granted_as_far_as_it_goes(base: str) -> None:
    answer = post(f"{base}/later/created", Prefer="wait=999999999")
    assert (answer.status, answer.headers["Preference-Applied"]) == (201, "wait=20")


def test_a_client_is_told_when_tasks_like_its_own_are_usually_over(house: House, base: str) -> None:
    ended = [("nobody", "view:views.usual", Status.SUCCEEDED, 8000)]
    house.engine.database.write(lambda connection: add_counts(connection, ended, utc_now()))
    accepted = post(f"{base}/usual")
    assert accepted.headers["Retry-After"] in ("7", "8")
    assert ask("GET", where(base, accepted)).headers["Retry-After"] in ("7", "8")


def test_without_history_the_first_look_comes_soon(base: str) -> None:
    assert post(f"{base}/unheard").headers["Retry-After"] == "1"
