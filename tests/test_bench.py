"""The benchmark runs, on few tasks and without peers, and its page is written between marks."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from bench.aims import judged
from bench.contenders import CONTENDERS
from bench.figures import Figures
from bench.page import BEGIN, END, write_page
from bench.peers import PACKAGES
from bench.record import read_runs
from bench.report import as_markdown, in_words
from bench.rows.all import GROUPS

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a small run has measured."""
    file = tmp_path_factory.mktemp("bench") / "run.json"
    command: list[str | Path] = ["-m", "bench", "--quick", "--only", "status", "--json", file]
    command += ["--contenders", "taskrow", "raw"]
    subprocess.run([sys.executable, *command], cwd=ROOT, check=True, timeout=100)
    return file


def test_a_small_run_measures_us_and_bare_sqlite3(run: Path) -> None:
    samples = json.loads(run.read_text())["samples"]["status"]
    assert set(samples) == {"taskrow", "raw"}
    assert all(each["rate"] > 0 for [each] in samples.values())


def test_the_tables_can_be_made_again_from_a_run(run: Path) -> None:
    tables = as_markdown(*read_runs([run]), GROUPS)
    assert "### status reads in Python (`status`)" in tables
    assert "| sqlite3, 1 row a commit |" in tables
    assert "fsync on each commit (wal, synchronous=FULL)" in tables


def test_what_could_not_be_measured_is_a_line_of_the_table(run: Path) -> None:
    facts, figures = read_runs([run])
    figures.note_missing("status", "rq", "not measured: no redis-server found")
    figures.titles["rq"] = "RQ"
    assert "| RQ | **not measured: no redis-server found** |" in as_markdown(facts, figures, GROUPS)


def test_ratios_are_taken_within_each_round() -> None:
    figures = Figures()
    for disk in (1, 10, 2):  # its moods hit both
        figures.add("delay", "taskrow", {"rate": 90.0 * disk})
        figures.add("delay", "raw", {"rate": 100.0 * disk})
    assert figures.ratio("delay", "taskrow", "raw", "rate") == pytest.approx(0.9)
    [(aim, value)] = list(judged(figures))
    assert aim.words == "`delay()` beside bare sqlite3"
    assert aim.is_met(value)


def test_the_page_keeps_what_stands_around_the_tables(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    write_page(page, "new")
    assert page.read_text() == f"before\n{BEGIN}\n\nnew\n{END}\nafter\n"


def test_the_page_of_this_project_has_the_marks() -> None:
    text = (ROOT / "docs" / "performance.md").read_text()
    assert text.index(BEGIN) < text.index(END)


def test_each_contender_of_a_row_is_there_and_each_peer_can_be_installed() -> None:
    known = {contender.name for contender in CONTENDERS}
    assert {name for group in GROUPS for name in group.contenders} <= known
    assert {each.peer for each in CONTENDERS if each.peer} <= PACKAGES.keys()


def test_values_are_told_in_the_words_of_their_unit() -> None:
    assert in_words("ms", 0.00071) == "0.71 ms"
    assert in_words("%", 0.905) == "90.5%"
    assert in_words("/s", 41234.4) == "41,234"
