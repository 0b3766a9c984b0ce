"""``taskrow queues``, ``pause`` and ``resume``: the queues as a whole."""

from __future__ import annotations

import json
from datetime import datetime

import click

from taskrow.cli_parts import as_json, command, find_engine, plain, say
from taskrow.domain.times import to_text
from taskrow.engine import lanes


@command("queues")
@as_json
def queues(as_json: bool) -> None:
    """List the queues: what waits, what runs, since when the oldest waits, whether it is paused."""
    engine = find_engine()
    found, now = lanes.overview(engine), engine.clock()
    if as_json:
        click.echo(json.dumps([plain(lane) for lane in found], indent=2))
        return
    width = max((len(lane.name) for lane in found), default=0)
    for lane in found:
        click.echo(
            f"{lane.name:<{width}}  {lane.queued} queued  {lane.scheduled} scheduled  "
            f"{lane.running} running{_since(', the oldest waits', lane.oldest_at, now)}"
            f"{'' if lane.paused_at is None else f', paused since {to_text(lane.paused_at)}'}"
        )
    if not found:
        click.echo("nothing waits, and no queue is paused")


def _since(words: str, start: datetime | None, now: datetime) -> str:
    return "" if start is None else f"{words} {max(0.0, (now - start).total_seconds()):.0f} s"


@command("pause")
@click.argument("queue")
@as_json
def pause(queue: str, as_json: bool) -> None:
    """Have workers take nothing more from a queue; what runs goes on."""
    lanes.pause(find_engine(), queue)
    say(as_json, f"paused {queue}", queue=queue, paused=True)


@command("resume")
@click.argument("queue")
@as_json
def resume(queue: str, as_json: bool) -> None:
    """Have workers take from a queue again."""
    was = lanes.resume(find_engine(), queue)
    say(as_json, f"resumed {queue}" if was else f"{queue} was not paused",
        queue=queue, paused=False, was_paused=was)  # fmt: skip
