"""The page docs/performance.md: the command writes its tables between two marks."""

from __future__ import annotations

from pathlib import Path

BEGIN, END = "<!-- bench: tables -->", "<!-- bench: end -->"


def write_page(page: Path, tables: str) -> None:
    """Put the tables between the marks. ValueError where the page has none."""
    before, begin, rest = page.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{page} has no marks {BEGIN} and {END} to write between")
    page.write_text(f"{before}{BEGIN}\n\n{tables}\n{END}{after}")
