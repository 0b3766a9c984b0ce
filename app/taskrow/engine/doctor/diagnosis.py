"""One line of the doctor's: how something stands, and what to do where it does not stand well."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is. WARN: it works for now; BAD: tasks are not taken, not run, or in danger."""

    OK = "OK"
    WARN = "WARN"
    BAD = "BAD"


@dataclass(frozen=True)
class Diagnosis:
    """``name``: what was looked at; ``says``: how it stands; ``do``: what to do about it."""

    name: str
    level: Level
    says: str
    do: str = ""


def ok(name: str, says: str) -> Diagnosis:
    """It stands well."""
    return Diagnosis(name, Level.OK, says)


def warn(name: str, says: str, do: str) -> Diagnosis:
    """Somebody should know."""
    return Diagnosis(name, Level.WARN, says, do)


def bad(name: str, says: str, do: str) -> Diagnosis:
    """Somebody must act."""
    return Diagnosis(name, Level.BAD, says, do)


def size(number: float) -> str:
    """Bytes as people say them: ``12.3 MiB``."""
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if number < 1024 or unit == "GiB":
            break
        number /= 1024
    return f"{number:,.0f} {unit}" if unit == "bytes" else f"{number:,.1f} {unit}"


def span(seconds: float) -> str:
    """A time as people say it: ``3 min``."""
    for unit, many in (("s", 120), ("min", 120), ("h", 48)):
        if seconds < many:
            return f"{seconds:.0f} {unit}"
        seconds /= 60 if unit != "h" else 24
    return f"{seconds:.0f} days"


def some(names: list[str], most: int = 3) -> str:
    """The first of several names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
