"""Large tables: what all of it costs with ten thousand to ten million rows behind it."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from bench.contenders import Contender
from bench.figures import Column, Row, percentile
from bench.remote import Remote
from bench.rounds import Group, Round
from bench.tables import make_table

SIZES = (0, 10_000, 100_000, 1_000_000, 10_000_000)
_QUICK_SIZES = (0, 100_000)
_COLUMNS = (
    Column("delay", "`delay()` a second", "/s"),
    Column("many", "`submit_many` a second", "/s"),
    Column("drain", "drain a second", "/s"),
    Column("status", "status reads a second", "/s"),
    Column("pick_up", "pick-up, p50", "ms", lower_is_better=True),
)

FINISHED = Row(
    "finished-rows",
    "with finished rows behind it",
    _COLUMNS,
    "The same work on tables of finished tasks; status reads are of tasks from everywhere in it.",
    ours="",
    base="@0",
)
WAITING = Row(
    "waiting-rows",
    "with a million waiting rows before it",
    (_COLUMNS[0], _COLUMNS[2]),
    "The worker drains for two seconds, others submit one by one before that.",
    ours="",
    base="@0",
)


def _finished(round_: Round) -> None:
    for contender in round_.each():
        for size in _QUICK_SIZES if round_.quick else SIZES:
            with round_.noting(contender):
                _record(round_, FINISHED, contender, size, _measure(round_, contender, size))


def _record(
    round_: Round, row: Row, contender: Contender, size: int, values: dict[str, float]
) -> None:
    title = f"{contender.title}, {size:,} rows"
    round_.record(row.name, contender, values, variant=f"@{size}", title=title)


def _measure(round_: Round, contender: Contender, size: int) -> dict[str, float]:
    file = round_.places.directory / "tables" / f"finished-{size}.db"
    make_table(file, "finished", size)
    placed = replace(contender, options={**contender.options, "file": str(file), "finished": size})
    with round_.open(placed) as remote:
        tasks = round_.size(1_500, 200)
        seconds = remote.ask("delay", tasks=tasks, threads=1)["seconds"]
        values = {"delay": tasks / seconds} | _in_bulk(round_, remote)
        status = remote.ask("read", reads=round_.size(20_000, 2_000), stored=True)
        found = remote.ask("rest", tasks=round_.size(60, 20), idle=0.0)
        return values | {
            "status": status["rate"],
            "pick_up": percentile(found["picked_up"], 0.5),
        }


def _in_bulk(round_: Round, remote: Remote) -> dict[str, float]:
    tasks = round_.size(20_000, 2_000)
    seconds = remote.ask("submit_many", tasks=tasks)["seconds"]
    return {"many": tasks / seconds, "drain": remote.ask("drain", tasks=tasks)["rate"]}


def _waiting(round_: Round) -> None:
    for contender in round_.each():
        for size in (0, round_.size(1_000_000, 100_000)):
            with round_.noting(contender):
                values = _measure_waiting(round_, contender, size)
                _record(round_, WAITING, contender, size, values)


def _measure_waiting(round_: Round, contender: Contender, size: int) -> dict[str, float]:
    if not size:
        return _drain_beside(round_, contender, round_.size(120_000, 10_000))
    directory = round_.places.directory
    made = make_table(directory / "tables" / f"waiting-{size}.db", "waiting", size)
    with tempfile.TemporaryDirectory(dir=directory) as fresh:
        file = shutil.copy(made, Path(fresh) / "tasks.db")
        placed = replace(contender, options={**contender.options, "file": str(file)})
        return _drain_beside(round_, placed, 1)


def _drain_beside(round_: Round, contender: Contender, fill: int) -> dict[str, float]:
    """Submit one by one, then fill up and drain for a while."""
    with round_.open(contender) as remote:
        tasks = round_.size(1_500, 200)
        seconds = remote.ask("delay", tasks=tasks, threads=1)["seconds"]
        lasting = 0.5 if round_.quick else 2.0
        drained = remote.ask("drain_for", tasks=fill, seconds=lasting)["rate"]
        return {"delay": tasks / seconds, "drain": drained}


_OURS = frozenset(("taskrow",))
GROUPS = (
    Group((FINISHED,), ("taskrow", "raw-100"), _finished, _OURS),
    Group((WAITING,), ("taskrow", "raw-100"), _waiting, _OURS),
)
