"""The scoreboard: each case injects one fault for real, and says what was seen.

A case is a function that takes a :class:`~tests.faults.scene.Scene`. It returns what it saw in a
few words; an AssertionError is a FAIL; Unavailable (needs.py) means that it cannot be tried here.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.faults import cases

if TYPE_CHECKING:
    from tests.faults.scene import Scene

Play = Callable[["Scene"], str]


@dataclass(frozen=True)
class Case:
    """One fault: its number, what is done, and what must come of it."""

    number: int
    fault: str
    expected: str
    play: Play


BOARD: dict[int, Case] = {}


def case(number: int, fault: str, *, expected: str) -> Callable[[Play], Play]:
    """Put a function on the scoreboard."""

    def register(play: Play) -> Play:
        assert number not in BOARD, f"two cases have the number {number}"
        BOARD[number] = Case(number, fault, expected, play)
        return play

    return register


def all_cases() -> list[Case]:
    """Every case, by number."""
    for module in pkgutil.iter_modules(cases.__path__):
        importlib.import_module(f"{cases.__name__}.{module.name}")
    return [BOARD[number] for number in sorted(BOARD)]
