"""``python -m bench.serve SPEC``: one contender's process. It is asked in lines of JSON."""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.asks import draining, purging, reading, resting, submitting
from bench.asks.seat import Seat
from bench.lanes.lane import Lane, NotMeasured, Spec

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
    spec = json.loads(sys.argv[1])
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever else is said goes elsewhere
    lane = _open(spec)
    seat = Seat(lane)
    for line in sys.stdin:
        answers.write(json.dumps(_answer(seat, json.loads(line))) + "\n")
    lane.close()


def _open(spec: dict[str, Any]) -> Lane:
    module = importlib.import_module(f"bench.lanes.{spec['lane']}")
    place = Spec(Path(spec["directory"]), spec["url"], spec["options"])
    lane = module.LANE(place)
    assert isinstance(lane, Lane)
    return lane


def _answer(seat: Seat, question: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"answer": ASKS[question["ask"]](seat, **question["with"])}
    except NotMeasured as why:
        return {"not_measured": str(why)}
    except Exception as error:  # noqa: BLE001 - whatever a contender raises is told where it is asked
        return {"failed": f"{error!r}", "traceback": traceback.format_exc()}


if __name__ == "__main__":
    main()
