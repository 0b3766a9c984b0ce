"""Requests that come twice: one key, one task, whichever server they come to."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from tests.conformance.client import answer_of, post, task_id
from tests.conformance.conftest import House


def new_key() -> str:
    return str(uuid.uuid4())


def test_the_same_key_is_the_same_task(house: House, base: str) -> None:
    key, before = new_key(), house.count()
    first, second = (post(f"{base}/echo", b"one", Idempotency_Key=key) for _ in range(2))
    assert task_id(first) == task_id(second)
    assert "Idempotent-Replayed" not in first.headers
    assert (second.status, second.headers["Idempotent-Replayed"]) == (202, "true")
    assert house.count() == before + 1


def test_a_key_in_quotes_is_the_same_key(base: str) -> None:
    key = new_key()
    first = post(f"{base}/echo", b"one", Idempotency_Key=key)
    assert task_id(post(f"{base}/echo", b"one", Idempotency_Key=f'"{key}"')) == task_id(first)


def test_the_same_key_for_something_else_is_422(house: House, base: str) -> None:
    key = new_key()
    post(f"{base}/echo", b"one", Idempotency_Key=key)
    before = house.count()
    for path, body in (("/echo", b"two"), ("/echo?x=1", b"one"), ("/echo/x", b"one")):
        refused = post(base + path, body, Idempotency_Key=key)
        assert (refused.status, refused.json["type"]) == (
            422, "urn:taskrow:problem:idempotency-key-reused",
        )  # fmt: skip
    assert house.count() == before


@pytest.mark.parametrize("key", ["", " ", '""', "a b", "x" * 256, "schl\xfcssel", "tab\tkey"])
def test_an_unusable_key_is_400_and_no_row(house: House, base: str, key: str) -> None:
    before = house.count()
    refused = post(f"{base}/echo", Idempotency_Key=key)
    assert (refused.status, refused.json["type"]) == (
        400, "urn:taskrow:problem:bad-idempotency-key",
    )  # fmt: skip
    assert house.count() == before


def test_a_key_is_free_again_when_its_task_is_purged(any_house: House) -> None:
    base, key = any_house.bases()[0], new_key()
    first = post(f"{base}/echo", b"one", Idempotency_Key=key)
    answer_of(base, first)
    any_house.engine.purge(older_than=timedelta(seconds=-60))
    second = post(f"{base}/echo", b"other", Idempotency_Key=key)
    assert (second.status, task_id(second) != task_id(first)) == (202, True)


def test_twenty_at_once_on_two_servers_make_one_row(any_house: House) -> None:
    key, before = new_key(), any_house.count()
    with ThreadPoolExecutor(20) as pool:
        sent = [
            pool.submit(post, f"{base}/echo", b"one", Idempotency_Key=key)
            for base in any_house.bases() * 10
        ]
    answers = [one.result() for one in sent]
    assert {answer.status for answer in answers} == {202}
    assert len({task_id(answer) for answer in answers}) == 1
    assert len([a for a in answers if "Idempotent-Replayed" not in a.headers]) == 1
    assert any_house.count() == before + 1
