"""``taskrow schedules``: what is due when, and pause, resume, run."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import click

from taskrow.cli_parts import as_json, command_of, find_engine, in_application, plain, say
from taskrow.domain.schedule import LATE, Schedule
from taskrow.domain.times import to_text
from taskrow.domain.zones import find_zone
from taskrow.engine.schedules import Schedules
from taskrow.errors import OptionError


@click.group("schedules", invoke_without_command=True)
@as_json
@click.pass_context
def schedules(context: click.Context, *, as_json: bool) -> None:
    """List the schedules with their next three due times; pause, resume or run one."""
    if context.invoked_subcommand is None:
        context.invoke(in_application(_list), as_json=as_json)


def _list(*, as_json: bool) -> None:
    engine = find_engine()
    found, now = Schedules(engine).list(), engine.clock()
    if as_json:
        click.echo(json.dumps([_as_dict(schedule) for schedule in found], indent=2))
        return
    width = max((len(schedule.name) for schedule in found), default=0)
    for schedule in found:
        zone = "" if schedule.timezone == "UTC" else f" {schedule.timezone}"
        rule = f"{schedule.rule}{zone}"
        click.echo(
            f"{schedule.name:<{width}}  {schedule.state:<8}  {rule}  {_next_words(schedule, now)}"
        )
    if not found:
        click.echo("no schedules; a worker makes those of the code when it starts")


@command_of(schedules, "pause")
@click.argument("name")
@as_json
def pause(name: str, as_json: bool) -> None:
    """Let nothing be due until it is resumed."""
    schedule = Schedules(find_engine()).pause(name)
    say(as_json, f"paused {name}", **_as_dict(schedule))


@command_of(schedules, "resume")
@click.argument("name")
@as_json
def resume(name: str, as_json: bool) -> None:
    """Go on with the next due time."""
    engine = find_engine()
    schedule = Schedules(engine).resume(name)
    words = _next_words(schedule, engine.clock())
    say(as_json, f"resumed {name}: {words}", **_as_dict(schedule))


@command_of(schedules, "run")
@click.argument("name")
@as_json
def run(name: str, as_json: bool) -> None:
    """Submit its task once, now, beside its due times."""
    task_id = Schedules(find_engine()).run(name)
    say(as_json, f"submitted {task_id}", name=name, task_id=task_id)


def _next_words(schedule: Schedule, now: datetime) -> str:
    """The next due times as the clocks of its zone show them; or why there are none."""
    if schedule.disabled_reason is not None:
        return schedule.disabled_reason
    if schedule.next_at is not None and now - schedule.next_at > LATE:
        since = to_text(schedule.next_at)
        return f"due since {since}: no worker runs that knows {schedule.task_name!r}"
    try:
        zone = find_zone(schedule.parse_rule().timezone)
        times = [due.astimezone(zone) for due in schedule.next_times()]
    except OptionError as error:
        return str(error)
    shown = [f"{due:%Y-%m-%d %H:%M:%S %Z}" for due in times]
    return f"next {', '.join(shown)}" if shown else "never due"


def _as_dict(schedule: Schedule) -> dict[str, Any]:
    try:
        times = [to_text(due) for due in schedule.next_times()]
    except OptionError:
        times = []
    return plain(schedule) | {"state": schedule.state, "next_times": times}
