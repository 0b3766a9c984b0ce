"""Each option of a task function with each kind of wrong value: refused at import, by its name."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta

import pytest

from taskrow import OptionError, TaskQueue
from taskrow.domain.options import TaskOptions

TOO_LARGE = 2**31
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
