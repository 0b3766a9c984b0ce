"""What a record says, in words: three verdicts, and what they stand on."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

from tests.soak.chaos import SUPERVISOR, WORKER
from tests.soak.curves import RULE, UNITS, measure
from tests.soak.record import Line

AGAIN = 2.0  # seconds, within which the tasks of a killed worker run again


def report(lines: dict[str, list[Line]]) -> bool:
    """Print it; returns whether all is as it must be."""
    if not lines["verdict"]:
        print(f"ended early, after {len(lines['fault'])} faults: FAIL")
        return False
    verdict = lines["verdict"][-1]
    _print_work(verdict)
    _print_curves(verdict["curves"])
    curves = [curve["flat"] for curve in verdict["curves"]]
    accepted, kills = verdict["accepted"], verdict["kills"]
    passed = {
        "most submits were accepted, and somebody was killed": accepted > verdict["refused"]
        and kills > 0,
        "nothing lost, nothing twice": not verdict["wrongs"],
        f"{len(curves)} curves, all flat": all(curves) if curves else None,
        f"again within {AGAIN:g} s of a worker's or a supervisor's kill, 99 of 100": _soon(
            lines["again"]
        ),
    }
    for wrong in verdict["wrongs"][:20]:
        print("wrong:", wrong)
    for words, holds in passed.items():
        print({True: "PASS", False: "FAIL", None: "NOT JUDGED"}[holds], words)
    return all(holds is not False for holds in passed.values())


def _print_work(verdict: Line) -> None:
    print(f"{verdict['minutes']:.1f} minutes, seen to the end")
    print(f"{verdict['accepted']} tasks accepted, {verdict['refused']} submits not answered by 202")
    print("ended:", ", ".join(_counts(verdict["ended"])))
    print(f"{verdict['begun more than once']} begun more than once")
    print(
        f"{verdict['kills']} kills, {verdict['hits']} of them with tasks that ran; faults:",
        *_counts(verdict["faults"]),
        sep="\n  ",
    )
    print("meanwhile:", ", ".join([*_counts(verdict["chores"]), f"{verdict['due times']} ticks"]))


def _counts(counts: dict[str, int]) -> Iterator[str]:
    most_first = sorted(counts.items(), key=lambda item: -item[1])
    return (f"{times} {what}" for what, times in most_first)


def _print_curves(curves: list[Line]) -> None:
    print(f"curves ({RULE}):" if curves else "too short to judge the curves")
    for curve in curves:
        unit = UNITS.get(measure(curve["name"]), "")
        word = "flat" if curve["flat"] else "GROWS"
        print(
            f"  {word:<5} {curve['name']:<26}{curve['before']:9.1f} ->{curve['after']:9.1f} {unit}"
        )


def _soon(again: list[Line]) -> bool | None:
    """Print how soon all that was killed ran again; returns whether that was soon enough.

    None: nothing that was killed had to.
    """
    for fault in (WORKER, SUPERVISOR):
        seconds = sorted(line["seconds"] for line in again if line["fault"] == fault)
        if seconds:
            print(f"all run again after {fault}, seconds, of {len(seconds)}:"
                  f" p50 {_share(seconds, 0.5):.2f}, p99 {_share(seconds, 0.99):.2f},"
                  f" max {seconds[-1]:.2f}")  # fmt: skip
    seconds = sorted(line["seconds"] for line in again if line["fault"] in (WORKER, SUPERVISOR))
    return _share(seconds, 0.99) <= AGAIN if seconds else None


def _share(ordered: list[float], share: float) -> float:
    """The value that ``share`` of them do not exceed."""
    return float(ordered[max(0, ceil(share * len(ordered)) - 1)])
