"""Schedules as their user meets them: the decorator, the methods, the commands, real workers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.cli import FlaskGroup, ScriptInfo
from sqlalchemy import select

from taskrow import NotATaskError, OptionError, Schedule, TaskQueue
from taskrow.command_line import commands as taskrow
from taskrow.domain.times import to_text
from taskrow.engine.firing import Firing
from taskrow.engine.queue import QueueEngine
from taskrow.errors import ArgumentsError, NoSuchScheduleError
from taskrow.storage.schedules import change_schedule, find_schedule
from taskrow.storage.tables import schedule_fires, tasks
from tests.support.processes import ProcessFactory, eventually

APP = "tests.apps.timed:app"
SECOND = timedelta(seconds=1)


class Shop:
    """An application with a queue, and a worker's start for its schedules."""

    def __init__(self, url: str) -> None:
        self.queue = TaskQueue()
        self.app = Flask("shop")
        self.app.config["TASKROW_DATABASE_URL"] = url
        self.queue.init_app(self.app)
        self.engine = self.queue.engine()

    def start(self) -> None:
        Firing(self.engine).begin(self.engine.clock())

    def row(self, name: str) -> Schedule:
        return next(row for row in self.queue.schedules() if row.name == name)

    def run(self, spelling: str, *words: str) -> str:
        info = ScriptInfo(create_app=lambda: self.app)
        group, first = (taskrow, []) if spelling == "taskrow" else (FlaskGroup(), ["tasks"])
        result = CliRunner().invoke(group, [*first, "schedules", *words], obj=info)
        assert result.exit_code == (1 if result.output.startswith("Error") else 0), result.output
        return result.output


@pytest.fixture
def shop(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setenv("FLASK_RUN_FROM_CLI", "true")  # Flask sets it, and it must not stay
    shop = Shop(database_url)
    yield shop
    shop.engine.close()


def add(a: int, b: int = 0) -> int:
    return a + b


def alone(n: int = 1) -> int:
    return n


# -- the decorator ---


def test_a_decorator_declares_a_schedule_under_the_name_of_its_task(shop: Shop) -> None:
    shop.queue.task(name="nightly", schedule="0 3 * * *", timezone="Europe/Paris")(alone)
    shop.queue.task(name="often", every=timedelta(minutes=5), missed="skip")(alone)
    shop.start()
    nightly, often = shop.row("nightly"), shop.row("often")
    assert (nightly.task_name, nightly.rule, nightly.timezone) == (
        "nightly", "0 3 * * *", "Europe/Paris",
    )  # fmt: skip
    assert (nightly.missed, nightly.application) == ("once", "shop")
    assert (often.rule, often.missed) == ("every 300 s", "skip")


def test_a_setting_names_the_application(database_url: str) -> None:
    queue, app = TaskQueue(), Flask("app")
    app.config |= {"TASKROW_DATABASE_URL": database_url, "TASKROW_APPLICATION": "billing"}
    queue.init_app(app)
    assert queue.engine().application == "billing"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"schedule": "every day"}, "'every day' is no cron text"),
        ({"schedule": "0 0 30 2 *"}, "can never fire"),
        ({"schedule": "* * * * *", "timezone": "Europe/Pariss"}, "did you mean 'Europe/Paris'"),
        ({"schedule": "* * * * *", "every": 60}, "a cron text or an interval: give one of them"),
        ({"schedule": "* * * * *", "missed": "all"}, "missed must be 'once' or 'skip', not 'all'"),
        ({"every": timedelta(milliseconds=5)}, "every must be a timedelta from 1 second"),
        ({"every": 60, "timezone": "UTC"}, "an interval has no time zone"),
        ({"timezone": "UTC"}, "timezone and missed go with a schedule: give schedule= or every="),
        ({"missed": "skip"}, "timezone and missed go with a schedule"),
        ({"shedule": "* * * * *"}, "'shedule' is no option of a task function"),
    ],
)
def test_what_is_wrong_fails_at_import_and_leaves_nothing(
    options: dict[str, Any], sentence: str
) -> None:
    queue = TaskQueue()
    with pytest.raises(OptionError, match=sentence):
        queue.task(name="alone", **options)(alone)  # type: ignore[no-untyped-call]
    queue.task(name="alone", every=60)(alone)


def test_a_function_that_needs_arguments_cannot_have_a_schedule_in_its_decorator() -> None:
    with pytest.raises(OptionError, match=r"add\(\) cannot be called so: missing .* 'a'.*defaults"):
        TaskQueue().task(name="add", every=60)(add)


# -- the methods ---


def test_a_schedule_is_made_looked_at_and_removed_at_run_time(shop: Shop) -> None:
    function = shop.queue.task(name="add")(add)
    made = shop.queue.schedule(
        "hourly", function, cron="0 * * * *", timezone="Europe/Paris", missed="skip",
        args=[1], kwargs={"b": 2},
    )  # fmt: skip
    assert shop.queue.schedules() == [made]
    assert json.loads(made.args) == {"args": [1], "kwargs": {"b": 2}}
    assert (made.source, made.missed, made.state) == ("runtime", "skip", "on")
    one, two, three = made.next_times()
    assert (two - one, three - two) == (timedelta(hours=1),) * 2
    assert shop.queue.pause_schedule("hourly").state == "paused"
    assert shop.queue.resume_schedule("hourly") == made
    assert shop.queue.run_schedule("hourly").state == "PENDING"
    shop.queue.unschedule("hourly")
    with pytest.raises(NoSuchScheduleError):
        shop.queue.unschedule("hourly")


def test_a_schedule_at_run_time_says_what_is_wrong_with_it(shop: Shop) -> None:
    function = shop.queue.task(name="add")(add)
    schedule: Any = shop.queue.schedule
    with pytest.raises(ArgumentsError, match=r"add\(\) cannot be called so"):
        schedule("x", function, every=60)
    with pytest.raises(ArgumentsError, match="must be JSON"):
        schedule("x", function, every=60, args=[object()])
    with pytest.raises(NotATaskError):
        schedule("x", add, every=60)
    for name in ("", "two\nlines", None):
        with pytest.raises(OptionError, match="the name of a schedule is a text in plain"):
            schedule(name, function, every=60, args=[1])
    with pytest.raises(OptionError, match="give one of them"):
        schedule("x", function, args=[1])
    assert shop.queue.schedules() == []


# -- the commands ---


@pytest.mark.parametrize("spelling", ["taskrow", "flask tasks"])
def test_the_commands_list_pause_resume_and_run(shop: Shop, spelling: str) -> None:
    assert shop.run(spelling) == "no schedules; a worker makes those of the code when it starts\n"
    shop.queue.task(name="newyear", schedule="0 9 1 1 *", timezone="Europe/Paris")(alone)
    shop.start()
    lines = shop.run(spelling).splitlines()
    assert [line.split()[0] for line in lines] == ["newyear", "taskrow.purge"]
    year = shop.row("newyear").next_times()[0].year
    times = ", ".join(f"{year + n}-01-01 09:00:00 CET" for n in range(3))
    assert lines[0] == f"newyear        on        0 9 1 1 * Europe/Paris  next {times}"

    assert shop.run(spelling, "pause", "newyear") == "paused newyear\n"
    assert shop.run(spelling).splitlines()[0].split()[1] == "paused"
    assert shop.run(spelling, "resume", "newyear") == f"resumed newyear: next {times}\n"
    task_id = shop.run(spelling, "run", "newyear").removeprefix("submitted ").strip()
    assert shop.engine.get(task_id).name == "newyear"


def test_the_commands_print_json(shop: Shop) -> None:
    shop.queue.task(name="daily", schedule="0 9 * * *")(alone)
    shop.start()
    [daily, purge] = json.loads(shop.run("taskrow", "--json"))
    assert (daily["name"], daily["rule"], daily["state"]) == ("daily", "0 9 * * *", "on")
    assert daily["next_at"] == daily["next_times"][0]
    assert len(daily["next_times"]) == 3
    assert purge["source"] == "taskrow"
    paused = json.loads(shop.run("taskrow", "pause", "daily", "--json"))
    assert (paused["state"], paused["next_times"]) == ("paused", [])
    assert json.loads(shop.run("taskrow", "resume", "daily", "--json"))["state"] == "on"
    ran = json.loads(shop.run("taskrow", "run", "daily", "--json"))
    assert shop.engine.get(ran["task_id"]).name == ran["name"] == "daily"


def test_the_commands_say_in_one_sentence_what_they_cannot_do(shop: Shop) -> None:
    shop.start()
    said = shop.run("taskrow", "pause", "taskrow.purg")
    assert said == "Error: there is no schedule 'taskrow.purg'; did you mean 'taskrow.purge'?\n"
    said = shop.run("taskrow", "run", "taskrow.purge")
    assert said == "Error: taskrow.purge makes no task: run `taskrow purge` instead\n"


def test_a_row_that_cannot_be_read_is_listed_with_the_reason(shop: Shop) -> None:
    shop.queue.task(name="odd", every=60)(alone)
    shop.start()
    odd = "UPDATE schedules SET rule = 'now and then' WHERE name = 'odd'"
    shop.engine.database.write(lambda c: c.exec_driver_sql(odd).close())
    assert "now and then  'now and then' is no cron text" in shop.run("taskrow")
    assert json.loads(shop.run("taskrow", "--json"))[0]["next_times"] == []


def test_what_nobody_fires_is_listed_with_the_reason(shop: Shop) -> None:
    shop.queue.task(name="often", every=60)(alone)
    shop.start()
    old = shop.engine.clock() - timedelta(hours=1)
    row = shop.row("often")
    shop.engine.database.write(lambda c: change_schedule(c, row, next_at=old))
    said = shop.run("taskrow")
    assert f"due since {to_text(old)}: no worker runs that knows 'often'" in said


# -- real workers ---


def fired(engine: QueueEngine) -> list[Any]:
    """All tasks that tick has made, with the due time that each is for."""
    query = (
        select(schedule_fires.c.due_at, tasks.c.created_at, tasks.c.status)
        .select_from(tasks.outerjoin(schedule_fires, tasks.c.id == schedule_fires.c.task_id))
        .where(tasks.c.name == "tick")
        .order_by(tasks.c.seq)
    )
    with engine.database.read() as connection:
        return list(connection.execute(query).all())


def test_real_workers_fire_every_second_once_and_on_time(
    engine: QueueEngine, start: ProcessFactory
) -> None:
    workers = [start.worker("--runners", "1", app=APP) for _ in range(3)]
    workers[0].kill()
    rows = eventually(lambda: done if len(done := fired(engine)) >= 5 else None)
    assert rows is not None
    assert all(row.due_at.microsecond == 0 for row in rows)
    assert all(later.due_at > row.due_at for row, later in pairwise(rows))
    late = sorted(row.created_at - row.due_at for row in rows)
    assert late[0] >= timedelta(0)
    assert late[len(late) // 2] < SECOND
    assert eventually(lambda: fired(engine)[0].status == "succeeded")
    assert "tick fired for" in workers[1].output() + workers[2].output()


def test_a_burst_fires_what_is_due(engine: QueueEngine, start: ProcessFactory) -> None:
    burst = ("--burst", "--runners", "1")
    start.worker(*burst, app=APP).process.wait(30)
    eventually(lambda: _next_at(engine, "tick") < engine.clock())
    start.worker(*burst, app=APP).process.wait(30)
    assert "succeeded" in {row.status for row in fired(engine)}


def test_a_worker_without_it_in_its_code_disables_it(
    engine: QueueEngine, start: ProcessFactory
) -> None:
    start.worker("--burst", app=APP).process.wait(30)
    without = start.worker("--burst", app=APP, env={"FLASK_WITHOUT": "tick"})
    without.process.wait(30)
    assert "tick is disabled: it is no longer in the code of 'timed'" in without.output()
    assert _next_at(engine, "tick") is None
    assert _next_at(engine, "daily") is not None


def test_what_is_scheduled_at_run_time_is_noticed_by_a_worker_that_runs(
    engine: QueueEngine, start: ProcessFactory, database_url: str
) -> None:
    start.worker("--runners", "1", app="tests.apps.timed:app", env={"FLASK_WITHOUT": "tick"})
    shop = Shop(database_url)
    function = shop.queue.task(name="add")(add)
    shop.queue.schedule("sum", function, every=1, args=[1, 2])

    def results() -> set[str | None]:
        with engine.database.read() as connection:
            return set(connection.execute(select(tasks.c.result)).scalars())

    assert eventually(lambda: "3" in results())
    shop.engine.close()


def _next_at(engine: QueueEngine, name: str) -> Any:
    with engine.database.read() as connection:
        found = find_schedule(connection, name)
    assert found is not None
    return found.next_at
