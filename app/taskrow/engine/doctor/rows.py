"""The doctor's look at the rows: the clock, the workers, what waits, and why."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from taskrow.domain.schedule import LATE
from taskrow.engine.doctor.diagnosis import Diagnosis, bad, ok, some, span, warn
from taskrow.storage import conditions, lanes
from taskrow.storage.conditions import SeenWorker
from taskrow.storage.lanes import ALL, Lane, Pause
from taskrow.storage.liveness import gone_workers
from taskrow.storage.schedules import list_schedules

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from taskrow.engine.queue import QueueEngine

_AHEAD = timedelta(seconds=5)  # by which clocks of machines may differ
_LONG_WAIT = 300.0  # seconds
_DAY = timedelta(days=1)


def look_at_rows(engine: QueueEngine) -> Iterator[Diagnosis]:
    """Everything that the rows tell."""
    now = engine.clock()
    with engine.unchecked_database.read() as connection:
        overview = lanes.overview(connection)
        yield _clock(conditions.newest_submit(connection), now)
        workers = conditions.workers_on_duty(connection, since=now - _DAY)
        gone = gone_workers(engine.unchecked_database, {worker.id for worker in workers})
        alive = [worker for worker in workers if worker.id not in gone]
        yield _workers(alive, overview, now - timedelta(seconds=engine.settings.lease))
        if gone:
            yield _dead(sorted(gone))
        yield _names(engine, connection)
        yield _queues(lanes.pauses(connection))
        yield _waiting(overview, now)
        if alive:  # else nothing fires anyway
            yield _schedules(connection, now)


def _clock(newest: datetime | None, now: datetime) -> Diagnosis:
    zone = datetime.now().astimezone().tzinfo
    says = f"{now:%Y-%m-%d %H:%M:%S} UTC; the time zone here is {zone}"
    if newest is not None and newest - now > _AHEAD:
        ahead = span((newest - now).total_seconds())
        return warn(
            "clock",
            f"{says}; the newest task was submitted in {ahead}: a clock was set back, or differs",
            "set the clocks of all machines by NTP; what is scheduled runs by them",
        )
    return ok("clock", says)


def _workers(alive: list[SeenWorker], overview: list[Lane], silent_since: datetime) -> Diagnosis:
    if not alive:
        tasks = sum(lane.queued + lane.running for lane in overview)
        says, level = ("none runs", warn) if not tasks else (f"none runs, and {tasks:,} wait", bad)
        return level("workers", says, "start one: taskrow worker")
    if hanging := [worker.id for worker in alive if worker.last_seen_at < silent_since]:
        return bad(
            "workers",
            f"alive, but without news for longer than a lease: {some(hanging)}",
            "stopped (kill -CONT)? cut off from the database? else end it: others take over",
        )
    return ok("workers", f"{len(alive)} at work: {some([worker.id for worker in alive])}")


def _dead(gone: list[str]) -> Diagnosis:
    return warn(
        "dead workers",
        f"{len(gone)} ended without a word since yesterday: {some(gone)}",
        "look into their logs and the kernel's (out of memory?); their tasks were taken back",
    )


def _names(engine: QueueEngine, connection: Connection) -> Diagnosis:
    waiting = conditions.names_waiting(connection)
    unknown = {name: n for name, n in waiting.items() if engine.registry.find(name) is None}
    if not unknown:
        return ok("task names", "everything that waits is known to this application")
    told = [f"{name} ({n:,} tasks)" for name, n in unknown.items()]
    return warn(
        "task names",
        f"not in this application: {some(told)}",
        "start a worker of the application that has them; give a moved function aliases=",
    )


def _queues(pauses: dict[str, Pause]) -> Diagnosis:
    if not pauses:
        return ok("queues", "none is paused")
    if ALL in pauses:
        reason = pauses[ALL].reason
        says = f"all are paused{f': {reason}' if reason else ''}"
        return warn("queues", says, "when all is looked at: taskrow resume --all")
    return warn(
        "queues", f"paused: {some(sorted(pauses))}", "taskrow queues says why; resume QUEUE"
    )


def _waiting(overview: list[Lane], now: datetime) -> Diagnosis:
    waiting = [lane for lane in overview if lane.oldest_at is not None and lane.paused_at is None]
    queued, running = (sum(getattr(lane, s) for lane in overview) for s in ("queued", "running"))
    says = f"{queued:,} queued, {running:,} running"
    if not waiting:
        return ok("waiting", says)
    oldest = min(waiting, key=lambda lane: lane.oldest_at or now)
    seconds = (now - (oldest.oldest_at or now)).total_seconds()
    says += f"; the oldest of {oldest.name} for {span(max(0.0, seconds))}"
    if seconds < _LONG_WAIT:
        return ok("waiting", says)
    return warn("waiting", says, "more runners or workers; does one take this queue (--queues)?")


def _schedules(connection: Connection, now: datetime) -> Diagnosis:
    found = list_schedules(connection)
    late = [one.name for one in found if one.next_at is not None and now - one.next_at > LATE]
    disabled = [one.name for one in found if one.disabled_reason is not None]
    if late:
        do = "start a worker that has their code; taskrow schedules says more"
        return warn("schedules", f"due and not fired: {some(late)}", do)
    if disabled:
        do = "taskrow schedules says why"
        return warn("schedules", f"disabled: {some(disabled)}", do)
    return ok("schedules", f"{len(found)}, none is late")
