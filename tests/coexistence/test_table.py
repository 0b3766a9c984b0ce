"""docs/flask.md: its table is true, its links lead somewhere, its examples run."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.support.processes import ROOT

PAGE = ROOT / "docs" / "flask.md"
TEXT = PAGE.read_text()
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TEXT.splitlines()
    if line.startswith("| ") and not line.startswith("| extension ")
]
LINKS = re.findall(r"\]\(([^)]+)\)", TEXT)


def declared() -> dict[str, Version]:
    """The lowest version that pyproject.toml takes of each package."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = project["dependencies"] + project["optional-dependencies"]["test"]
    required = [Requirement(line) for line in lines]
    return {
        canonicalize_name(one.name): min(Version(part.version) for part in one.specifier)
        for one in required
        if one.specifier
    }


@pytest.mark.parametrize(("name", "told"), [row[:2] for row in ROWS], ids=[row[0] for row in ROWS])
def test_each_version_is_that_of_the_package_that_is_tested(name: str, told: str) -> None:
    installed, lowest = Version(version(name)), declared().get(canonicalize_name(name))
    assert told == f"{installed.major}.{installed.minor}"
    assert lowest is None or lowest.release[:2] <= Version(told).release


def test_every_test_module_is_in_the_table() -> None:
    linked = {(PAGE.parent / link).resolve() for row in ROWS for link in LINKS if link in row[3]}
    here = Path(__file__)
    assert linked >= set(here.parent.glob("test_*.py")) - {here}


@pytest.mark.parametrize("link", LINKS)
def test_every_link_leads_somewhere(link: str) -> None:
    assert (PAGE.parent / link).exists()


def test_the_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One after the other, as one program."""
    monkeypatch.chdir(tmp_path)
    program = "\n".join(re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL))
    names: dict[str, object] = {"__name__": "page"}
    exec(compile(program, str(PAGE), "exec"), names)
    assert names.keys() >= {"app", "queue", "owner", "access", "csrf"}
