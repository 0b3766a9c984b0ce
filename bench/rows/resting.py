"""A worker at rest: how soon it takes what comes, and what it costs meanwhile."""

from __future__ import annotations

from typing import Any

from bench.contenders import DEFAULTS, Contender
from bench.figures import LATENCY, Column, Row, latency
from bench.rounds import Group, Round

PICK_UP = Row(
    "pick-up",
    "pick-up on an idle queue",
    LATENCY,
    "From the return of a submit in another process to the first line of the task.",
)
AFTER_IDLE = Row(
    "pick-up-idle",
    "pick-up after 30 s without work",
    LATENCY[:1],
    "One task in each round.",
)
BY_HAND = Row(
    "pick-up-by-hand",
    "pick-up of a row inserted with `sqlite3`",
    LATENCY,
    "From the commit of an INSERT by a process that knows nothing of the queue.",
)
AT_REST = Row(
    "at-rest",
    "a worker at rest",
    (
        Column("cpu", "of a core", "%", lower_is_better=True),
        Column("pss", "memory (PSS)", "MiB", lower_is_better=True),
        Column("rss", "RSS of all processes", "MiB", lower_is_better=True),
    ),
    "The worker and all its processes, without the server that a peer needs beside it.",
)
START = Row(
    "start",
    "start of a worker",
    (
        Column("start", "to its first task", "s", lower_is_better=True),
        Column("runner_start", "of that the runner", "s", lower_is_better=True),
    ),
    "From the command to the first line of a task that waits; the runner's part from its fork on.",
)


def _rest(round_: Round) -> None:
    for contender in round_.each():
        asked = {
            "tasks": round_.size(200, 30),
            "idle": 1.0 if round_.quick else 10.0,
            "by_hand": round_.size(50, 20) if contender.lane in ("ours", "raw") else 0,
            "long_idle": _long_idle(round_),
        }
        with round_.noting(contender), round_.open(contender) as remote:
            _record(round_, contender, remote.ask("rest", **asked))


def _long_idle(round_: Round) -> float:
    if AFTER_IDLE.name not in round_.rows:
        return 0.0
    return 3.0 if round_.quick else 30.0


def _record(round_: Round, contender: Contender, answer: dict[str, Any]) -> None:
    for row, key in ((PICK_UP, "picked_up"), (BY_HAND, "by_hand"), (AFTER_IDLE, "after_idle")):
        if row.name in round_.rows and answer.get(key):
            round_.figures.add_spread(row.name, contender.name, answer[key])
            values = latency(answer[key])
            round_.record(
                row.name, contender, {column.key: values[column.key] for column in row.columns}
            )
    for row in (AT_REST, START):
        if row.name in round_.rows:
            round_.record(
                row.name, contender, {column.key: answer[column.key] for column in row.columns}
            )


GROUPS = (
    Group(
        (PICK_UP, AFTER_IDLE, BY_HAND, AT_REST, START),
        ("taskrow", "taskrow-1", "raw", "huey", "huey-2", *DEFAULTS[1:]),
        _rest,
    ),
)
