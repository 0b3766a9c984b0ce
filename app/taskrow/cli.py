"""The commands: ``taskrow --app x worker ...``, and the same as ``flask tasks ...``."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup, ScriptInfo, pass_script_info

from taskrow import cli_lanes
from taskrow.cli_parts import as_json, find_engine, in_application, plain, say
from taskrow.cli_schedules import schedules
from taskrow.domain.task import Status, Task
from taskrow.engine.supervisor import Supervisor, WorkerOptions
from taskrow.storage import queries
from taskrow.storage.schema import known_revisions, upgrade

_MOST_HOURS = 24 * 365 * 1000  # dates end somewhere

commands = AppGroup("tasks", help="The task queue: its worker and its rows.")
for command in (schedules, cli_lanes.queues, cli_lanes.pause, cli_lanes.resume):
    commands.add_command(command)


def _command(name: str) -> Callable[[Callable[..., Any]], click.Command]:
    def decorate(function: Callable[..., Any]) -> click.Command:
        return commands.command(name, with_appcontext=False)(in_application(function))

    return decorate


@_command("worker")
@click.option("--runners", type=click.IntRange(1), default=None, help="Processes that run tasks.")
@click.option("--queues", help="Only these queues, with commas between; by default all.")
@click.option("--burst", is_flag=True, help="Stop when nothing is left to do.")
@click.option(
    "--grace", type=click.FloatRange(0), help="Seconds that tasks may go on after SIGTERM."
)
@click.option("--log-level", default="INFO", show_default=True)
@pass_script_info
def worker(
    info: ScriptInfo,
    *,
    runners: int | None,
    queues: str | None,
    burst: bool,
    grace: float | None,
    log_level: str,
) -> None:
    """Run tasks until stopped (SIGTERM or Ctrl-C: finish first; twice: at once)."""
    _log_to_stderr(log_level)
    engine = find_engine()
    options = WorkerOptions(
        runner_command=_runner_command(info),
        runners=runners or min(4, os.cpu_count() or 1),
        queues=[name.strip() for name in queues.split(",")] if queues else None,
        burst=burst,
        grace=engine.settings.grace if grace is None else grace,
        debug=current_app.debug,
    )
    Supervisor(engine, options).run()


@_command("list")
@click.option("--status", type=click.Choice([status.value for status in Status]), multiple=True)
@click.option("--queue")
@click.option("--name")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True)
@as_json
def list_command(
    status: tuple[str, ...], queue: str | None, name: str | None, limit: int, as_json: bool
) -> None:
    """List the newest tasks."""
    statuses = [Status(text) for text in status]
    with find_engine().database.read() as connection:
        found = queries.list_tasks(
            connection, statuses=statuses, queue=queue, name=name, limit=limit
        )
    if as_json:
        click.echo(json.dumps([plain(task) for task in found], indent=2))
        return
    for task in found:
        click.echo(f"{task.id}  {task.status:<9}  {task.attempt:>2}  {task.name}  {_outcome(task)}")
    if not found:
        click.echo("no tasks")


@_command("show")
@click.argument("task_id")
@as_json
def show(task_id: str, as_json: bool) -> None:
    """Show one task whole."""
    task = plain(find_engine().get(task_id))
    if as_json:
        click.echo(json.dumps(task, indent=2))
        return
    for name, value in task.items():
        if value is not None:
            click.echo(f"{name:>20}  {value}")


@_command("cancel")
@click.argument("task_id")
@click.option("--terminate", is_flag=True, help="End the process of one that runs.")
@as_json
def cancel(task_id: str, terminate: bool, as_json: bool) -> None:
    """Cancel a task that waits; ask one that runs to stop."""
    found = find_engine().cancel(task_id, terminate=terminate)
    asked = found is Status.RUNNING
    say(as_json, f"{'asked to stop' if asked else 'cancelled'} {task_id}",
        id=task_id, was=found, status="running" if asked else "cancelled")  # fmt: skip


@_command("retry")
@click.argument("task_id")
@as_json
def retry(task_id: str, as_json: bool) -> None:
    """Queue a finished task once more."""
    find_engine().retry(task_id)
    say(as_json, f"queued {task_id} again", id=task_id, status="queued")


@_command("purge")
@click.option(
    "--older-than",
    type=click.FloatRange(0, _MOST_HOURS),
    help="Hours: whatever finished longer ago than this.",
)
@as_json
def purge(older_than: float | None, as_json: bool) -> None:
    """Delete finished tasks whose time is up."""
    age = None if older_than is None else timedelta(hours=older_than)
    deleted = find_engine().purge(older_than=age)
    say(as_json, f"purged {deleted} finished tasks", purged=deleted)


@_command("upgrade")
@as_json
def upgrade_command(as_json: bool) -> None:
    """Make or upgrade taskrow's tables."""
    database = find_engine().unchecked_database
    before, now = upgrade(database), known_revisions()[-1]
    what = f"is at {now} already" if before == now else f"went from {before or 'nothing'} to {now}"
    say(as_json, f"{database.place} {what}", before=before, now=now)


def _runner_command(info: ScriptInfo) -> list[str]:
    path = info.app_import_path or os.environ.get("FLASK_APP") or ""
    if info.create_app is not None and not path:  # a command line of the application's own
        raise click.UsageError("the runners import the application themselves: name it with --app")
    return [sys.executable, "-m", "taskrow.web.runner", path]


def _log_to_stderr(level: str) -> None:
    if logging.getLevelName(level.upper()) not in range(1, 100):
        raise click.BadParameter(f"{level!r} is no log level", param_hint="--log-level")
    handler = logging.StreamHandler()
    formatter = logging.Formatter("%(asctime)s.%(msecs)03dZ %(levelname)-7s %(message)s")
    formatter.default_time_format = "%Y-%m-%dT%H:%M:%S"
    formatter.datefmt = "%Y-%m-%dT%H:%M:%S"
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    log = logging.getLogger("taskrow")
    log.addHandler(handler)
    log.setLevel(level.upper())
    log.propagate = False


def _outcome(task: Task) -> str:
    if task.status is Status.SUCCEEDED:
        return task.result or ""
    if task.error:
        return ": ".join(json.loads(task.error).values())
    return ""
