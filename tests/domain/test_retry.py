"""When to try again, and when to give up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from taskrow.domain.retry import (
    FIRST_DELAY,
    LEAST_DELAY,
    LONGEST_DELAY,
    after_failure,
    after_loss,
    backoff,
)

NOW = datetime(2026, 11, 21, 7, tzinfo=UTC)


def longest(tries: int) -> float:
    return backoff(tries, 1.0).total_seconds()


def test_the_delay_doubles_up_to_its_cap() -> None:
    assert [longest(tries) for tries in range(4)] == [FIRST_DELAY, 2.0, 4.0, 8.0]
    assert all(longest(n) <= longest(n + 1) for n in range(50))
    assert longest(10) == longest(10_000) == LONGEST_DELAY


@pytest.mark.parametrize("tries", [0, 3, 30])
def test_luck_moves_a_delay_between_the_least_and_the_whole(tries: int) -> None:
    whole = longest(tries)
    assert backoff(tries, 0.0) == timedelta(seconds=LEAST_DELAY)
    assert backoff(tries, 0.5) == timedelta(seconds=(LEAST_DELAY + whole) / 2)


def test_an_exception_is_retried_as_often_as_allowed() -> None:
    runs = [
        after_failure(failures=n, retries=3, now=NOW, delay=backoff(n - 1, 1.0)) for n in (1, 2, 3)
    ]
    assert runs == [NOW + timedelta(seconds=s) for s in (1, 2, 4)]
    assert after_failure(failures=4, retries=3, now=NOW, delay=backoff(3, 1.0)) is None


def test_without_retries_the_first_exception_is_the_last() -> None:
    assert after_failure(failures=1, retries=0, now=NOW, delay=timedelta(0)) is None


def test_after_its_first_lost_worker_a_task_runs_again_at_once() -> None:
    assert after_loss(losses=1, crash_limit=3, now=NOW, luck=1.0) == NOW


def test_after_more_lost_workers_it_waits_ever_longer() -> None:
    runs = [after_loss(losses=n, crash_limit=9, now=NOW, luck=1.0) for n in (2, 3, 4)]
    assert runs == [NOW + timedelta(seconds=s) for s in (1, 2, 4)]


def test_it_survives_as_many_lost_workers_as_allowed() -> None:
    assert after_loss(losses=3, crash_limit=3, now=NOW, luck=0.0) is not None
    assert after_loss(losses=4, crash_limit=3, now=NOW, luck=0.0) is None
    assert after_loss(losses=1, crash_limit=0, now=NOW, luck=0.0) is None
