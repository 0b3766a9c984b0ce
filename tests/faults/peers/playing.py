"""The cases are played: one system after the other in each of some threads, which mostly wait."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.peers import Peers
from bench.remote import NoAnswer

from tests.faults.needs import Unavailable
from tests.faults.peers.board import Portable
from tests.faults.peers.stage import Stage
from tests.faults.peers.stores import NotApplicable
from tests.faults.peers.systems import System

PASS, FAIL, NONE, SKIP = "PASS", "FAIL", "n/a", "SKIP"
_TRIES = 3
_STILL = 3.0  # seconds in which nothing at all went on: the machine stood still, not the system


@dataclass(frozen=True)
class Verdict:
    """What came of a case for a system. saw: in a few words."""

    case: str
    system: str
    verdict: str
    saw: str
    seconds: float


@dataclass
class Verdicts:
    """All of them, and the versions of each system's packages."""

    versions: dict[str, dict[str, str]] = field(default_factory=dict)
    found: dict[tuple[str, str], Verdict] = field(default_factory=dict)

    def of(self, case: str, system: str) -> Verdict | None:
        return self.found.get((case, system))


@contextmanager
def stage_of(system: System, peers: Peers) -> Iterator[Stage]:
    """A stage in a directory of its own; all that was started ends with it."""
    with tempfile.TemporaryDirectory(prefix="taskrow-peers-") as place:
        stage = Stage(system, Path(place), peers)
        try:
            yield stage
        finally:
            stage.close()


def play_all(
    chosen: Sequence[Portable],
    systems: Sequence[System],
    peers: Peers,
    *,
    at_once: int,
    show: Callable[[Verdict], None],
) -> Verdicts:
    """Play each case for each system, ``at_once`` systems beside each other."""
    verdicts, pulse = Verdicts(), Pulse()

    def play_for(system: System) -> None:
        for case in chosen:
            verdict = play(case, system, peers, pulse)
            verdicts.found[case.name, system.name] = verdict
            show(verdict)
        verdicts.versions[system.name] = _versions(system, peers)

    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(play_for, systems))
    return verdicts


def play(case: Portable, system: System, peers: Peers, pulse: Pulse) -> Verdict:
    """Play one case for one system, again where the machine stood still meanwhile."""
    for _ in range(_TRIES):
        beats = pulse.stops
        began = time.monotonic()
        verdict, saw = _play_once(case, system, peers)
        if verdict != FAIL or pulse.stops == beats:
            break
    return Verdict(case.name, system.name, verdict, saw, time.monotonic() - began)


def _play_once(case: Portable, system: System, peers: Peers) -> tuple[str, str]:
    try:
        with stage_of(system, peers) as stage:
            return PASS, case.play(stage)
    except NotApplicable as why:
        return NONE, str(why)
    except Unavailable as why:
        return SKIP, str(why)
    except (AssertionError, NoAnswer) as error:
        return FAIL, str(error)


def _versions(system: System, peers: Peers) -> dict[str, str]:
    with stage_of(system, peers) as stage:
        return {name: str(version) for name, version in stage.ask("versions").items()}


class Pulse:
    """Counts how often the machine, or all that we are, stood still for a while."""

    def __init__(self) -> None:
        self.stops = 0
        threading.Thread(target=self._beat, daemon=True).start()

    def _beat(self) -> None:
        last = time.monotonic()
        while True:
            time.sleep(0.2)
            self.stops += time.monotonic() - last > _STILL
            last = time.monotonic()
