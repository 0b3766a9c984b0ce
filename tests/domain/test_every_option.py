"""Each option of a task function with each kind of wrong value: refused at import, by its name."""

from __future__ import annotations

import inspect
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

import pytest

from taskrow import ArgumentsError, OptionError, TaskQueue, async_api
from taskrow.domain.options import TaskOptions
from taskrow.engine.calls import call_of
from taskrow.web.stored_views import _OF_TASKS, ViewOptions

TOO_LARGE = 2**31


def work() -> None:
    """What is declared here."""


def declare(queue: Any, options: dict[str, Any]) -> None:
    queue.task(**options)(work)


NO_TIMES: list[object] = [
    True,
    "5",
    b"5",
    -1,
    float("nan"),
    float("inf"),
    TOO_LARGE,
    timedelta(-1),
    [1],
    {},
]
NO_COUNTS: list[object] = [None, True, "3", 1.5, -1, TOO_LARGE, [1]]
NO_FLAGS: list[object] = [None, 1, 0, "yes", [True]]
NO_CLASSES: list[object] = [None, "OSError", OSError(), int, [OSError], (OSError, 3)]
WRONG: dict[str, list[object]] = {
    "aliases": [None, 7, "", "a:b", b"name", [7], "two\nlines", {"a": 1}],
    "queue": [None, 7, "", b"mail", "two\nlines"],
    "priority": [None, True, "high", 1.5, TOO_LARGE, -TOO_LARGE, [1]],
    "retries": NO_COUNTS,
    "retry_on": NO_CLASSES,
    "never_retry_on": NO_CLASSES,
    "backoff": [None, True, "slowly", -1, float("nan"), int, [1], lambda: 1],
    "backoff_cap": [*NO_TIMES, 0],
    "crash_limit": NO_COUNTS,
    "at_most_once": NO_FLAGS,
    "timeout": [*NO_TIMES, 0],
    "soft_timeout": [*NO_TIMES, 0],
    "expires": [*NO_TIMES, 0],
    "unique": [True, 7, "argument", b"name", int, ["name"]],
    "unique_until": [None, True, "done", 7, ["started"]],
    "track_started": NO_FLAGS,
    "http": NO_FLAGS,
    "retention": NO_TIMES,
}


def test_the_sweep_leaves_no_option_out() -> None:
    assert set(WRONG) == {field.name for field in fields(TaskOptions)}


@pytest.mark.parametrize(
    ("option", "value"), [(name, value) for name, values in WRONG.items() for value in values]
)
def test_a_wrong_value_is_told_with_the_name_of_its_option(option: str, value: object) -> None:
    queue = TaskQueue()
    with pytest.raises(OptionError, match=f"^{option} must be ") as refused:
        queue.task(name="task", **{option: value})  # type: ignore[call-overload]
    assert len(str(refused.value)) < 400


CRON: dict[str, object] = {"schedule": "* * * * *"}
DECLARED: dict[str, tuple[str, list[object], dict[str, object]]] = {
    "name": ("^name must be ", [7, "", b"x", "a:b", "two\nlines", ["x"]], {}),
    "bind": ("^bind must be True or False", [None, 1, "yes"], {}),
    "schedule": ("cron text|can never fire", [5, "", "often", b"* * * * *", "0 0 30 2 *"], {}),
    "every": ("^every must be ", [True, 0, -1, "5", float("nan"), 1e12], {}),
    "timezone": ("is no time zone", [7, "", "Pariss", ["UTC"]], CRON),
    "missed": ("^missed must be ", [7, "", "all", ["once"], []], CRON),
}


@pytest.mark.parametrize(
    ("option", "value"),
    [(name, value) for name, (_, all_, _) in DECLARED.items() for value in all_],
)
def test_what_is_declared_wrongly_is_told_at_import(option: str, value: object) -> None:
    queue, (words, _, others) = TaskQueue(), DECLARED[option]
    given: dict[str, Any] = {**others, option: value}
    with pytest.raises(OptionError, match=words):
        declare(queue, given)
    assert queue.task(name="x")(work).name == "x"  # nothing was kept of it


@pytest.mark.parametrize(
    ("given", "words"),
    [(CRON | {"every": 5}, "give one of them"), ({"timezone": "UTC"}, "go with a schedule")],
)
def test_what_does_not_go_together_is_told(given: dict[str, Any], words: str) -> None:
    with pytest.raises(OptionError, match=words):
        declare(TaskQueue(), given)


def test_that_sweep_leaves_no_option_out() -> None:
    parameters = inspect.signature(TaskQueue.task).parameters.values()
    names = {one.name for one in parameters if one.kind is one.KEYWORD_ONLY}
    assert names == set(DECLARED)


OF_VIEWS: dict[str, list[object]] = {
    "validate": ["x", 7, True], "coalesce": NO_FLAGS,
    **{name: WRONG[name] for name in sorted(_OF_TASKS)},
}  # fmt: skip


@pytest.mark.parametrize(
    ("option", "value"), [(name, value) for name, values in OF_VIEWS.items() for value in values]
)
def test_a_wrong_option_of_a_view_is_told_too(option: str, value: object) -> None:
    with pytest.raises(OptionError, match=f"^{option} must be "):
        async_api(**{option: value})


def test_the_sweep_over_views_leaves_no_option_out() -> None:
    assert set(OF_VIEWS) == {field.name for field in fields(ViewOptions)} - {"task"} | _OF_TASKS


OF_EXECUTORS: dict[str, list[object]] = {
    "queue": ["", 7], "priority": ["high", True], "retries": [-1, "3"], "countdown": ["5", True],
    "eta": ["soon", datetime(2999, 1, 1)], "expires": [0, "5"], "unique_key": ["", 7],
    "task_id": ["", 7], "session": [None, True],
}  # fmt: skip


@pytest.mark.parametrize(
    ("option", "value"),
    [(name, value) for name, values in OF_EXECUTORS.items() for value in values],
)
def test_a_wrong_option_of_an_executor_is_told_when_it_is_made(option: str, value: object) -> None:
    with pytest.raises(OptionError, match=f"{option} must be |executor joins no session"):
        TaskQueue().executor(**{option: value})


@pytest.mark.parametrize("decorate", [async_api, TaskQueue().owner, TaskQueue().access])
@pytest.mark.parametrize("value", [7, "view", []])
def test_a_decorator_goes_above_a_function(decorate: Any, value: object) -> None:
    with pytest.raises(OptionError, match=r"^@.* goes above a .*, not "):
        decorate(value)


@pytest.mark.parametrize("args", [5, "abc", b"abc", {"a": 1}, 1.5, True])
def test_arguments_are_a_list_or_tuple_and_no_text(args: Any) -> None:
    with pytest.raises(ArgumentsError, match=r"^args must be a list or tuple of arguments, not"):
        call_of(args, None)


@pytest.mark.parametrize("kwargs", [5, "abc", [1], True])
def test_named_arguments_are_a_dict(kwargs: Any) -> None:
    with pytest.raises(ArgumentsError, match=r"^kwargs must be a dict of arguments by name, not"):
        call_of(None, kwargs)
