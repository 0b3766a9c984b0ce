"""Due times fire once: on time, after a downtime, whatever clocks and other workers do."""

from __future__ import annotations

import logging
import random
import threading
from datetime import timedelta

import pytest

from taskrow.engine.upkeep import Upkeep
from taskrow.storage import workers
from tests.engine.scene import DAY, HOUR, MINUTE, NOON, SECOND, Alive, Clock, Site, SiteFactory


def test_a_due_time_fires_when_it_has_come(site: Site) -> None:
    site.declare(every=5 * MINUTE)
    site.start()
    assert site.row().next_at == NOON + 5 * MINUTE
    assert site.at(NOON + 5 * MINUTE - timedelta(milliseconds=1)) == []
    assert site.firing.next_at == NOON + 5 * MINUTE
    assert site.at(NOON + 5 * MINUTE) == ["report"]
    assert site.at(NOON + 5 * MINUTE) == []
    row = site.row()
    assert (row.next_at, row.last_fired_at) == (NOON + 10 * MINUTE, NOON + 5 * MINUTE)
    assert site.fires() == [NOON + 5 * MINUTE]


def test_its_task_has_the_options_of_the_function(site: Site) -> None:
    site.function(queue="slow", priority=7, retries=2, crash_limit=1)
    site.declare(every=MINUTE)
    site.start().at(NOON + MINUTE)
    [task] = site.tasks()
    assert (task["name"], task["status"], task["run_at"]) == ("report", "queued", NOON + MINUTE)
    assert (task["queue"], task["priority"]) == ("slow", 7)
    assert (task["retries"], task["crash_limit"], task["args"]) == (2, 1, "{}")


def test_a_cron_text_fires_in_its_time_zone(site: Site) -> None:
    site.declare(cron="0 9 * * *", timezone="Europe/Paris")
    site.start()
    assert site.row().next_at == NOON + 20 * HOUR
    assert site.at(NOON + 20 * HOUR) == ["report"]
    assert site.row().next_at == NOON + 44 * HOUR


def test_after_a_downtime_the_newest_missed_due_time_fires_once(site: Site) -> None:
    site.declare(every=5 * MINUTE)
    site.start()
    back = NOON + 7 * DAY + 12 * MINUTE
    assert site.at(back) == ["report"]
    assert site.at(back + SECOND) == []
    assert site.fires() == [back - 2 * MINUTE]
    assert site.row().next_at == back + 3 * MINUTE


def test_or_missed_due_times_are_skipped(site: Site) -> None:
    site.declare("report", "skip", every=5 * MINUTE)
    site.start()
    back = NOON + HOUR + 2 * MINUTE
    assert site.at(back) == []
    assert (site.fires(), site.row().last_fired_at) == ([], None)
    assert site.row().next_at == back + 3 * MINUTE
    assert site.at(back + 3 * MINUTE + 10 * SECOND) == ["report"]  # late, not missed


def test_a_clock_that_goes_back_fires_nothing_twice(site: Site) -> None:
    site.declare(every=5 * MINUTE)
    site.start()
    for minutes in (5, 10, 15):
        site.at(NOON + minutes * MINUTE)
    for minutes in range(1, 31):  # from the start again
        site.at(NOON + minutes * MINUTE)
    assert site.fires() == [NOON + minutes * MINUTE for minutes in range(5, 31, 5)]
    assert len(site.tasks()) == 6


def test_a_clock_that_was_a_year_ahead_does_not_silence_a_schedule(site: Site) -> None:
    site.declare(cron="0 0 1 1 *")
    site.declare("often", every=MINUTE)
    site.start()
    ahead = NOON + 400 * DAY
    assert site.at(ahead) == ["often", "report"]
    assert site.at(NOON + SECOND) == []  # the turn that notices
    assert site.at(NOON + MINUTE) == ["often"]
    assert site.row().next_at == NOON.replace(year=2027, month=1, day=1, hour=0)
    assert site.fires("often") == [NOON + MINUTE, ahead]


def test_a_worker_that_starts_after_the_clock_was_set_back_notices_too(
    site_factory: SiteFactory,
) -> None:
    before = site_factory()
    before.declare(every=MINUTE)
    before.start().at(NOON + 400 * DAY)
    after = site_factory()
    after.declare(every=MINUTE)
    after.clock.now = NOON
    after.start()
    assert after.row().next_at == NOON + MINUTE


def test_a_task_that_this_worker_does_not_know_is_left_to_one_that_does(
    site_factory: SiteFactory,
) -> None:
    knows, knows_not = site_factory(), site_factory("other")
    knows.declare(every=MINUTE)
    knows.start()
    knows_not.start()
    due = NOON + MINUTE
    assert knows_not.at(due) == []
    assert knows_not.firing.next_at != due  # it would wake it for nothing
    assert knows.at(due + SECOND) == ["report"]


def test_a_row_that_cannot_be_read_does_not_stop_the_others(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site.declare(every=MINUTE)
    site.declare("odd", every=MINUTE)
    site.start()
    site.edit("UPDATE schedules SET rule = 'every full moon' WHERE name = 'odd'")
    with caplog.at_level(logging.ERROR, "taskrow"):
        assert site.at(NOON + MINUTE) == ["report"]
        assert site.at(NOON + 2 * MINUTE) == ["report"]
    [record] = [one for one in caplog.records if one.levelno >= logging.ERROR]
    assert "schedule odd cannot be read: 'every full moon' is no cron text" in record.getMessage()


def test_a_next_time_that_was_set_by_hand_fires_then(site: Site) -> None:
    site.declare(cron="0 0 1 1 *")
    site.start()
    at = "2026-11-21T12:00:07.000Z"
    site.edit(f"UPDATE schedules SET next_at = '{at}' WHERE name = 'report'")
    assert site.at(NOON + 7 * SECOND) == ["report"]
    assert site.fires() == [NOON + 7 * SECOND]


def test_many_due_at_once_all_fire(site: Site) -> None:
    names = [f"task{number:03}" for number in range(120)]
    for name in names:
        site.declare(name, every=MINUTE)
    site.start()
    assert site.at(NOON + MINUTE) == names
    assert len(site.tasks()) == 120


def test_ten_workers_fire_each_due_time_once_also_after_an_hour_without_any(
    site_factory: SiteFactory,
) -> None:
    """Threads with a connection, a code and a clock each; the clocks differ by two minutes."""
    workers = [site_factory("shop", Clock()) for _ in range(10)]
    for worker in workers:
        worker.declare(every=MINUTE)
        worker.declare("hourly", cron="30 * * * *")
    workers[0].start()
    begins = [NOON, NOON + 30 * MINUTE + HOUR]
    together = threading.Barrier(len(workers))
    trouble: list[Exception] = []

    def work(worker: Site, number: int) -> None:
        try:
            worker.start()
            luck = random.Random(number)
            for begin in begins:
                together.wait(60)
                for seconds in range(0, 31 * 60, 20):
                    worker.at(begin + timedelta(seconds=seconds + luck.uniform(0, 20)))
                    together.wait(60) if seconds % 120 == 0 else None
        except Exception as error:  # noqa: BLE001
            trouble.append(error)
            together.abort()

    threads = [
        threading.Thread(target=work, args=pair) for pair in zip(workers, range(10), strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not trouble
    fired, first = workers[0].fires(), [NOON + n * MINUTE for n in range(1, 31)]
    assert fired[:30] == first
    assert fired[30] >= begins[1]  # of the hour that was missed, the newest alone
    assert fired[30:] == [fired[30] + n * MINUTE for n in range(len(fired) - 30)]
    assert fired[-1] >= begins[1] + 30 * MINUTE
    assert workers[0].fires("hourly") == [NOON + 30 * MINUTE, NOON + 90 * MINUTE]
    assert len(workers[0].tasks()) == len(fired) + 2


def test_old_fires_are_forgotten(site: Site) -> None:
    site.declare(every=HOUR)
    site.start()
    for hours in (1, 2, 3):
        site.at(NOON + hours * HOUR)
    waits, *over = [task["id"] for task in site.tasks()]
    for task_id in over:
        site.engine.cancel(task_id)
    site.firing.forget_old(NOON + 7 * DAY + 2 * HOUR + SECOND)
    assert site.fires() == [NOON + HOUR, NOON + 3 * HOUR]  # a task that waits may ask for its own
    site.engine.cancel(waits)
    site.firing.forget_old(NOON + 7 * DAY + 2 * HOUR + SECOND)
    assert site.fires() == [NOON + 3 * HOUR]


def test_the_purge_is_a_schedule_without_tasks(site: Site) -> None:
    upkeep = Upkeep(site.engine, "me", Alive())
    upkeep.begin(NOON)
    assert (site.row("taskrow.purge").source, site.row("taskrow.purge").rule) == (
        "taskrow", "every 60 s",
    )  # fmt: skip
    function = site.function(retention=0)
    ended = function.delay().id
    site.engine.cancel(ended)
    upkeep.run_once(NOON + SECOND, 0.0)
    assert site.engine.find(ended) is None
    assert (site.tasks(), site.fires("taskrow.purge")) == ([], [])
    assert site.row("taskrow.purge").next_at == NOON + MINUTE


def test_each_purge_forgets_workers_that_nobody_has_seen_for_a_week(site: Site) -> None:
    write = site.engine.database.write
    for worker, seen_at in (("old", NOON), ("new", NOON + DAY)):
        write(
            lambda c, w=worker, at=seen_at: workers.register(c, w, queues="", runners=1, now=at)  # type: ignore[misc]
        )
    upkeep = Upkeep(site.engine, "me", Alive())
    upkeep.begin(NOON)
    upkeep.run_once(NOON + 7 * DAY + SECOND, 0.0)
    with site.engine.database.read() as connection:
        assert connection.exec_driver_sql("SELECT id FROM workers").all() == [("new",)]


def test_a_purge_that_is_paused_purges_nothing(site: Site) -> None:
    upkeep = Upkeep(site.engine, "me", Alive())
    upkeep.begin(NOON)
    site.schedules.pause("taskrow.purge")
    ended = site.function(retention=0).delay().id
    site.engine.cancel(ended)
    upkeep.run_once(NOON + HOUR, 0.0)
    assert site.engine.find(ended) is not None
