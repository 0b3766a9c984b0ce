"""Door 2: what a submit writes, and what it refuses to write."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from taskrow import ArgumentsError, OptionError
from taskrow.domain.task import Status
from tests.apps.doors.tasks import add, echo, give, who_am_i
from tests.doors.site import Site


def test_delay_and_apply_async_run_in_the_worker(in_app: Site) -> None:
    assert add.delay(1, 2).get(30) == 3
    assert add.apply_async([1], {"b": 4}).get(30) == 5
    assert add.apply_async(kwargs={"a": 1, "b": 5}).get(30) == 6
    assert who_am_i.apply_async(None).get(30)["name"] == "tests.apps.doors.tasks.who_am_i"


def test_arguments_arrive_as_json_gives_them_back(in_app: Site) -> None:
    args: list[Any] = [
        1,
        -2.5,
        True,
        None,
        "süß \U0001f600 \0 \ud800",
        [],
        {"a": {"b": [1, {}]}},
        2**1000,
    ]
    got = echo.delay(*args, key="ü", **{"no name": 1}).get(30)
    assert got == {"args": args, "kwargs": {"key": "ü", "no name": 1}}


def test_a_tuple_arrives_as_a_list(in_app: Site) -> None:
    assert give.delay((1, (2, 3))).get(30) == [1, [2, 3]]


def test_a_named_task_is_known_by_its_name(in_app: Site) -> None:
    task = give.delay(1)
    assert in_app.final(task).name == "give-back"


class Color:
    """Nothing that JSON knows."""


NO_JSON: list[tuple[Any, str]] = [
    (Color(), "type Color"),
    (datetime.now(UTC), "type datetime"),
    (Decimal(1), "type Decimal"),
    (b"bytes", "type bytes"),
    ({1, 2}, "type set"),
    (Path("/"), "type PosixPath"),
    (float("nan"), "nan"),
    (float("inf"), "inf"),
    (10**400, "bits"),
    (threading.Lock(), "type lock"),
]


@pytest.mark.parametrize(("value", "what"), NO_JSON, ids=[what for _, what in NO_JSON])
def test_what_is_no_json_is_refused_by_place_and_type(in_app: Site, value: Any, what: str) -> None:
    with pytest.raises(TypeError, match=f"argument 2 is .*{what}.* must be JSON") as caught:
        echo.delay(1, value)
    assert isinstance(caught.value, ArgumentsError)
    with pytest.raises(TypeError, match=f"argument 'when' is .*{what}"):
        echo.delay(1, when=value)
    with pytest.raises(TypeError, match=rf"argument 1\[0\]\['deep'\] is .*{what}"):
        echo.delay([{"deep": value}])


def test_keys_that_are_no_text_are_refused(in_app: Site) -> None:
    with pytest.raises(ArgumentsError, match="a key of argument 1 is of type int"):
        echo.delay({1: "one"})


def test_arguments_that_contain_themselves_are_refused(in_app: Site) -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(ArgumentsError, match="argument 1 is nested more than 100 deep"):
        echo.delay(loop)


def test_arguments_over_the_limit_are_refused(in_app: Site) -> None:
    before = in_app.count()
    with pytest.raises(ArgumentsError, match=r"over the limit of 1,048,576: .*TASKROW_MAX_PAYLOAD"):
        echo.delay("x" * 2**20)
    assert in_app.count() == before


def test_a_countdown_waits_as_scheduled(in_app: Site) -> None:
    task = add.apply_async((1, 2), countdown=3600)
    row = in_app.engine.get(task.id)
    assert row.status is Status.SCHEDULED
    assert row.run_at - row.created_at == timedelta(hours=1)
    assert task.state == "PENDING"
    in_app.engine.cancel(task.id)


def test_a_short_countdown_runs_when_it_is_due_and_not_before(in_app: Site) -> None:
    row = in_app.final(add.apply_async((1, 2), countdown=0.3))
    assert row.started_at is not None
    assert row.started_at >= row.run_at
    assert row.run_at - row.created_at == timedelta(milliseconds=300)


def test_an_eta_in_any_zone_is_kept_in_utc(in_app: Site) -> None:
    eta = datetime(2999, 1, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    task = add.apply_async((1, 2), eta=eta)
    row = in_app.engine.get(task.id)
    assert row.run_at == eta
    assert row.run_at.utcoffset() == timedelta(0)
    in_app.engine.cancel(task.id)


def test_what_is_due_already_is_queued_at_once(in_app: Site) -> None:
    for options in ({"countdown": 0}, {"countdown": -5}, {"eta": datetime(2000, 1, 1, tzinfo=UTC)}):
        task = add.apply_async((1, 2), **options)
        assert in_app.final(task).result == "3"


def test_queue_and_priority_of_one_task_replace_those_of_the_function(in_app: Site) -> None:
    task = add.apply_async((1, 2), queue="elsewhere", priority=-7, countdown=60)
    row = in_app.engine.get(task.id)
    assert (row.queue, row.priority) == ("elsewhere", -7)
    assert (add.options.queue, add.options.priority) == ("default", 0)
    in_app.engine.cancel(task.id)


NOW = datetime(2026, 11, 21, tzinfo=UTC)
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"countdown": 1, "eta": NOW}, "a countdown or an eta, not both"),
    ({"eta": datetime(2999, 1, 1)}, "eta must be a time with a zone"),
    ({"eta": "tomorrow"}, "eta must be a time with a zone"),
    ({"eta": NOW.date()}, "eta must be a time with a zone"),
    ({"countdown": "5"}, "countdown must be seconds, not '5'"),
    ({"countdown": True}, "countdown must be seconds, not True"),
    ({"countdown": timedelta(1)}, "countdown must be seconds"),
    ({"countdown": float("nan")}, "countdown must be seconds, not nan"),
    ({"countdown": float("inf")}, "countdown must be seconds, not inf"),
    ({"countdown": 1e30}, "countdown must be seconds, not 1e"),
    ({"countdown": 10**12}, "countdown must be seconds, not 1000000000000"),
    ({"priority": "high"}, "priority must be a whole number"),
    ({"queue": ""}, "queue must be a name"),
    ({"coutdown": 5}, "coutdown"),
]


@pytest.mark.parametrize(("options", "why"), WRONG, ids=[repr(o) for o, _ in WRONG])
def test_wrong_options_of_one_task_are_refused(
    in_app: Site, options: dict[str, Any], why: str
) -> None:
    before = in_app.count()
    with pytest.raises(TypeError, match=why) as caught:
        add.apply_async((1, 2), **options)
    assert isinstance(caught.value, OptionError) or "coutdown" in options
    assert in_app.count() == before


def test_what_was_submitted_from_many_threads_all_runs(in_app: Site) -> None:
    found: list[int] = []

    def submit(number: int) -> None:
        with in_app.app.app_context():
            found.append(add.delay(number, 1).get(30))

    threads = [threading.Thread(target=submit, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [number + 1 for number in range(16)]
