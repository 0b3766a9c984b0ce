"""The page docs/performance.md: the command writes its tables between two marks."""

from __future__ import annotations

from pathlib import Path

BEGIN, END = "<!-- bench: tables -->", "<!-- bench: end -->"


def write_page(page: Path, tables: str, *, begin: str = BEGIN, end: str = END) -> None:
    """Put the tables between the marks. ValueError where the page has none."""
    before, has_begin, rest = page.read_text().partition(begin)
    _, has_end, after = rest.partition(end)
    if not (has_begin and has_end):
        raise ValueError(f"{page} has no marks {begin} and {end} to write between")
    page.write_text(f"{before}{begin}\n\n{tables}\n{end}{after}")
