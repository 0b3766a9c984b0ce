"""The status of a task, read in Python."""

from __future__ import annotations

from bench.contenders import DEFAULTS
from bench.figures import RATE, Row
from bench.rounds import Group, Round

STATUS = Row(
    "status",
    "status reads in Python",
    RATE,
    "`AsyncResult(id).state` (for peers: the same by their API) of tasks in any order, one thread.",
)


def _status(round_: Round) -> None:
    for contender in round_.each():
        with round_.noting(contender), round_.open(contender) as remote:
            remote.ask("drain", tasks=round_.size(2_000, 500, contender))
            rate = remote.ask("read", reads=round_.size(50_000, 10_000, contender))["rate"]
            round_.record(STATUS.name, contender, {"rate": rate})


GROUPS = (Group((STATUS,), ("taskrow", "raw", *DEFAULTS), _status),)
