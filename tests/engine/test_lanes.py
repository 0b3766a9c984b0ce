"""Queues that are paused, and waiting until they are empty."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from taskrow import OptionError
from taskrow.domain.options import TaskOptions
from taskrow.domain.task import Status
from taskrow.engine import lanes
from taskrow.engine.clock import utc_now
from taskrow.engine.queue import QueueEngine
from taskrow.storage import claims, prepared, queries
from tests.apps import waiting
from tests.support.processes import ProcessFactory, eventually
from tests.support.rows import final, submit

APP = "tests.apps.waiting:app"


def put(engine: QueueEngine, queue: str, **more: object) -> str:
    return engine.submit(
        waiting.add.name, '{"args": [1, 2]}', TaskOptions(queue=queue), **more  # type: ignore[arg-type]
    )  # fmt: skip


def take(engine: QueueEngine, queue: str) -> list[str]:
    now = utc_now()
    found = engine.database.write(
        lambda c: claims.claim(c, worker="w", queue=queue, limit=9, now=now, lease=now)
    )
    return [claim.id for claim in found]


def test_nothing_is_claimed_from_a_paused_queue(engine: QueueEngine) -> None:
    paused, other = put(engine, "reports"), put(engine, "mail")
    lanes.pause(engine, "reports")
    with engine.database.read() as connection:
        assert queries.queues_waiting(connection) == ["mail"]
        assert queries.is_anything_queued(connection)
        assert not queries.is_anything_queued(connection, ["reports"])
    assert (take(engine, "reports"), take(engine, "mail")) == ([], [other])
    with engine.database.read() as connection:
        assert not queries.is_anything_queued(connection)
    assert lanes.resume(engine, "reports")
    assert take(engine, "reports") == [paused]


def test_to_pause_twice_changes_nothing_and_resume_says_whether_it_did(
    engine: QueueEngine,
) -> None:
    lanes.pause(engine, "reports")
    before = lanes.paused(engine)
    lanes.pause(engine, "reports")
    assert lanes.paused(engine) == before
    assert list(before) == ["reports"]
    assert lanes.resume(engine, "reports")
    assert not lanes.resume(engine, "reports")
    assert lanes.paused(engine) == {}
    lanes.pause(engine, "reports")
    assert lanes.paused(engine)["reports"] > before["reports"]
    with pytest.raises(OptionError):
        lanes.pause(engine, "")


def test_a_look_at_one_queue_is_one_statement_paused_or_not(
    engine: QueueEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepared, "_is_direct", lambda _: False)  # SQLAlchemy tells of statements
    put(engine, "reports")
    for look in (
        queries.is_anything_queued,
        lambda c: queries.is_anything_queued(c, ["reports"]),
        lambda c: claims.claim(
            c, worker="w", queue="reports", limit=1, now=utc_now(), lease=utc_now()
        ),
    ):
        seen: list[str] = []

        def note(*args: object, seen: list[str] = seen) -> None:
            seen.append(str(args[2]))

        def count(connection: object, look: object = look) -> None:
            event.listen(connection, "before_cursor_execute", note)
            look(connection)  # type: ignore[operator]
            event.remove(connection, "before_cursor_execute", note)

        engine.database.write(count)
        assert len(seen) == 1


def test_a_worker_sees_a_pause_and_its_end_at_once(
    engine: QueueEngine, start: ProcessFactory, tmp_path: Path
) -> None:
    mark, gate = tmp_path / "mark", tmp_path / "gate"
    for options in ((), ("--queues", "default")):
        worker = start.worker("--runners", "1", *options, app=APP)
        running = submit(engine, waiting.stand, str(mark), str(gate))
        eventually(mark.exists)
        lanes.pause(engine, "default")
        behind = submit(engine, waiting.add, 1, 2)
        gate.touch()
        assert final(engine, running).result == '"through"'  # what runs goes on
        beside = put(engine, "default")
        lanes.drain(engine, ["default"], 30)  # what waits in a paused queue does not count
        assert {engine.get(one).status for one in (behind, beside)} == {Status.QUEUED}
        lanes.resume(engine, "default")
        lanes.drain(engine, [], 30)
        assert {engine.get(one).status for one in (behind, beside)} == {Status.SUCCEEDED}
        assert worker.stop() == 0
        mark.unlink()
        gate.unlink()


def test_drain_waits_for_what_can_run_and_not_for_what_is_due_later(engine: QueueEngine) -> None:
    lanes.drain(engine, ["mail"], 0)
    put(engine, "mail", run_at=utc_now() + timedelta(hours=1))
    put(engine, "reports")
    lanes.drain(engine, ["mail"], 0)
    with pytest.raises(TimeoutError, match=r"reports did not drain within 0\.05 seconds"):
        lanes.drain(engine, ["mail", "reports"][1:], 0.05)
    assert len(take(engine, "reports")) == 1
    with pytest.raises(TimeoutError, match="the queues did not drain"):
        lanes.drain(engine, [], 0)


def test_drain_hears_the_end_of_the_last_task(engine: QueueEngine) -> None:
    task_id = put(engine, "mail")
    drained = threading.Event()

    def drain() -> None:
        lanes.drain(engine, ["mail"], 30)
        drained.set()

    waiter = threading.Thread(target=drain)
    waiter.start()
    assert not drained.is_set()
    engine.cancel(task_id)
    assert drained.wait(30)
    waiter.join()


def test_the_overview_tells_depths_and_pauses(engine: QueueEngine) -> None:
    put(engine, "mail")
    first = utc_now()
    put(engine, "mail")
    put(engine, "mail", run_at=first + timedelta(hours=1))
    put(engine, "reports")
    take(engine, "reports")
    lanes.pause(engine, "empty")
    empty, mail, reports = lanes.overview(engine)
    assert (mail.name, mail.queued, mail.scheduled, mail.running) == ("mail", 2, 1, 0)
    assert mail.oldest_at is not None
    assert mail.oldest_at <= first
    assert (reports.queued, reports.running, reports.oldest_at) == (0, 1, None)
    assert empty.paused_at is not None


def test_while_all_queues_are_paused_nothing_is_claimed_not_even_from_a_new_one(
    engine: QueueEngine,
) -> None:
    lanes.pause(engine, "mail", "the mail server moves")
    lanes.pause_all(engine, "a restore")
    mail, reports = put(engine, "mail"), put(engine, "reports")
    with engine.database.read() as connection:
        assert not queries.is_anything_queued(connection)
        assert not queries.is_anything_queued(connection, ["reports"])
    assert take(engine, "mail") == take(engine, "reports") == []
    assert [(lane.name, lane.reason) for lane in lanes.overview(engine)] == [
        ("mail", "the mail server moves"),
        ("reports", "a restore"),
    ]
    lanes.drain(engine, (), timeout=0)  # nothing that could run waits
    lanes.pause_all(engine, "another reason")
    assert lanes.pauses(engine)[""].reason == "a restore", "it stays as it was"
    assert lanes.resume_all(engine)
    assert (take(engine, "mail"), take(engine, "reports")) == ([], [reports])
    assert lanes.resume(engine, "mail")
    assert take(engine, "mail") == [mail]
    assert not lanes.resume_all(engine)
    assert lanes.pauses(engine) == {}
