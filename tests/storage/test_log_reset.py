"""No checkpoint can meet the commit that begins the log anew: old SQLites corrupt the file then.

That needs a checkpoint that begins on a log which is folded already. Ours follow a commit of their
own that wrote, in one turn at the gate.
"""

from __future__ import annotations

import sqlite3
import sys
from contextlib import ExitStack, closing
from itertools import pairwise
from pathlib import Path

import pytest

from taskrow.storage.database import Database
from tests.storage.log_workloads import (
    Notes,
    cut_a_folded_log,
    write_and_note,
    write_without_a_turn,
)
from tests.storage.processes import running
from tests.storage.rows import add

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it reads Linux's locks and clock")


@pytest.mark.parametrize("careful", [True, False], ids=["as it is", "without the write before"])
def test_a_checkpoint_never_begins_on_a_log_that_is_folded(
    sqlite: Database, sqlite_url: str, careful: bool
) -> None:
    add(sqlite)
    with running(cut_a_folded_log, sqlite_url, careful) as child:
        assert child.hear() == (0 if careful else 1)


def test_in_many_processes_a_checkpoint_meets_no_commit_and_no_folded_log(
    sqlite: Database, sqlite_url: str, path: Path
) -> None:
    add(sqlite)
    with ExitStack() as stack:
        outsider = stack.enter_context(running(write_without_a_turn, sqlite_url))
        assert outsider.hear() == "writing"
        writers = [stack.enter_context(running(write_and_note, sqlite_url, 5)) for _ in range(3)]
        notes: list[Notes] = [child.hear() for child in writers]
        outsider.tell()
        assert outsider.hear() > 0
    assert sum(len(one.checkpoints) for one in notes) >= 3 * 5 * 2
    assert sum(one.without_turn for one in notes) == 0
    assert sum(one.on_folded_log for one in notes) == 0
    times = sorted(time for one in notes for time in (*one.checkpoints, *one.commits))
    assert all(end <= began for (_, end), (began, _) in pairwise(times))
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
