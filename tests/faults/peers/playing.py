"""The cases are played, many beside each other: mostly they wait."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path

from bench.peers import Peers
from bench.remote import NoAnswer

from tests.faults.needs import Unavailable
from tests.faults.peers.board import Portable
from tests.faults.peers.records import FAIL, NONE, PASS, SKIP, Run, Verdict
from tests.faults.peers.stage import Stage
from tests.faults.peers.stores import NotApplicable
from tests.faults.peers.systems import System

_TRIES = 3
_STILL = 3.0  # seconds in which nothing at all went on: the machine stood still, not the system


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
    known: Run,
    show: Callable[[Verdict], None],
) -> Run:
    """Play each case for each system, ``at_once`` of these plays beside each other.

    known: what need not be played again. show: is given each verdict as it comes.
    """
    plays = [(case, system) for case in chosen for system in systems]
    new = [(case, system) for case, system in plays if (case.name, system.name) not in known]
    run, pulse = dict(known), Pulse()
    with ThreadPoolExecutor(at_once) as pool:
        whose = {system.name: system for _, system in new}
        asked = {name: pool.submit(_versions, each, peers) for name, each in whose.items()}
        versions = {name: future.result() for name, future in asked.items()}
        waiting = [
            pool.submit(play, case, system, peers, pulse, versions[system.name])
            for case, system in new
        ]
        try:
            for verdict in (future.result() for future in as_completed(waiting)):
                show(verdict)
                run[verdict.case, verdict.system] = verdict
        finally:
            pool.shutdown(cancel_futures=True)  # on Ctrl-C, what plays now is the last
    return run


def play(
    case: Portable, system: System, peers: Peers, pulse: Pulse, versions: dict[str, str]
) -> Verdict:
    """Play one case for one system; a FAIL again, where the machine stood still meanwhile."""
    for _ in range(_TRIES):
        stops, began = pulse.stops, time.monotonic()
        verdict, saw = _play_once(case, system, peers)
        if verdict != FAIL or pulse.stops == stops:
            break
    return Verdict(case.name, system.name, verdict, saw, time.monotonic() - began, versions)


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
    except Exception as error:  # noqa: BLE001 - our fault, which says nothing of the system
        return SKIP, f"the case itself failed: {error!r}"


def _versions(system: System, peers: Peers) -> dict[str, str]:
    try:
        with stage_of(system, peers) as stage:
            return stage.versions()
    except Unavailable:
        return {}


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
