"""What a worker does for the schedules: make rows of what the code declares, and fire what is due.

Every worker does; the rows decide which of them wins (storage/schedules.py). No due time depends on
a worker being there: what passed while none was is found in ``next_at`` when one is back.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from taskrow.domain.schedule import Rule, Schedule, due_to_fire, next_due
from taskrow.domain.times import to_text
from taskrow.engine.declared import Change, changes_of_code
from taskrow.errors import OptionError
from taskrow.storage import schedules as rows
from taskrow.storage.schedules import Fire

if TYPE_CHECKING:
    from taskrow.engine.queue import QueueEngine

log = logging.getLogger("taskrow.worker")

_HORIZON = timedelta(seconds=5)  # must be longer than a worker's pause between two turns
_AT_ONCE = 50  # fires in one transaction, so that submits get their turn
_KEPT = timedelta(days=7)  # how far back a clock may be set without firing anything twice
_FORGOTTEN_AT_ONCE = 500


class Firing:
    """One worker's part in the schedules. Times are passed in.

    ``next_at`` is when the next one that this worker knows is due, if that is soon.
    """

    def __init__(self, engine: QueueEngine) -> None:
        self._engine = engine
        self._latest: datetime | None = None
        self._unreadable: set[str] = set()
        self.next_at: datetime | None = None

    def begin(self, now: datetime) -> None:
        """Bring the rows to what the code declares; one read where that is so already."""
        there = self._read_all()
        self._make(changes_of_code(self._engine, there, now) + self._set_back(there, now))

    def turn(self, now: datetime) -> list[str]:
        """Fire what is due, and see what is next; returns the names of what this worker fired."""
        if self._latest is not None and now < self._latest:
            self.notice_clock(now)
        self._latest = now
        with self._engine.database.read() as connection:
            coming = rows.coming_schedules(connection, now + _HORIZON)
        known = [(schedule, rule) for schedule in coming if (rule := self._rule_of(schedule))]
        fires = [self._fire_of(*pair, now) for pair in known if _next_at(pair[0]) <= now]
        fired: list[str] = []
        for start in range(0, len(fires), _AT_ONCE):
            fired += self._fire(fires[start : start + _AT_ONCE], now)
        later = [_next_at(schedule) for schedule, _ in known if _next_at(schedule) > now]
        later += [fire.next_at for fire in fires if fire.next_at is not None]
        self.next_at = min(later, default=None)
        return fired

    def notice_clock(self, now: datetime) -> None:
        """The clock was set back: what it moved too far ahead is due again when the rule says so.

        Otherwise a clock that was a year ahead for a moment would silence a schedule for a year.
        """
        self._make(self._set_back(self._read_all(), now))

    def forget_old(self, now: datetime) -> None:
        """Delete the proofs of due times that fired long ago, in small batches."""
        before, limit = now - _KEPT, _FORGOTTEN_AT_ONCE
        write = self._engine.database.write
        while write(lambda c: rows.purge_fires(c, before=before, limit=limit)) == limit:
            pass

    def _read_all(self) -> list[Schedule]:
        with self._engine.database.read() as connection:
            return rows.list_schedules(connection)

    def _make(self, changes: list[Change]) -> None:
        if changes:
            self._engine.database.write(lambda c: [change.write(c) for change in changes])
        for change in changes:
            log.info("schedule %s", change.sentence)

    def _rule_of(self, schedule: Schedule) -> Rule | None:
        """The rule of a schedule that this worker can fire; others are left to others."""
        registry, name = self._engine.registry, schedule.task_name
        if schedule.source != "taskrow" and registry.find(name) is None:
            return None
        try:
            return schedule.parse_rule()
        except OptionError as error:
            if schedule.name not in self._unreadable:
                log.error("schedule %s cannot be read: %s", schedule.name, error)
            self._unreadable.add(schedule.name)
            return None

    def _fire_of(self, schedule: Schedule, rule: Rule, now: datetime) -> Fire:
        due_at, next_at = due_to_fire(schedule, rule, now), next_due(rule, now)
        if due_at is None or schedule.source == "taskrow":
            return Fire(schedule=schedule, due_at=due_at, next_at=next_at)
        options = self._engine.registry.get(schedule.task_name).options
        task = self._engine.new_task(schedule.task_name, schedule.args, options, now=now)
        return Fire(schedule=schedule, due_at=due_at, next_at=next_at, task=task)

    def _fire(self, fires: list[Fire], now: datetime) -> list[str]:
        won = self._engine.database.write(
            lambda c: [fire for fire in fires if rows.fire(c, fire, now=now)]
        )
        for fire in won:
            if fire.task is not None and fire.due_at is not None:
                due, task_id = to_text(fire.due_at), fire.task.id
                log.info("schedule %s fired for %s: task %s", fire.schedule.name, due, task_id)
        return [fire.schedule.name for fire in won]

    def _set_back(self, there: list[Schedule], now: datetime) -> list[Change]:
        changes = []
        for row in there:
            rule = self._rule_of(row) if row.next_at is not None else None
            right = next_due(rule, now) if rule is not None else None
            if right is not None and right < _next_at(row):
                sentence = f"is due at {to_text(right)} again: the clock was set back"
                changes.append(Change.of(row, sentence, next_at=right))
        return changes


def _next_at(schedule: Schedule) -> datetime:
    assert schedule.next_at is not None
    return schedule.next_at
