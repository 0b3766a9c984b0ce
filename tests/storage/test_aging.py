"""Now and then the task that waits longest is claimed, whatever its priority."""

from __future__ import annotations

import pytest

from taskrow.storage import claims
from taskrow.storage.aging import priority_of_oldest
from taskrow.storage.database import Database
from taskrow.storage.lanes import pause
from tests.storage.rows import LEASE, NOW, WORKER, add, put


def take(database: Database, limit: int, oldest: int, queue: str = "default") -> list[str]:
    found = database.write(
        lambda c: claims.claim(
            c, worker=WORKER, queue=queue, limit=limit, now=NOW, lease=LEASE, oldest=oldest
        )
    )
    return [claim.id for claim in found]


def level(database: Database, queue: str = "default") -> int | None:
    with database.read() as connection:
        return priority_of_oldest(connection, queue)


def test_the_oldest_goes_with_those_of_the_highest_priority(database: Database) -> None:
    low = [add(database, priority=-1) for _ in range(3)]
    high = [add(database, priority=5) for _ in range(5)]
    assert take(database, 3, oldest=0) == high[:3]
    assert take(database, 2, oldest=1) == [high[3], low[0]]
    assert take(database, 9, oldest=2) == [high[4], *low[1:]]


def test_it_may_be_of_any_priority(database: Database) -> None:
    add(database, priority=1, queue="other")
    middle = add(database, priority=5)
    for priority in (0, 9, 5, 0):
        add(database, priority=priority)
    assert level(database) == 5
    assert take(database, 1, oldest=1) == [middle]
    assert level(database) == 0


@pytest.mark.parametrize("oldest", [0, 2])
def test_with_one_priority_it_changes_nothing(database: Database, oldest: int) -> None:
    ids = [add(database) for _ in range(4)]
    assert level(database) is None
    assert level(database, "none") is None
    assert take(database, 3, oldest) == ids[:3]


def test_no_more_are_taken_than_were_asked_for(database: Database) -> None:
    add(database, priority=1)
    ids = put(database, [{"priority": 9}] * 5)
    assert len(take(database, 4, oldest=4)) == 4
    assert take(database, 4, oldest=1) == ids[3:]


def test_of_a_paused_queue_not_even_the_oldest_is_taken(database: Database) -> None:
    add(database, priority=1)
    add(database, priority=2)
    database.write(lambda c: pause(c, "default", now=NOW))
    assert take(database, 4, oldest=1) == []


def test_of_very_many_priorities_the_lowest_are_looked_at(database: Database) -> None:
    put(database, [{"priority": n} for n in range(200, 0, -1)])
    assert level(database) == 64
