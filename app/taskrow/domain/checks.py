"""Checks that several options share, each with its sentence (OptionError)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches
from typing import Any

from taskrow.errors import OptionError

WIDEST = 2**31 - 1  # what an INTEGER column of PostgreSQL holds
_OURS = "taskrow."


def suggest(name: str, known: Iterable[str]) -> str:
    """The end of a sentence that names what was probably meant, or what there is."""
    names = sorted(known)
    close = get_close_matches(name, names, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; there are {', '.join(names)}"


def refuse_unknown(given: Iterable[str], known: Collection[str], what: str) -> None:
    """OptionError names what is not known (``'quue' is no {what}``) and the nearest that is."""
    for name in given:
        if name not in known:
            raise OptionError(f"{name!r} is no {what}{suggest(name, known)}")


def check_whole(name: str, value: Any, least: int = 0) -> None:
    """OptionError when it is no whole number that a row can hold."""
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= WIDEST:
        raise OptionError(f"{name} must be a whole number from {least} to {WIDEST}, not {value!r}")


def check_flag(name: str, value: Any) -> None:
    """OptionError when it is neither True nor False."""
    if not isinstance(value, bool):
        raise OptionError(f"{name} must be True or False, not {value!r}")


def is_name(text: object) -> bool:
    """Whether a task function can be called so; the colon is for the names of views."""
    return isinstance(text, str) and text != "" and text.isprintable() and ":" not in text


def check_name(name: object) -> None:
    """OptionError when no task function can be called so."""
    if not is_name(name):
        raise OptionError(f"name must be a text in plain characters without ':', not {name!r}")


def check_not_ours(name: str) -> None:
    """OptionError for a name that belongs to taskrow's own schedules, such as its purge."""
    if name.startswith(_OURS):
        raise OptionError(
            f"names that begin with {_OURS!r} are taskrow's own: call {name!r} something else"
        )
