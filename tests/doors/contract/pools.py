"""What the tests of the contract share."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path

Pool = Callable[[], Executor]
LONG = 30.0


def open_gate(gate: str) -> None:
    """Let those go on who stand before it."""
    Path(gate).touch()
