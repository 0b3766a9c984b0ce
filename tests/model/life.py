"""Live many random lives; the first that goes wrong is told, by its shortest form."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, HypothesisProvider
from hypothesis.stateful import run_state_machine_as_test

from tests.model.people import People
from tests.model.place import Place
from tests.model.workers import Workers
from tests.model.world import World

_STEPS = 25  # of a life at most


class Plain(HypothesisProvider):
    """Plain luck. Hypothesis itself makes four of five lives from others, with parts repeated."""


AVAILABLE_PROVIDERS["plain"] = f"{__name__}.Plain"


class Life(People, Workers):
    """All rules together."""


@dataclass(frozen=True)
class Lived:
    """How much was tried."""

    runs: int
    steps: int


def live(place: Place, *, runs: int, luck: int, shrink: bool = True) -> Lived:
    """Live so many lives, which a seed decides. Raises what was wrong in one of them.

    shrink: look for the shortest in which it goes wrong; Hypothesis prints it.
    """
    machine = seed(luck)(type("Life", (Life,), {"place": place}))
    lives, steps = World.lives, World.steps
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=runs,
            backend="plain",
            stateful_step_count=_STEPS,
            deadline=None,
            database=None,
            phases=[Phase.generate, *([Phase.shrink] if shrink else [])],
            suppress_health_check=list(HealthCheck),
        ),
    )
    return Lived(World.lives - lives, World.steps - steps)
