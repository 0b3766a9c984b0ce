"""Unique tasks: while one lives (or waits), a second submit returns it instead of a new one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from taskrow import AsyncResult, OptionError, TransitionError
from taskrow.domain.task import Status
from tests.apps.doors.tasks import add, alone, give, once_a_letter, once_for, waits_alone
from tests.doors.site import Site


@pytest.fixture
def gate(in_app: Site, tmp_path: Path) -> Iterator[str]:
    """What the tasks of a test wait for; it is opened in the end, so that none is left."""
    yield str(tmp_path / "gate")
    (tmp_path / "gate").touch()


def test_one_of_a_function(in_app: Site, gate: str) -> None:
    first = alone.delay(gate)
    assert alone.delay("another") == first
    in_app.running(first)
    assert alone.delay("another") == first
    Path(gate).touch()
    assert first.get(30) == gate
    assert alone.delay(gate) != first  # it is over, so the next one is a new one


def test_one_for_the_same_arguments_however_they_are_passed(in_app: Site, gate: str) -> None:
    first = once_for.delay(gate, 1, a=1, b=2)
    assert once_for.apply_async([gate, 1], {"b": 2, "a": 1}) == first
    others = [once_for.delay(gate), once_for.delay(gate, 1), once_for.delay(gate, 1, a=1, b=3)]
    assert len({first, *others}) == 4
    assert once_for.apply_async(kwargs={"gate": gate}) == others[0]


def test_one_for_what_a_function_of_the_arguments_says(in_app: Site, gate: str) -> None:
    apple, pear = once_a_letter.delay("apple", gate), once_a_letter.delay("pear", gate)
    assert once_a_letter.delay("apricot", gate) == apple != pear
    free = [once_a_letter.delay("anything", gate) for _ in range(2)]
    assert free[0] != free[1]


def test_a_key_of_one_task_replaces_the_rule(in_app: Site, gate: str) -> None:
    countdown = 3600
    first = add.apply_async((1, 2), unique_key="sum", countdown=countdown)
    assert add.apply_async((3, 4), unique_key="sum") == first
    assert add.apply_async((3, 4), unique_key="other").get(30) == 7
    assert give.apply_async((5,), unique_key="sum").get(30) == 5  # keys belong to their function
    in_app.engine.cancel(first.id)
    assert add.apply_async((3, 4), unique_key="sum").get(30) == 7
    one = once_for.apply_async((gate,), unique_key="x")
    assert one not in (once_for.apply_async((gate,), unique_key="y"), once_for.delay(gate))


def test_what_is_unique_while_it_waits_lets_go_when_it_is_started(in_app: Site, gate: str) -> None:
    waiting = waits_alone.apply_async((gate,), countdown=3600)
    assert waits_alone.delay(gate) == waiting
    in_app.engine.cancel(waiting.id)
    running = waits_alone.delay(gate)
    assert in_app.running(running).unique_key is None
    behind = waits_alone.apply_async((gate,), countdown=3600)
    assert behind != running
    assert waits_alone.delay(gate) == behind
    in_app.engine.cancel(behind.id)


def test_of_many_that_submit_at_once_one_makes_it_for_all(in_app: Site, gate: str) -> None:
    found: list[AsyncResult] = []

    def submit() -> None:
        with in_app.app.app_context():
            found.append(once_for.delay(gate, 16))

    threads = [threading.Thread(target=submit) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 16
    assert len(set(found)) == 1


def test_a_retry_by_hand_must_not_make_a_second(in_app: Site, gate: str) -> None:
    first = once_for.apply_async((gate, 7), countdown=3600)
    in_app.engine.cancel(first.id)
    second = once_for.apply_async((gate, 7), countdown=3600)
    assert first != second
    with pytest.raises(TransitionError, match="another one that is not over holds its key"):
        in_app.engine.retry(first.id)
    assert in_app.engine.get(first.id).status is Status.CANCELLED
    in_app.engine.cancel(second.id)
    in_app.engine.retry(first.id)


@pytest.mark.parametrize("key", ["", "x" * 501, "two\nlines", "nul\0", 5, b"x", ["x"], True])
def test_what_is_no_key_is_refused(in_app: Site, key: Any) -> None:
    before = in_app.count()
    with pytest.raises(OptionError, match=r"^unique_key must be a text of 1 to 500 plain"):
        add.apply_async((1, 2), unique_key=key)
    assert in_app.count() == before


def test_the_longest_key_fits_both_databases(in_app: Site) -> None:
    assert add.apply_async((1, 2), unique_key="\U0001f600" * 500).get(30) == 3


RULES: list[Callable[..., Any]] = [lambda words, gate: 5, lambda words, gate: ""]  # noqa: ARG005


@pytest.mark.parametrize("rule", RULES)
def test_a_key_function_that_returns_no_text_is_told_so(
    in_app: Site, monkeypatch: pytest.MonkeyPatch, rule: Callable[..., Any]
) -> None:
    monkeypatch.setattr(once_a_letter, "options", type(add.options)(unique=rule))
    with pytest.raises(OptionError, match=r"^what a key function returns must be a text"):
        once_a_letter.delay("words", "gate")
