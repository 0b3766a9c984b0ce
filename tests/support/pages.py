"""The pages of docs/: their code, their tables and their links."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.processes import ROOT

DOCS = ROOT / "docs"
_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def code_of(page: Path) -> str:
    """All Python blocks of a page as one module: they build on each other."""
    blocks: list[str] = _BLOCK.findall(page.read_text())
    return "\n\n".join(blocks)


def rows_of(page: Path) -> list[list[str]]:
    """The cells of all table rows, without the lines between head and body."""
    lines = [line for line in page.read_text().splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in rows if set("".join(row)) - set("-: ")]


def links_of(page: Path) -> list[str]:
    """Where its links lead, as they are written; those into the web are left out."""
    found: list[str] = _LINK.findall(page.read_text())
    return [link for link in found if "://" not in link]
