"""Pages of the list of tasks, newest first, whatever the number of rows.

A page is a walk down the row numbers (``seq``), so what is inserted meanwhile never shifts it. The
walk looks at a bounded number of rows: a filter that few rows fit cannot make it read ten million.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, literal, null, select, tuple_

from taskrow.domain.ids import first_id
from taskrow.domain.task import Status, Task
from taskrow.storage.queries import WHOLE, whole_rows
from taskrow.storage.tables import status_is, tasks

WINDOW = 10_000  # rows

_END = 2**62
_HEAVY = {"args": literal("{}"), "result": null(), "traceback": null()}  # what no list shows
_COLUMNS: list[ColumnElement[Any]] = [_HEAVY.get(c.name, c).label(c.name) for c in WHOLE]

# Ids begin with the time of their submit, so an index finds the row numbers of a span of time;
# but clocks differ between machines, and a row may be written a while after it got its id.
_SLACK = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Which tasks; what is empty or None does not count. Times are those of the submit (UTC)."""

    statuses: Collection[Status] = ()
    names: Collection[str] = ()
    prefix: str | None = None  # of the name
    without_prefix: str | None = None
    queue: str | None = None
    owner: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def only_running(self) -> bool:
        return set(self.statuses) == {Status.RUNNING}


@dataclass(frozen=True)
class Page:
    """Some tasks, and the row number below which the next page begins; None: there is none."""

    tasks: list[Task]
    below: int | None


def find_page(
    connection: Connection,
    filters: Filters,
    *,
    below: int | None = None,
    limit: int = 50,
    window: int = WINDOW,
) -> Page:
    """The newest tasks that fit, below a row number.

    After ``window`` rows the page ends, be it full or empty, and the next one begins there.
    """
    low, high = _span(connection, filters)
    high = high if below is None else min(high, below)
    owner = None if filters.only_running else filters.owner
    walk = _Walk(connection.dialect.name == "postgresql", owner, high)
    conditions = _conditions(filters)
    floor = None
    if conditions and not filters.only_running:  # an index has those, and they are few
        last = walk.down_to(low, select(tasks.c.seq)).limit(1).offset(window - 1)
        floor = connection.execute(last).scalar()
    query = walk.down_to(low if floor is None else floor, select(*_COLUMNS))
    rows = whole_rows(connection, query.where(*conditions).limit(limit + 1))
    if len(rows) > limit:
        return Page(rows[:limit], rows[limit - 1].seq)
    return Page(rows, floor)


@dataclass(frozen=True)
class _Walk:
    """Down the row numbers from below ``high``, of one owner's tasks or of all."""

    on_postgresql: bool
    owner: str | None
    high: int

    def down_to(self, low: int, query: Select[Any]) -> Select[Any]:
        """The query over the rows from ``low`` on, the newest first."""
        if self.owner is not None and self.on_postgresql:
            # With a plain = it walks over everybody's rows where it believes that there are enough
            # of this owner's among them; only the index over both has the rows in this order.
            pair = tuple_(tasks.c.owner, tasks.c.seq)
            return query.where(
                pair >= tuple_(literal(self.owner), literal(low)),
                pair < tuple_(literal(self.owner), literal(self.high)),
                tasks.c.owner.is_not(None),
            ).order_by(tasks.c.owner.desc(), tasks.c.seq.desc())
        if self.owner is not None:
            query = query.where(tasks.c.owner == self.owner)
        between = [tasks.c.seq >= low, tasks.c.seq < self.high]
        if self.on_postgresql and low == 0:
            # Where it has no statistics it believes that a pair of bounds leaves few rows, and
            # would sort all there are.
            between = between[1:] * (self.high < _END)
        return query.where(*between).order_by(tasks.c.seq.desc())


def _conditions(filters: Filters) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if filters.only_running:
        found.append(status_is(Status.RUNNING))
        if filters.owner is not None:  # written so that the index over owners is no temptation
            found.append(func.coalesce(tasks.c.owner, "") == filters.owner)
    elif filters.statuses:
        found.append(tasks.c.status.in_(sorted(filters.statuses)))
    if filters.names:
        found.append(tasks.c.name.in_(sorted(filters.names)))
    if filters.prefix is not None:
        found.append(tasks.c.name.startswith(filters.prefix, autoescape=True))
    if filters.without_prefix is not None:
        found.append(~tasks.c.name.startswith(filters.without_prefix, autoescape=True))
    if filters.queue is not None:
        found.append(tasks.c.queue == filters.queue)
    if filters.since is not None:
        found.append(tasks.c.created_at >= filters.since)
    if filters.until is not None:
        found.append(tasks.c.created_at <= filters.until)
    return found


def _span(connection: Connection, filters: Filters) -> tuple[int, int]:
    """The row numbers, from and below, between which all rows of the time span lie."""
    low, high = 0, _END
    if filters.since is not None:
        least = first_id(_shifted(filters.since, -_SLACK))
        query = select(tasks.c.seq).where(tasks.c.id >= least).order_by(tasks.c.id)
        low = connection.execute(query.limit(1)).scalar() or _END
    if filters.until is not None:
        most = first_id(_shifted(filters.until, _SLACK))
        query = select(tasks.c.seq).where(tasks.c.id < most).order_by(tasks.c.id.desc())
        high = (connection.execute(query.limit(1)).scalar() or 0) + 1
    return low, high


def _shifted(moment: datetime, by: timedelta) -> datetime:
    try:
        return moment + by
    except OverflowError:
        return (datetime.min if by < timedelta() else datetime.max).replace(tzinfo=UTC)
