"""What a peer's worker imports: its application, on the store that the environment names."""

from __future__ import annotations

import importlib
import os

from bench.lanes.lane import Command

_LANE, _STORE = "BENCH_LANE", "BENCH_STORE"


def worker_command(lane: str, store: str, *arguments: str) -> Command:
    """A command whose process finds the application here."""
    return Command(arguments, {_LANE: lane, _STORE: store})


if _LANE in os.environ:
    app = importlib.import_module(f"bench.lanes.{os.environ[_LANE]}").make_app(os.environ[_STORE])
