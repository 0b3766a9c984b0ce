"""The examples of docs/testing.md, run as they stand: a project of its own, a pytest of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from tests.support.processes import ROOT

PAGE = ROOT / "docs" / "testing.md"
BLOCK = re.compile(r"```python\n# (\S+\.py)\n(.*?)```", re.DOTALL)


def write_project(directory: Path) -> None:
    """The files that the examples name; several examples may go on with one file."""
    files: dict[str, list[str]] = defaultdict(list)
    for name, code in BLOCK.findall(PAGE.read_text()):
        files[name].append(code)
    assert set(files) == {"shop.py", "conftest.py", "test_shop.py"}
    for name, parts in files.items():
        (directory / name).write_text("\n\n".join(parts))


def run_pytest(directory: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"]
    return subprocess.run(
        [*command, *options],
        check=False,
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=100,
    )


def test_every_example_passes(tmp_path: Path) -> None:
    write_project(tmp_path)
    run = run_pytest(tmp_path)
    assert run.returncode == 0, run.stdout
    count = len(re.findall(r"^def test_", PAGE.read_text(), re.MULTILINE))
    assert f"{count} passed" in run.stdout
    assert not list(tmp_path.rglob("taskrow.db"))  # nothing was written beside the tests


def test_the_failure_reads_as_the_page_says(tmp_path: Path) -> None:
    write_project(tmp_path)
    (tmp_path / "test_shop.py").write_text(
        "import shop\n\n\n"
        "def test_it(app, tasks):\n"
        "    app.test_client().post('/orders/7')\n"
        "    tasks.assert_submitted(shop.confirm, number=8)\n"
    )
    run = run_pytest(tmp_path)
    shown = re.findall(r"```\n(AssertionError: .*?)```", PAGE.read_text(), re.DOTALL)
    assert len(shown) == 1
    for line in shown[0].splitlines():
        assert line in run.stdout
    assert "testing/driven.py" not in run.stdout  # the failure is shown where it was asserted


def test_pytest_does_not_load_flask_for_it(tmp_path: Path) -> None:
    (tmp_path / "test_nothing.py").write_text(
        "import sys\n\n\n"
        "def test_nothing():\n"
        "    assert 'taskrow.testing' in sys.modules\n"
        "    heavy = {'flask', 'sqlalchemy', 'alembic', 'werkzeug', 'click'}\n"
        "    assert not heavy & set(sys.modules)\n"
    )
    run = run_pytest(tmp_path, "-p", "no:flask", "-p", "no:schemathesis", "-p", "no:hypothesis")
    assert run.returncode == 0, run.stdout
