"""``taskrow queues``, ``pause`` and ``resume``: the queues as a whole."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

import click

from taskrow.cli_parts import as_json, command, find_engine, harmless, plain, say
from taskrow.domain.times import to_text
from taskrow.engine import lanes
from taskrow.storage.lanes import ALL, Lane, Pause


@command("queues")
@as_json
def queues(as_json: bool) -> None:
    """List the queues: what waits, what runs, since when the oldest waits, whether it is paused."""
    engine = find_engine()
    found, for_all = lanes.overview(engine), lanes.pauses(engine).get(ALL)
    if as_json:
        click.echo(json.dumps([plain(lane) for lane in found], indent=2))
        return
    width = max((len(lane.name) for lane in found), default=0)
    for lane in found:
        click.echo(f"{lane.name:<{width}}  {_words(lane, engine.clock())}")
    if for_all is not None:
        click.echo(f"all queues are{_paused(for_all.since, for_all.reason)}")
    elif not found:
        click.echo("nothing waits, and no queue is paused")


def _words(lane: Lane, now: datetime) -> str:
    oldest = ""
    if lane.oldest_at is not None:
        oldest = f", the oldest waits {max(0.0, (now - lane.oldest_at).total_seconds()):.0f} s"
    pause = "" if lane.paused_at is None else f",{_paused(lane.paused_at, lane.reason)}"
    counts = f"{lane.queued} queued  {lane.scheduled} scheduled  {lane.running} running"
    return f"{counts}{oldest}{pause}"


def _paused(since: datetime, reason: str | None) -> str:
    return f" paused since {to_text(since)}{f': {harmless(reason)}' if reason else ''}"


def _one_or_all(context: click.Context, _: click.Parameter, queue: str | None) -> str | None:
    """A queue, or --all: not both, and not neither."""
    if (queue is None) is not bool(context.params.get("every")):
        raise click.UsageError("name one queue, or give --all")
    return queue


_queue = click.argument("queue", required=False, callback=_one_or_all)
_every = click.option("--all", "every", is_flag=True, is_eager=True, help="All queues.")


@command("pause")
@_queue
@_every
@click.option("--reason", help="Why, for those who wonder.")
@as_json
def pause(queue: str | None, every: bool, reason: str | None, as_json: bool) -> None:
    """Have workers take nothing more from a queue, or from all; what runs goes on."""
    if queue is None:
        lanes.pause_all(find_engine(), reason)
    else:
        lanes.pause(find_engine(), queue, reason)
    say(as_json, f"paused {'all queues' if every else queue}", queue=queue, paused=True)


@command("resume")
@_queue
@_every
@as_json
def resume(queue: str | None, every: bool, as_json: bool) -> None:
    """Have workers take from a queue again; --all: what --all or a restore has paused."""
    engine = find_engine()
    was = lanes.resume_all(engine) if queue is None else lanes.resume(engine, queue)
    name = queue or "all queues"
    words = f"resumed {name}" if was else f"{name} {'were' if every else 'was'} not paused"
    say(as_json, f"{words}{_still_paused(lanes.pauses(engine), queue)}",
        queue=queue, paused=False, was_paused=was)  # fmt: skip


def _still_paused(pauses: Mapping[str, Pause], queue: str | None) -> str:
    if ALL in pauses:
        return "; but all queues are paused: taskrow resume --all"
    if queue is None and pauses:
        return f"; paused by name, and still so: {', '.join(pauses)}"
    return ""
