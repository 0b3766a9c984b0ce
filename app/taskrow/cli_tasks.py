"""The commands that look at tasks, and change them."""

from __future__ import annotations

import json
from datetime import timedelta

import click

from taskrow.cli_parts import as_json, command, find_engine, harmless, plain, say
from taskrow.domain.payload import read_object
from taskrow.domain.task import Status, Task
from taskrow.storage import queries
from taskrow.storage.schema import known_revisions, upgrade

_MOST_HOURS = 24 * 365 * 1000  # dates end somewhere


@command("list")
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


@command("show")
@click.argument("task_id")
@as_json
def show(task_id: str, as_json: bool) -> None:
    """Show one task whole, with what its attempts logged."""
    engine = find_engine()
    task, logs = plain(engine.get(task_id)), engine.attempt_logs(task_id)
    if as_json:
        click.echo(json.dumps(task | {"logs": [plain(one) for one in logs] or None}, indent=2))
        return
    for name, value in task.items():
        if value is not None:
            click.echo(f"{name:>20}  {value}")
    for one in logs:
        click.echo(f"\nlogged by attempt {one.attempt}:\n{harmless(one.text)}")


@command("cancel")
@click.argument("task_id")
@click.option("--terminate", is_flag=True, help="End the process of one that runs.")
@as_json
def cancel(task_id: str, terminate: bool, as_json: bool) -> None:
    """Cancel a task that waits; ask one that runs to stop."""
    found = find_engine().cancel(task_id, terminate=terminate)
    asked = found is Status.RUNNING
    say(as_json, f"{'asked to stop' if asked else 'cancelled'} {task_id}",
        id=task_id, was=found, status="running" if asked else "cancelled")  # fmt: skip


@command("retry")
@click.argument("task_id")
@as_json
def retry(task_id: str, as_json: bool) -> None:
    """Queue a finished task once more."""
    find_engine().retry(task_id)
    say(as_json, f"queued {task_id} again", id=task_id, status="queued")


@command("purge")
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


@command("upgrade")
@as_json
def upgrade_command(as_json: bool) -> None:
    """Make or upgrade taskrow's tables."""
    database = find_engine().unchecked_database
    before, now = upgrade(database), known_revisions()[-1]
    what = f"is at {now} already" if before == now else f"went from {before or 'nothing'} to {now}"
    say(as_json, f"{database.place} {what}", before=before, now=now)


def _outcome(task: Task) -> str:
    if task.status is Status.SUCCEEDED:
        return task.result or ""
    return ": ".join(map(str, read_object(task.error).values()))
