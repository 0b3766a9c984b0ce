"""Bars and tables in plain text."""

from __future__ import annotations

from collections.abc import Sequence

_WIDTH = 20


def bar(current: float, total: float) -> str:
    """``[##########..........]  50 %``."""
    part = min(1.0, max(0.0, current / total)) if total > 0 else 0.0
    full = int(part * _WIDTH)
    return f"[{'#' * full}{'.' * (_WIDTH - full)}] {int(part * 100):3d} %"


def table(names: Sequence[str], rows: Sequence[Sequence[object]], widest: int = 36) -> list[str]:
    """The lines of a small table; a cell that is wider than ``widest`` is cut."""
    cells = [[clip("" if cell is None else str(cell), widest) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(names, *cells, strict=True)]
    rule = "+" + "+".join("-" * (width + 2) for width in widths) + "+"
    return [rule, _line(names, widths), rule, *(_line(row, widths) for row in cells), rule]


def clip(text: str, widest: int) -> str:
    """The text, or its beginning and three dots."""
    return text if len(text) <= widest else text[: widest - 3] + "..."


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"
