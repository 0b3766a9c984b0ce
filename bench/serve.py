"""``python -m bench.serve SPEC``: one contender's process. It is asked in lines of JSON."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.answering import answer_all, take_line
from bench.asks import draining, purging, reading, resting, submitting
from bench.asks.seat import Seat
from bench.lanes.lane import Lane, Spec

ASKS: Mapping[str, Callable[..., dict[str, Any]]] = {
    "delay": submitting.delay,
    "submit_many": submitting.submit_many,
    "drain": draining.drain,
    "drain_for": draining.drain_for,
    "rest": resting.rest,
    "purge_beside": purging.purge_beside,
    "read": reading.read,
    "durability": lambda seat: {"words": seat.lane.durability(), "versions": _versions(seat)},
}


def _versions(seat: Seat) -> dict[str, str]:
    return {name: version(name) for name in seat.lane.packages}


def main() -> None:
    """Answer until there are no more questions."""
    line = take_line()
    lane = _open(json.loads(sys.argv[1]))
    seat = Seat(lane)
    answer_all(line, lambda question, given: ASKS[question](seat, **given))
    lane.close()


def _open(spec: dict[str, Any]) -> Lane:
    module = importlib.import_module(f"bench.lanes.{spec['lane']}")
    place = Spec(Path(spec["directory"]), spec["url"], spec["options"])
    lane = module.LANE(place)
    assert isinstance(lane, Lane)
    return lane


if __name__ == "__main__":
    main()
