"""The way of a request: 202 and where to look, then the view's own answer, for good."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.application import BYTES, KINDS
from tests.conformance.client import answer_of, ask, post, task_id, wait_until, where
from tests.conformance.conftest import House
from tests.doors.http import Answer
from tests.support.processes import eventually

# The first ones are a server's own; the last mark the replay, and keep it from caches.
NOT_COMPARED = {
    "date", "server", "via", "connection", "content-length", "asyncresult", "cache-control",
}  # fmt: skip


def parts(answer: Answer) -> tuple[int, list[tuple[str, str]], bytes]:
    """What a client sees of it; waitress writes the names of headers in its own way."""
    headers = [(name.lower(), value) for name, value in answer.headers.items()]
    told = sorted(pair for pair in headers if pair[0] not in NOT_COMPARED)
    return answer.status, told, answer.body


def test_a_post_is_accepted_and_its_location_answers(base: str) -> None:
    accepted = post(f"{base}/later/created")
    assert (accepted.status, accepted.text) == (202, "accepted")
    assert accepted.headers["Content-Type"].startswith("text/plain")
    assert accepted.headers["Cache-Control"] == "no-store"
    assert answer_of(base, accepted).status == 201


def test_a_look_at_what_runs_is_202_with_the_same_location(base: str, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    accepted = post(f"{base}/stand", str(gate).encode())
    eventually(gate.with_suffix(".running").exists)
    look = ask("GET", where(base, accepted))
    assert (look.status, look.body) == (202, b"")
    assert look.headers["Location"] == accepted.headers["Location"]
    assert look.headers["Cache-Control"] == "no-store"
    gate.touch()
    assert answer_of(base, accepted).text == "through"


@pytest.mark.parametrize("kind", [*KINDS])
def test_an_answer_is_replayed_as_the_view_gave_it(base: str, kind: str) -> None:
    replay = answer_of(base, post(f"{base}/later/{kind}"))
    assert parts(replay) == parts(post(f"{base}/now/{kind}"))
    assert replay.headers["AsyncResult"] == str(replay.status)


def test_a_binary_body_arrives_byte_for_byte(base: str) -> None:
    replay = answer_of(base, post(f"{base}/later/binary"))
    assert (replay.body, replay.headers["X-One"]) == (BYTES, "1")


def test_an_error_handler_of_the_application_answers(base: str) -> None:
    replay = answer_of(base, post(f"{base}/polite/conflict"))
    assert (replay.status, replay.json) == (409, {"sorry": True})
    assert replay.headers["X-Handled"] == "yes"


def test_an_unhandled_error_is_500_without_a_word_and_logged_once(house: House, base: str) -> None:
    word = f"secret-{base[-5:].replace(':', '-')}"
    accepted = post(f"{base}/boom/{word}")
    replay = answer_of(base, accepted)
    assert replay.status == 500
    assert not any(told in replay.body for told in (b"planted", b"Traceback", b"RuntimeError"))
    eventually(lambda: f"the planted {word}" in house.worker.output())
    lines = house.worker.output().splitlines()
    assert len([line for line in lines if task_id(accepted) in line and "planted" in line]) == 1
    assert all(word not in server.process.output() for server in house.servers.values())


def test_an_unknown_task_is_404(base: str) -> None:
    for path in ("/status/0197c5a0-0000-7000-8000-000000000000", "/status/1", "/tasks/x"):
        unknown = ask("GET", base + path)
        assert (unknown.status, unknown.headers["Cache-Control"]) == (404, "no-store")


def test_a_hundred_looks_see_the_same(base: str) -> None:
    accepted = post(f"{base}/later/created")
    first = answer_of(base, accepted)
    seen = {repr(parts(ask("GET", where(base, accepted)))) for _ in range(100)}
    assert seen == {repr(parts(first))}


def test_both_servers_agree_about_every_task(house: House) -> None:
    accepted = [post(f"{base}/later/{kind}") for base in house.bases() for kind in KINDS]
    for one in accepted:
        answers = [answer_of(base, one) for base in house.bases()]
        assert parts(answers[0]) == parts(answers[1])
        told = [ask("GET", f"{base}/tasks/{task_id(one)}") for base in house.bases()]
        assert told[0].json == told[1].json
        assert told[0].headers["ETag"] == told[1].headers["ETag"]


def test_two_servers_agree_about_a_task_that_runs(house: House, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    one, other = house.bases()
    accepted = post(f"{one}/stand", str(gate).encode())
    eventually(gate.with_suffix(".running").exists)
    for base in (one, other):
        assert ask("GET", where(base, accepted)).headers["Location"] == accepted.headers["Location"]
        assert wait_until(base, task_id(accepted), status="running")["attempt"] == 1
    gate.touch()
    assert answer_of(other, accepted).text == "through"


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
def test_a_method_that_only_looks_submits_nothing(house: House, base: str, method: str) -> None:
    before = house.count()
    answer = ask(method, f"{base}/later/created")
    assert answer.status == (202 if method == "HEAD" else 200)
    assert "Location" not in answer.headers
    assert house.count() == before


@pytest.mark.parametrize("header", ["Sec-Purpose", "Purpose"])
def test_a_prefetch_submits_nothing(house: House, base: str, header: str) -> None:
    before = house.count()
    refused = ask("GET", f"{base}/later/created", headers={header: "prefetch;prerender"})
    assert (refused.status, refused.headers["Cache-Control"]) == (425, "no-store")
    assert house.count() == before
