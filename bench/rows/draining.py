"""A worker drains what waits, short tasks and longer ones; alone, and while others submit."""

from __future__ import annotations

from functools import partial

from bench.contenders import PEERS
from bench.figures import LATENCY, RATE, Column, Row, latency
from bench.rounds import Group, Round

_SHARE = Column("share", "of the runners' time", "%")
_PAUSE = 0.002  # seconds between two submits while a worker drains

DRAIN = Row(
    "drain",
    "drain of no-op tasks, results stored",
    RATE,
    "Tasks that wait are run by one worker, from the first stored result to the last.",
)
DRAIN_1 = Row(
    "drain-1ms",
    "drain of tasks of 1 ms",
    (_SHARE, *RATE),
    "The same; how much of its runners' time the tasks themselves fill.",
)
DRAIN_10 = Row("drain-10ms", "drain of tasks of 10 ms", (_SHARE, *RATE), "The same.")
BUSY = Row(
    "delay-busy",
    "`delay()` while a worker drains at full speed",
    (*LATENCY, Column("kept", "drain, of alone", "%")),
    "One submit every 2 ms from another process; what each takes, and what it costs the drain.",
)


def drain(row: Row, round_: Round) -> None:
    """Fill, then drain."""
    for contender in round_.each():
        tasks = round_.size(20_000, 4_000, contender)
        with round_.noting(contender), round_.open(contender) as remote:
            answer = remote.ask("drain", tasks=tasks)
            round_.record(row.name, contender, {"rate": answer["rate"]})


def _drain_naps(row: Row, seconds: float, tasks: int, round_: Round) -> None:
    for contender in round_.each():
        runners = int(contender.options.get("runners", 1))
        count = round_.size(tasks, tasks // 4) * runners
        with round_.noting(contender), round_.open(contender) as remote:
            answer = remote.ask("drain", tasks=count, function="nap", argument=seconds)
            rate, runners = answer["rate"], answer["runners"]
            round_.record(row.name, contender, {"share": rate * seconds / runners, "rate": rate})


def _busy(round_: Round) -> None:
    for contender in round_.each():
        tasks, seconds = round_.size(120_000, 20_000, contender), 1.0 if round_.quick else 2.0
        with round_.noting(contender):
            with round_.open(contender) as remote:
                alone = remote.ask("drain_for", tasks=tasks, seconds=seconds)["rate"]
            with round_.open(contender) as remote:
                answer = remote.ask("drain_for", tasks=tasks, seconds=seconds, pause=_PAUSE)
            values = latency(answer["took"]) | {"kept": answer["rate"] / alone}
            round_.figures.add_spread(BUSY.name, contender.name, answer["took"])
            round_.record(BUSY.name, contender, values)


_WORKERS = ("taskrow", "taskrow-1", "raw")
_FEW = frozenset(("taskrow", "raw", "huey", "celery"))
GROUPS = (
    Group((DRAIN,), (*_WORKERS, "raw-100", *PEERS), partial(drain, DRAIN)),
    Group((DRAIN_1,), (*_WORKERS, *PEERS), partial(_drain_naps, DRAIN_1, 0.001, 2_000), _FEW),
    Group((DRAIN_10,), (*_WORKERS, *PEERS), partial(_drain_naps, DRAIN_10, 0.010, 200), _FEW),
    Group((BUSY,), ("taskrow", "raw", "raw-100", *PEERS), _busy, _FEW),
)
