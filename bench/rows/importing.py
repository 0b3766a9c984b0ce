"""What an import costs: each process that submits or runs pays it once."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from bench.figures import Column, Row
from bench.remote import NoAnswer
from bench.rounds import Group, Round

IMPORT = Row(
    "import",
    "time of an import",
    (Column("seconds", "more than an empty program", "ms", lower_is_better=True),),
    "`python -c` with it, less `python -c pass`.",
    ours="taskrow@queue",
)
_LINES = (
    ("taskrow", "@queue", "from taskrow import TaskQueue"),
    ("taskrow", "@bare", "import taskrow"),
    ("raw", "@both", "import flask, sqlalchemy"),
    ("huey", "@", "from huey import SqliteHuey"),
    ("rq", "@", "from rq import Queue"),
    ("celery", "@", "from celery import Celery; Celery"),
    ("dramatiq", "@", "import dramatiq.brokers.redis"),
    ("procrastinate", "@", "from procrastinate import App"),
)


def _import(round_: Round) -> None:
    whose = {contender.name: contender for contender in round_.contenders}
    for name, variant, line in _LINES:
        if name in whose:
            with round_.noting(whose[name]), round_.places.store(whose[name]) as (python, _):
                _seconds(python, line)  # the first also compiles
                seconds = max(0.0, _seconds(python, line) - _seconds(python, "pass"))
                round_.record(IMPORT.name, whose[name], {"seconds": seconds}, variant, f"`{line}`")


def _seconds(python: Path, line: str) -> float:
    began = time.perf_counter()
    done = subprocess.run([python, "-c", line], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NoAnswer(f"FAILED: {done.stderr.strip().splitlines()[-1]}")
    return time.perf_counter() - began


GROUPS = (Group((IMPORT,), tuple(dict.fromkeys(name for name, *_ in _LINES)), _import),)
