"""What a flaw of taskrow's own code is."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Flaw:
    """``edits``: (file of the package, what stands there once, what stands there instead).

    Who must notice it: tests (pytest's node ids), a case of the scoreboard, or one of so many
    histories of the simulation. ``words`` must be in what the case has seen: an edit that breaks
    something else lets it fail, too.
    """

    name: str
    edits: list[tuple[str, str, str]]
    tests: list[str] = field(default_factory=list)
    case: int | None = None
    words: str = ""
    histories: int | None = None
