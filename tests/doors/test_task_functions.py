"""Door 2: what ``@queue.task`` makes of a function, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from taskrow import ArgumentsError, OptionError, TaskFunction, TaskQueue
from tests.apps.doors import tasks


@pytest.fixture
def queue() -> TaskQueue:
    return TaskQueue()


def plain(a: int, b: int = 2) -> int:
    """Adds."""
    return a + b


def test_it_goes_above_a_function_bare_and_with_options(queue: TaskQueue) -> None:
    bare = queue.task(plain)
    named = queue.task(name="other", queue="slow", priority=5, retries=2, crash_limit=0)(plain)
    assert isinstance(bare, TaskFunction)
    assert (bare.name, named.name) == (f"{__name__}.plain", "other")
    assert (named.options.queue, named.options.priority) == ("slow", 5)
    assert (named.options.retries, named.options.crash_limit) == (2, 0)
    assert bare.options == queue.task(name="third")(plain).options


def test_it_still_looks_and_works_like_the_function(queue: TaskQueue) -> None:
    made = queue.task(plain)
    assert getattr(made, "__name__", None) == "plain"
    assert made.__doc__ == plain.__doc__
    assert made(1) == 3
    assert made(1, b=4) == 5


def test_a_direct_call_of_a_bound_function_runs_here_and_now() -> None:
    seen = tasks.who_am_i()
    assert seen == {"id": None, "name": tasks.who_am_i.name, "attempt": 1, "retries": 0}
    assert tasks.chatter(3) == "said"


def test_a_direct_call_may_raise_and_return_anything() -> None:
    with pytest.raises(ValueError, match=r"^no$"):
        tasks.fail("value")
    assert tasks.give(object) is object


def test_nothing_needs_an_application_before_it_is_submitted(queue: TaskQueue) -> None:
    made = queue.task(plain)
    assert made(1) == 3
    with pytest.raises(RuntimeError, match="push an app context or call init_app"):
        made.delay(1)


@pytest.mark.parametrize(
    ("given", "nearest"),
    [
        ("retrys", "retries"),
        ("prio", "priority"),
        ("quene", "queue"),
        ("crash_limits", "crash_lim"),
    ],
)
def test_an_unknown_option_suggests_the_nearest(queue: TaskQueue, given: str, nearest: str) -> None:
    with pytest.raises(OptionError, match=f"'{given}' is no option .* did you mean '{nearest}"):
        queue.task(name="x", **{given: 3})  # type: ignore[call-overload]


def test_an_option_that_resembles_none_lists_all(queue: TaskQueue) -> None:
    with pytest.raises(OptionError, match=r"there are .*crash_limit, .*queue.*retries"):
        queue.task(zzz=1)


@pytest.mark.parametrize(
    "options",
    [
        {"retries": -1}, {"retries": 1.5}, {"retries": True}, {"retries": "3"}, {"retries": 2**40},
        {"priority": "high"}, {"priority": None}, {"crash_limit": -1}, {"queue": ""},
        {"queue": 5}, {"queue": "a\nb"}, {"queue": "a\0"}, {"retention": -1},
        {"retention": float("nan")}, {"name": ""}, {"name": 5}, {"name": "view:mine"},
        {"name": "a\0b"},
    ],
    ids=repr,
)  # fmt: skip
def test_a_wrong_option_fails_where_it_is_written(
    queue: TaskQueue, options: dict[str, Any]
) -> None:
    with pytest.raises(OptionError, match=next(iter(options))):
        queue.task(**options)(plain)  # type: ignore[no-untyped-call]


def test_two_functions_cannot_have_one_name(queue: TaskQueue) -> None:
    queue.task(plain)
    with pytest.raises(OptionError, match="already: give one of them a name="):
        queue.task(plain)


def test_a_task_function_is_not_made_of_a_task_function_or_of_no_function(queue: TaskQueue) -> None:
    made = queue.task(plain)
    for thing in (made, "plain", 5, dict):
        with pytest.raises(OptionError, match="goes above a function"):
            queue.task(name="again")(thing)  # type: ignore[arg-type]


def test_bind_needs_a_parameter_for_the_task(queue: TaskQueue) -> None:
    with pytest.raises(OptionError, match="bind=True but no first parameter"):
        queue.task(bind=True)(lambda: None)  # type: ignore[arg-type, misc]


# mypy sees most of these before they run
CALLS: list[tuple[str, Callable[[Any], Any], str]] = [
    ("too few", lambda add: add.delay(1), "missing a required argument: 'b'"),
    ("too many", lambda add: add.delay(1, 2, 3), "too many positional arguments"),
    ("unknown", lambda add: add.delay(1, b=2, c=3), "unexpected keyword argument 'c'"),
    ("twice", lambda add: add.delay(1, 2, a=3), "multiple values for argument 'a'"),
    ("async", lambda add: add.apply_async([1]), "missing a required argument: 'b'"),
]


@pytest.mark.parametrize(("call", "why"), [c[1:] for c in CALLS], ids=[c[0] for c in CALLS])
def test_wrong_arguments_fail_at_delay_and_are_named(call: Callable[[Any], Any], why: str) -> None:
    with pytest.raises(TypeError, match=why) as caught:
        call(tasks.add)
    assert isinstance(caught.value, ArgumentsError)
    assert str(caught.value).startswith("tests.apps.doors.tasks.add() cannot be called so: ")


def test_the_task_itself_is_no_argument_of_a_bound_function() -> None:
    with pytest.raises(ArgumentsError, match="missing a required argument: 'fail_times'"):
        tasks.flaky.delay()  # type: ignore[call-arg]
    with pytest.raises(ArgumentsError, match="too many positional arguments"):
        tasks.flaky.delay(None, 1)  # type: ignore[arg-type, call-arg]
