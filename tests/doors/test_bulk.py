"""Many tasks in few transactions, and tasks whose function is elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, text

from taskrow import (
    ArgumentsError,
    Call,
    DatabaseError,
    NotATaskError,
    OptionError,
    PartlySubmittedError,
    TaskExistsError,
)
from taskrow.domain.ids import new_id
from taskrow.domain.task import Status
from taskrow.engine import bulk
from taskrow.engine.clock import utc_now
from taskrow.storage.bulk import submit_all
from tests.apps.doors.tasks import add, echo, give, queue
from tests.doors.site import Site

LANE = "nobody looks here"


@pytest.fixture
def lane(in_app: Site) -> Iterator[str]:
    """A queue whose tasks wait for ever; it is empty again after the test."""
    yield LANE
    in_app.engine.database.write(
        lambda c: c.execute(text("DELETE FROM tasks WHERE queue = :lane"), {"lane": LANE}).close()
    )


def test_calls_of_several_functions_run_and_their_handles_come_in_order(in_app: Site) -> None:
    results = queue.submit_many([add.s(1, 2), give.s("x"), add.s(3, b=4)])
    assert [result.get(30) for result in results] == [3, "x", 7]


def test_one_function_with_argument_tuples(in_app: Site) -> None:
    results = queue.submit_many(add, [(n, n) for n in range(10)])
    assert [result.get(30) for result in results] == list(range(0, 20, 2))
    assert queue.submit_many(add, []) == []
    assert queue.submit_many([]) == []


def test_calls_may_come_from_a_generator(in_app: Site) -> None:
    results = queue.submit_many(give.s(n) for n in range(5))
    assert [result.get(30) for result in results] == [0, 1, 2, 3, 4]


def test_rows_are_those_that_apply_async_would_write(in_app: Site, lane: str) -> None:
    options: dict[str, Any] = {"queue": lane, "priority": 4, "countdown": 60}
    one = in_app.engine.get(add.apply_async((1,), {"b": 2}, **options).id)
    [many] = queue.submit_many([add.s(1, b=2).set(**options)])
    other = in_app.engine.get(many.id)
    for field in ("queue", "name", "status", "priority", "args", "retries", "crash_limit", "owner"):
        assert getattr(one, field) == getattr(other, field), field
    assert other.run_at - other.created_at == one.run_at - one.created_at == timedelta(minutes=1)
    [now] = queue.submit_many(add, [(1, 2)], queue=lane)
    assert in_app.engine.get(now.id).status is not Status.SCHEDULED


def test_the_order_of_the_rows_is_that_of_the_calls(in_app: Site, lane: str) -> None:
    calls = [f(n) for n in range(30) for f in (give.s, echo.s)]
    results = queue.submit_many(call.set(queue=lane) for call in calls)
    seqs = [in_app.engine.get(result.id).seq for result in results]
    assert seqs == sorted(seqs)


def test_each_call_may_have_options_of_its_own(in_app: Site, lane: str) -> None:
    calls = [give.s(n).set(queue=lane, priority=n) for n in range(3)]
    found = [in_app.engine.get(result.id) for result in queue.submit_many(calls)]
    assert [task.priority for task in found] == [0, 1, 2]


def test_a_call_can_be_submitted_alone(in_app: Site) -> None:
    assert isinstance(add.s(1, 2), Call)
    assert add.s(1, 2).set(priority=3).apply_async().get(30) == 3


WRONG: list[tuple[Any, type[Exception], str]] = [
    ([add.s(1, 2), add.s(1, 2, 3)], ArgumentsError, "too many positional arguments"),  # type: ignore[call-arg]
    ([add.s(1, 2), give.s(object())], ArgumentsError, "argument 1 is of type object"),
    ([add.s(1, 2), (add, (1, 2))], NotATaskError, "submit_many takes calls such as"),
    ([add.s(1, 2), add.s(1, 2).set(quue="x")], OptionError, "did you mean 'queue'"),
    ([add.s(1, 2), add.s(1, 2).set(priority="high")], OptionError, "priority must be"),
]


@pytest.mark.parametrize(("calls", "error", "why"), WRONG, ids=[why for _, _, why in WRONG])
def test_one_wrong_call_keeps_all_from_being_written(
    in_app: Site, calls: Any, error: type[Exception], why: str
) -> None:
    before = in_app.count()
    with pytest.raises(error, match=why):
        bulk.submit_calls(in_app.engine, calls, at_once=1)
    assert in_app.count() == before


def test_an_id_that_is_taken_keeps_all_from_being_written(in_app: Site, lane: str) -> None:
    taken = add.apply_async((1, 2), queue=lane).id
    new, before = new_id(utc_now()), in_app.count()
    calls = [give.s(n).set(queue=lane) for n in range(3)]
    for late, why in (
        ([give.s("x").set(task_id=taken)], f"^there is a task {taken} already: an id is used once"),
        ([give.s("x").set(task_id=new)] * 2, f"^two of the calls have the id {new}: an id is used"),
    ):
        with pytest.raises(TaskExistsError, match=why):
            bulk.submit_calls(in_app.engine, calls + late, at_once=1)
    with pytest.raises(TaskExistsError, match="two of the calls have the id"):
        queue.submit_many(give, [(1,), (2,)], task_id=new)
    assert in_app.count() == before
    [first, _] = queue.submit_many([give.s("x").set(task_id=new, queue=lane), calls[0]])
    assert (first.id, in_app.engine.get(new).args) == (new, '{"args": ["x"]}')


def test_an_id_and_a_key_given_again_are_the_task_that_holds_both(in_app: Site, lane: str) -> None:
    new, before = new_id(utc_now()), in_app.count()
    call = give.s("x").set(task_id=new, unique_key=new, queue=lane, countdown=3600)
    assert {result.id for result in queue.submit_many([call, call])} == {new}
    assert [result.id for result in queue.submit_many([call])] == [call.apply_async().id] == [new]
    assert in_app.count() == before + 1
    with pytest.raises(TaskExistsError, match="there is a task"):
        queue.submit_many([call.set(unique_key="another")])
    in_app.engine.cancel(new)
    with pytest.raises(TaskExistsError, match="there is a task"):
        queue.submit_many([call])


def test_an_id_that_is_taken_meanwhile_is_told_with_what_is_in(
    in_app: Site, lane: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, before = add.apply_async((1, 2), queue=lane).id, in_app.count()
    monkeypatch.setattr(bulk, "check_ids", lambda *_, **__: None)
    calls = [give.s(0).set(queue=lane), give.s(1).set(task_id=taken)]
    with pytest.raises(TaskExistsError, match="was taken meanwhile: it is used once"):
        queue.submit_many(calls)
    assert in_app.count() == before
    with pytest.raises(PartlySubmittedError, match=r"^1 of 2 tasks were submitted, .* meanwhile"):
        bulk.submit_calls(in_app.engine, calls, at_once=1)
    assert in_app.count() == before + 1


def test_what_is_no_task_function_is_refused(in_app: Site) -> None:
    with pytest.raises(NotATaskError, match="takes a task function first"):
        queue.submit_many(len, [(1,)])  # type: ignore[call-overload]


def refusing(monkeypatch: pytest.MonkeyPatch, args: str) -> None:
    """Let the database give up when it has written the task with these arguments."""

    def write(connection: Connection, rows: Sequence[Any], *, now: datetime) -> list[str]:
        ids = submit_all(connection, rows, now=now)
        if any(args in row for row in rows):
            raise DatabaseError("the disk is full")
        return ids

    monkeypatch.setattr(bulk, "submit_all", write)


def test_what_is_written_together_is_all_or_none_and_the_error_says_what_is_in(
    in_app: Site, lane: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls, before = [give.s(n).set(queue=lane) for n in range(5)], in_app.count()
    refusing(monkeypatch, '{"args": [3]}')
    with pytest.raises(PartlySubmittedError) as caught:
        bulk.submit_calls(in_app.engine, calls, at_once=2)
    assert str(caught.value) == "2 of 5 tasks were submitted, the others not: the disk is full"
    args = [in_app.engine.get(result.id).args for result in caught.value.submitted]
    assert args == ['{"args": [0]}', '{"args": [1]}']
    assert in_app.count() == before + 2


def test_when_the_first_transaction_fails_nothing_was_submitted(
    in_app: Site, lane: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = in_app.count()
    refusing(monkeypatch, '{"args": [1]}')
    with pytest.raises(DatabaseError, match=r"^the disk is full$") as caught:
        queue.submit_many(give, [(n,) for n in range(3)], queue=lane)
    assert not isinstance(caught.value, PartlySubmittedError)
    assert in_app.count() == before


def test_more_than_fits_into_one_transaction(in_app: Site, lane: str) -> None:
    before, count = in_app.count(), 2 * bulk.AT_ONCE + 1
    results = queue.submit_many(give, [(n,) for n in range(count)], queue=lane)
    assert in_app.count() == before + count
    assert len({result.id for result in results}) == count
    assert in_app.engine.get(results[-1].id).args == f'{{"args": [{count - 1}]}}'


# -- send_task ---------------------------------------------------------------------------------


def test_a_task_is_sent_by_name(in_app: Site) -> None:
    assert queue.send_task(add.name, [1], {"b": 2}).get(30) == 3
    assert queue.send_task("give-back", ("x",), priority=5).get(30) == "x"


def test_the_signature_counts_where_the_function_is_here(in_app: Site) -> None:
    with pytest.raises(ArgumentsError, match="missing a required argument: 'b'"):
        queue.send_task(add.name, [1])


def test_a_function_of_another_process_takes_any_arguments(in_app: Site, lane: str) -> None:
    task = queue.send_task("elsewhere.task", [1], {"a": 2}, queue=lane, priority=-1)
    row = in_app.engine.get(task.id)
    assert (row.name, row.args) == ("elsewhere.task", '{"args": [1], "kwargs": {"a": 2}}')
    assert (row.queue, row.priority, row.retries, row.crash_limit) == (lane, -1, 0, 3)
    once = queue.send_task("elsewhere.task", queue=lane, at_most_once=True)
    assert in_app.engine.get(once.id).crash_limit == 0


SENT_WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("", {}, "name must be a text"),
    ("view:report", {}, "name must be a text in plain characters without ':'"),
    ("a\nb", {}, "name must be a text"),
    ("elsewhere.task", {"quue": "x"}, "'quue' is no option of a submit; did you mean 'queue'"),
    ("elsewhere.task", {"priority": "high"}, "priority must be a whole number"),
    ("elsewhere.task", {"crash_limit": -1}, "crash_limit must be a whole number"),
    ("elsewhere.task", {"args": [object()]}, "argument 1 is of type object"),
    ("give-back", {"at_most_once": True}, "give-back is a function of this process"),
]


@pytest.mark.parametrize(("name", "given", "why"), SENT_WRONG, ids=[w for *_, w in SENT_WRONG])
def test_what_is_sent_wrongly_is_refused(
    in_app: Site, name: str, given: dict[str, Any], why: str
) -> None:
    before = in_app.count()
    with pytest.raises(TypeError, match=why):
        queue.send_task(name, **given)
    assert in_app.count() == before
