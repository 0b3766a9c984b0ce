"""Live many random lives; the first that goes wrong is told, by its shortest form."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model.people import People
from tests.model.place import Place
from tests.model.workers import Workers
from tests.model.world import World

_STEPS = 25  # of a life at most


class Life(People, Workers):
    """All rules together."""


@dataclass(frozen=True)
class Lived:
    """How much was tried. broken: which life was wrong; 0: none. wrong: what was."""

    runs: int
    steps: int
    broken: int = 0
    wrong: str = ""


def live(place: Place, *, runs: int, luck: int, shrink: bool = True) -> Lived:
    """Live so many lives, which a seed decides, or until one goes wrong.

    shrink: look for the shortest in which it does, which ``wrong`` then tells.
    """
    machine = seed(luck)(type("Life", (Life,), {"place": place}))
    World.lives = World.steps = World.broken = 0
    try:
        run_state_machine_as_test(machine, settings=_settings(runs, shrink=shrink))
    except Exception as error:  # noqa: BLE001 - a driver's, too
        told = [str(error), *getattr(error, "__notes__", [])]
        broken = World.broken or World.lives or 1
        return Lived(broken, World.steps, broken, "\n".join(told))
    return Lived(World.lives, World.steps)


def _settings(runs: int, *, shrink: bool) -> settings:
    return settings(
        max_examples=runs,
        stateful_step_count=_STEPS,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        phases=[Phase.generate, *([Phase.shrink] if shrink else [])],
        suppress_health_check=list(HealthCheck),
    )
