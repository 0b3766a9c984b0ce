"""``delay()`` from one thread and from eight, and ``submit_many``."""

from __future__ import annotations

from collections import defaultdict
from functools import partial

from bench.figures import RATE, Row
from bench.remote import Remote
from bench.rounds import Group, Round

_PEERS = (
    "huey",
    "rq",
    "rq-aof",
    "celery",
    "celery-aof",
    "dramatiq",
    "dramatiq-aof",
    "procrastinate",
)
_TURNS = 10
_WARM_UP = 50

DELAY = Row(
    "delay",
    "`delay()`, one thread",
    RATE,
    "Tasks submitted one by one; each is committed when its call returns.",
)
DELAY_8 = Row(
    "delay-8", "`delay()`, eight threads", RATE, "The same from eight threads of one process."
)
SUBMIT_MANY = Row(
    "submit-many", "`submit_many`", RATE, "Many tasks in one call, a thousand rows a commit."
)


def delay(row: Row, threads: int, round_: Round) -> None:
    """Submit one by one; all contenders take turns of a tenth each, back and forth."""
    tasks = round_.size(8_000, 1_000) * (1 if threads == 1 else 3)
    with round_.all_open() as remotes:
        seconds: dict[str, float] = defaultdict(float)
        done: dict[str, int] = defaultdict(int)
        for turn in range(_TURNS):
            for remote in remotes if turn % 2 == 0 else remotes[::-1]:
                with round_.noting(remote.contender):
                    _one_turn(remote, tasks, threads, seconds, done)
        for remote in remotes:
            name = remote.contender.name
            if done[name]:
                round_.record(row.name, remote.contender, {"rate": done[name] / seconds[name]})


def _one_turn(
    remote: Remote, tasks: int, threads: int, seconds: dict[str, float], done: dict[str, int]
) -> None:
    name, part = remote.contender.name, max(8, int(tasks * remote.contender.share) // _TURNS)
    if name not in done:
        done[name] = 0
        remote.ask("delay", tasks=_WARM_UP, threads=threads)
    seconds[name] += remote.ask("delay", tasks=part, threads=threads)["seconds"]
    done[name] += part


def submit_many(row: Row, round_: Round) -> None:
    """Submit many in one call."""
    for contender in round_.each():
        tasks = round_.size(200_000, 20_000, contender)
        with round_.noting(contender), round_.open(contender) as remote:
            remote.ask("submit_many", tasks=_WARM_UP)
            seconds = remote.ask("submit_many", tasks=tasks)["seconds"]
            round_.record(row.name, contender, {"rate": tasks / seconds})


_SUBMITTERS = ("taskrow", "raw", *_PEERS)
GROUPS = (
    Group((DELAY,), _SUBMITTERS, partial(delay, DELAY, 1)),
    Group((DELAY_8,), _SUBMITTERS, partial(delay, DELAY_8, 8)),
    Group((SUBMIT_MANY,), _SUBMITTERS, partial(submit_many, SUBMIT_MANY)),
)
