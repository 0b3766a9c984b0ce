"""The portable cases: each judges every system by the same code.

A case is a function of a :class:`~tests.faults.peers.stage.Stage` that returns what it saw; an
AssertionError is a FAIL; NotApplicable means that it has no meaning for a system.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.faults.peers import cases

if TYPE_CHECKING:
    from tests.faults.peers.stage import Stage

Play = Callable[["Stage"], str]


@dataclass(frozen=True)
class Portable:
    """One case. fault: what is done; expected: what passes; number: its like on our scoreboard."""

    name: str
    fault: str
    expected: str
    number: int | None
    play: Play


PORTABLE: dict[str, Portable] = {}


def portable(fault: str, *, expected: str, number: int | None = None) -> Callable[[Play], Play]:
    """Put a function on the board, under its own name."""

    def register(play: Play) -> Play:
        name = play.__name__.replace("_", "-")
        PORTABLE[name] = Portable(name, fault, expected, number, play)
        return play

    return register


def all_portable() -> list[Portable]:
    """Every case, module by module."""
    for module in cases.IN_ORDER:
        importlib.import_module(f"{cases.__name__}.{module}")
    return list(PORTABLE.values())
