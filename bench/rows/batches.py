"""Throughput against the rows in a commit, and against runners: what decides it all."""

from __future__ import annotations

from dataclasses import replace

from bench.figures import RATE, Row
from bench.rounds import Group, Round

BATCHES = (1, 10, 100, 1_000, 10_000)
RUNNERS = (1, 2, 3, 4)

SUBMITS = Row(
    "batch-submit",
    "submit against rows in a commit",
    RATE,
    "The rows of one call, so many a transaction (taskrow: 1,000).",
    ours="",
)
DRAINS = Row(
    "batch-drain",
    "drain against tasks in a commit",
    RATE,
    "Bare sqlite3 in one process; taskrow picks its batch by itself.",
    ours="",
)
BY_RUNNERS = Row("runners", "drain against runners", RATE, "No-op tasks, one worker.", ours="")


def _submits(round_: Round) -> None:
    for contender in round_.each():
        for batch in BATCHES[1::2] if round_.quick else BATCHES:
            tasks = round_.size(20_000 if batch > 10 else 3_000, 1_000)
            with round_.noting(contender), round_.open(contender) as remote:
                remote.ask("submit_many", tasks=50)
                seconds = remote.ask("submit_many", tasks=tasks, at_once=batch)["seconds"]
                title = f"{contender.title.partition(',')[0]}, {batch:,} rows"
                values = {"rate": tasks / seconds}
                round_.record(SUBMITS.name, contender, values, f"@{batch}", title)


def _drains(round_: Round) -> None:
    for contender in round_.each():
        for batch in BATCHES[:3:2] if round_.quick else BATCHES[:-1]:
            placed = replace(contender, options={"batch": batch})
            tasks = round_.size(20_000 if batch > 10 else 5_000, 1_000 + 4 * batch)
            with round_.noting(contender), round_.open(placed) as remote:
                values = {"rate": remote.ask("drain", tasks=tasks)["rate"]}
                title = f"{contender.title.partition(',')[0]}, {batch:,} rows"
                round_.record(DRAINS.name, contender, values, f"@{batch}", title)


def _by_runners(round_: Round) -> None:
    for contender in round_.each():
        for runners in RUNNERS[:2] if round_.quick else RUNNERS:
            placed = replace(contender, options={"runners": runners})
            with round_.noting(contender), round_.open(placed) as remote:
                answer = remote.ask("drain", tasks=round_.size(20_000, 2_000))
                title = f"taskrow, {runners} runner{'s' * (runners > 1)}"
                values = {"rate": answer["rate"]}
                round_.record(BY_RUNNERS.name, contender, values, f"@{runners}", title)


GROUPS = (
    Group((SUBMITS,), ("taskrow", "raw"), _submits),
    Group((DRAINS,), ("raw",), _drains),
    Group((BY_RUNNERS,), ("taskrow",), _by_runners),
)
