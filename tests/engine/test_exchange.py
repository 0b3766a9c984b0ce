"""Whose turn it is, from one exchange to the next: each queue's, and now and then the oldest's."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from taskrow.engine.exchange import Give, Turns, exchange
from taskrow.engine.queue import QueueEngine
from taskrow.storage.database import Database
from tests.storage.rows import LEASE, NOW, WORKER, add, put


def claim(
    database: Database,
    turns: Turns = Turns(),  # noqa: B008 - it does not change
    *,
    capacity: int = 1,
    queues: Sequence[str] | None = None,
) -> tuple[list[tuple[str, int]], Turns]:
    """The queues and priorities of what an exchange claims, and whose turn it is then."""
    give = Give(worker=WORKER, now=NOW, lease=LEASE, capacity=capacity, queues=queues, turns=turns)
    take = database.write(lambda connection: exchange(connection, give))
    return [(claim.queue, claim.priority) for claim in take.claimed], take.turns


@pytest.mark.parametrize("queues", [None, ["c", "a", "b", "none"]])
def test_queues_take_turns_where_little_is_claimed_at_once(
    engine: QueueEngine, queues: list[str] | None
) -> None:
    for queue in "abc":
        put(engine.database, [{"queue": queue}] * 6)
    turns, seen = Turns(), ""
    for capacity in (1, 1, 1, 1, 2, 2):
        found, turns = claim(engine.database, turns, capacity=capacity, queues=queues)
        seen += "".join(queue for queue, _ in found)
    assert seen == "abcabcab"


def test_a_queue_that_is_alone_has_all(engine: QueueEngine) -> None:
    put(engine.database, [{"queue": "a"}] * 5)
    found, turns = claim(engine.database, capacity=3)
    assert len(found) == 3
    assert len(claim(engine.database, turns, capacity=3)[0]) == 2


def test_of_sixteen_one_is_the_oldest_however_few_are_claimed_at_once(engine: QueueEngine) -> None:
    add(engine.database, priority=-1)
    put(engine.database, [{"priority": 9}] * 40)
    turns, seen = Turns(), list[int]()
    for capacity in (1, 4, 4, 4, 4, 4):
        found, turns = claim(engine.database, turns, capacity=capacity)
        seen += [priority for _, priority in found]
    assert seen.index(-1) == 16, "the last of the four among which it was its turn"
    assert len(claim(engine.database, turns, capacity=40)[0]) == 20
