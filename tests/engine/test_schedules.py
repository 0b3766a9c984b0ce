"""The rows of schedules: what the code declares, what is made at run time, what operators do."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import exc, insert

from taskrow.domain.schedule import Plan, make_rule
from taskrow.errors import NoSuchScheduleError, OptionError, TransitionError, UnknownTaskError
from taskrow.storage.tables import schedules
from tests.engine.scene import HOUR, MINUTE, NOON, SECOND, Site, SiteFactory


def states(site: Site) -> dict[str, str]:
    return {s.name: s.state for s in site.schedules.list() if s.source != "taskrow"}


def plan(name: str = "mine", task_name: str = "report", args: str = "{}", **rule: Any) -> Plan:
    return Plan(name=name, task_name=task_name, rule=make_rule(**rule), args=args)


# -- the code ---


def test_a_worker_makes_rows_of_what_the_code_declares(site: Site) -> None:
    site.declare(cron="*/5 * * * *", timezone="Europe/Paris")
    row = site.start().row()
    assert (row.task_name, row.rule, row.timezone) == ("report", "*/5 * * * *", "Europe/Paris")
    assert (row.source, row.application, row.missed) == ("code", "shop", "once")
    assert (row.state, row.created_at, row.last_fired_at) == ("on", NOON, None)
    assert row.next_times() == [NOON + n * MINUTE for n in (5, 10, 15)]


def test_a_second_start_changes_nothing_and_writes_nothing(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.declare(every=MINUTE)
    before = site.start().schedules.list()
    monkeypatch.setattr(site.engine.database, "write", None)
    site.clock.now += HOUR
    site.start()
    assert site.schedules.list() == before


def test_what_left_the_code_is_disabled_and_comes_back(site_factory: SiteFactory) -> None:
    old, new = site_factory(), site_factory()
    old.declare("kept", every=MINUTE)
    old.declare(every=MINUTE)
    new.declare("kept", every=MINUTE)
    old.start()
    new.start()
    row = new.row()
    assert (row.state, row.next_at, row.next_times()) == ("disabled", None, [])
    assert row.disabled_reason == "it is no longer in the code of 'shop'"
    assert old.at(NOON + MINUTE) == ["kept"]
    new.clock.now = NOON + HOUR
    old.start()
    assert old.row().state == "on"
    assert old.row().next_at == NOON + HOUR + MINUTE  # it was off, so nothing was missed


def test_what_left_the_code_while_the_clock_was_set_back_is_disabled(
    site_factory: SiteFactory,
) -> None:
    old, new = site_factory(), site_factory()
    old.declare(every=MINUTE)
    old.start().at(NOON + HOUR)
    new.clock.now = NOON
    new.function()
    assert new.start().row().state == "disabled"


def test_a_rule_that_changes_in_code_counts_from_now(site_factory: SiteFactory) -> None:
    old, new = site_factory(), site_factory()
    old.declare(every=MINUTE)
    new.declare("report", "skip", cron="0 * * * *")
    old.start()
    new.clock.now = NOON + 90 * MINUTE
    row = new.start().row()
    assert (row.rule, row.missed) == ("0 * * * *", "skip")
    assert row.next_at == NOON + 2 * HOUR


def test_a_rule_that_stays_keeps_what_is_due_over_a_restart(site_factory: SiteFactory) -> None:
    for site in (site_factory(), site_factory()):
        site.declare(every=MINUTE)
        site.start()
        site.clock.now += HOUR
    assert site.row().next_at == NOON + MINUTE


def test_a_pause_stays_over_restarts_and_changes(site_factory: SiteFactory) -> None:
    old, without, new = (site_factory() for _ in range(3))
    old.declare(every=MINUTE)
    new.declare(every=HOUR)
    old.start().schedules.pause("report")
    for site in (old, without, new):
        site.start()
    assert new.row().state == "paused"
    assert new.at(NOON + HOUR) == []
    assert new.schedules.resume("report").next_at == NOON + 2 * HOUR


def test_two_applications_on_one_database_leave_each_other_alone(
    site_factory: SiteFactory,
) -> None:
    shop, blog = site_factory("shop"), site_factory("blog")
    shop.declare("shop.report", every=MINUTE)
    blog.declare("blog.feed", every=MINUTE)
    for site in (shop, blog, shop, blog):
        site.start()
    assert states(shop) == {"blog.feed": "on", "shop.report": "on"}
    assert shop.at(NOON + MINUTE) == ["shop.report"]
    assert blog.at(NOON + MINUTE) == ["blog.feed"]


def test_a_name_that_two_applications_share_is_one_schedule_of_the_later(
    site_factory: SiteFactory,
) -> None:
    first, second, first_again = (
        site_factory("first"),
        site_factory("second"),
        site_factory("first"),
    )
    first.declare(every=MINUTE)
    second.declare(every=MINUTE)
    for site in (first, second, first_again):  # the last one has nothing in its code
        site.start()
    assert (first.row().application, first.row().state) == ("second", "on")
    assert first.at(NOON + MINUTE) + second.at(NOON + MINUTE) == ["report"]


# -- run time ---


def test_a_schedule_is_made_and_removed_at_run_time(site: Site) -> None:
    site.function()
    row = site.schedules.put(plan(args='{"args": [1]}', every=MINUTE))
    assert (row.source, row.application, row.next_at) == ("runtime", "shop", NOON + MINUTE)
    site.start()
    assert states(site) == {"mine": "on"}  # no code has it, and it stays
    assert site.at(NOON + MINUTE) == ["mine"]
    assert [json.loads(task["args"]) for task in site.tasks()] == [{"args": [1]}]
    site.schedules.remove("mine")
    assert states(site) == {}
    assert site.at(NOON + 2 * MINUTE) == []


def test_the_same_again_keeps_what_is_due_and_another_rule_counts_from_now(site: Site) -> None:
    site.schedules.put(plan(every=MINUTE))
    site.clock.now = NOON + 5 * MINUTE + SECOND
    assert site.schedules.put(plan(every=MINUTE)).next_at == NOON + MINUTE
    row = site.schedules.put(plan(args='{"args": [2]}', every=MINUTE))
    assert (row.next_at, row.args) == (NOON + MINUTE, '{"args": [2]}')
    assert site.schedules.put(plan(every=2 * MINUTE)).next_at == NOON + 6 * MINUTE


def test_what_stands_in_code_is_changed_there(site: Site) -> None:
    site.declare(every=MINUTE)
    site.start()
    with pytest.raises(OptionError, match="'report' is declared in code: change it there"):
        site.schedules.put(plan("report", every=HOUR))
    with pytest.raises(OptionError, match="'report' is declared in code: remove it there, or pau"):
        site.schedules.remove("report")
    with pytest.raises(OptionError, match=r"'taskrow.purge' is declared in taskrow itself"):
        site.schedules.remove("taskrow.purge")
    assert site.row().rule == "every 60 s"


# -- operators ---


def test_a_paused_schedule_is_never_due_and_does_not_make_up_for_it(site: Site) -> None:
    site.declare(every=MINUTE)
    site.start()
    row = site.schedules.pause("report")
    assert (row.state, row.paused_at, row.next_times()) == ("paused", NOON, [])
    assert site.at(NOON + HOUR) == []
    assert site.schedules.pause("report").paused_at == NOON
    row = site.schedules.resume("report")
    assert (row.state, row.next_at) == ("on", NOON + HOUR + MINUTE)
    assert site.schedules.resume("report") == row
    assert site.at(NOON + HOUR + MINUTE) == ["report"]


def test_a_disabled_schedule_stays_so_when_it_is_resumed(site_factory: SiteFactory) -> None:
    old, new = site_factory(), site_factory()
    old.declare(every=MINUTE)
    old.start().schedules.pause("report")
    new.start()
    row = new.schedules.resume("report")
    assert (row.state, row.paused_at, row.next_at) == ("disabled", None, None)


def test_run_submits_at_once_beside_the_due_times(site: Site) -> None:
    site.function(queue="slow")
    site.schedules.put(plan(args='{"args": [1]}', every=MINUTE))
    site.schedules.pause("mine")
    task = site.engine.get(site.schedules.run("mine"))
    assert (task.name, task.queue, task.args) == ("report", "slow", '{"args": [1]}')
    row = site.row("mine")
    assert (row.next_at, row.last_fired_at, site.fires("mine")) == (None, None, [])


def test_run_says_what_it_cannot_do(site: Site) -> None:
    site.start()
    site.schedules.put(plan(task_name="gone", every=MINUTE))
    with pytest.raises(UnknownTaskError, match="no task is registered as 'gone'"):
        site.schedules.run("mine")
    with pytest.raises(TransitionError, match="makes no task: run `taskrow purge` instead"):
        site.schedules.run("taskrow.purge")


@pytest.mark.parametrize("verb", ["pause", "resume", "run", "remove", "get"])
def test_a_name_that_is_not_there_is_answered_with_the_nearest(site: Site, verb: str) -> None:
    site.start().schedules.put(plan("report.daily", every=MINUTE))
    with pytest.raises(NoSuchScheduleError, match=r"no schedule 'report.dayly'; did you mean 'rep"):
        getattr(site.schedules, verb)("report.dayly")


def test_the_database_refuses_rows_that_make_no_sense(site: Site) -> None:
    good = {
        "name": "x", "task_name": "x", "rule": "every 60 s", "timezone": "UTC", "missed": "once",
        "args": "{}", "source": "runtime", "application": "", "created_at": NOON,
    }  # fmt: skip
    for wrong in (
        {"missed": "all"},
        {"source": "me"},
        {"next_at": NOON, "paused_at": NOON},
        {"next_at": NOON, "disabled_reason": "because"},
    ):
        with pytest.raises(exc.IntegrityError):
            site.engine.database.write(lambda c, w=wrong: c.execute(insert(schedules), good | w))  # type: ignore[misc]


def test_the_view_shows_them_with_what_is_due_first(site: Site) -> None:
    site.declare("b", every=MINUTE)
    site.declare("a", cron="0 0 * * *", timezone="Europe/Paris")
    site.start()
    site.at(NOON + MINUTE)
    site.schedules.pause("a")
    site.schedules.pause("taskrow.purge")
    with site.engine.database.read() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM v_schedules").mappings().all()
    assert [dict(row) for row in rows][:2] == [
        {
            "name": "b", "rule": "every 60 s", "timezone": "UTC", "task_name": "b",
            "source": "code", "state": "on",
            "next": "2026-11-21 12:02:00", "last_fired": "2026-11-21 12:01:00",
        },
        {
            "name": "a", "rule": "0 0 * * *", "timezone": "Europe/Paris", "task_name": "a",
            "source": "code", "state": "paused", "next": None, "last_fired": None,
        },
    ]  # fmt: skip


def test_what_nobody_can_read_is_listed_all_the_same(site: Site) -> None:
    site.schedules.put(plan(every=timedelta(seconds=90)))
    site.edit("UPDATE schedules SET rule = 'now and then'")
    [row] = [row for row in site.schedules.list() if row.source == "runtime"]
    with pytest.raises(OptionError, match="no cron text"):
        row.next_times()
