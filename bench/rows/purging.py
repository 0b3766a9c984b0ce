"""Purge of a million rows while web and worker run."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from bench.contenders import Contender
from bench.figures import LATENCY, Column, Row, latency
from bench.rounds import Group, Round
from bench.tables import make_table

_PAUSE = 0.002

PURGE = Row(
    "purge",
    "`delay()` while a million rows are purged",
    (
        LATENCY[1],
        LATENCY[2],
        LATENCY[0],
        Column("rate", "rows deleted a second", "/s"),
        Column("given_back", "of the file given back", "%"),
    ),
    "One submit every 2 ms beside a worker and `taskrow purge`; how much smaller the file is then.",
)


def _purge(round_: Round) -> None:
    for contender in round_.each():
        with round_.noting(contender):
            _purge_one(round_, contender, round_.size(1_000_000, 50_000))


def _purge_one(round_: Round, contender: Contender, rows: int) -> None:
    directory = round_.places.directory
    made = make_table(directory / "tables" / f"due-{rows}.db", "due", rows)
    with tempfile.TemporaryDirectory(dir=directory) as fresh:
        file = shutil.copy(made, Path(fresh) / "tasks.db")
        placed = replace(contender, options={**contender.options, "file": str(file)})
        with round_.open(placed) as remote:
            answer = remote.ask(
                "purge_beside", pause=_PAUSE, settling=0.0 if round_.quick else 70.0
            )
    round_.figures.add_spread(PURGE.name, contender.name, answer["took"])
    values = latency(answer["took"]) | {"rate": rows / answer["seconds"]}
    if not round_.quick:  # a worker cuts the file once a minute
        values["given_back"] = 1 - answer["after"] / answer["before"]
    round_.record(PURGE.name, contender, values)


GROUPS = (Group((PURGE,), ("taskrow", "raw"), _purge),)
