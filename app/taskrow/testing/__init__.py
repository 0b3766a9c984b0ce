"""The pytest fixtures that users of taskrow get, without a line of theirs: ``tasks``.

pytest imports this module at every start, so it imports nothing but pytest itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from flask import Flask

    from taskrow.testing.driven import Tasks
    from taskrow.testing.submitted import SubmittedTask

__all__ = ["SubmittedTask", "Tasks", "tasks"]


@pytest.fixture
def tasks(app: Flask, tmp_path: Path) -> Iterator[Tasks]:
    """The tasks of the application that the fixture ``app`` gives, with the clock in your hand.

    Nothing runs by itself: ``run_pending()`` runs what is due, ``advance(hours=1)`` turns the
    clock. The rows are in a file of this test, unless the application sets TASKROW_DATABASE_URL.
    """
    from taskrow.testing.driven import driven

    with driven(app, tmp_path / "taskrow-of-test.db") as tasks:
        yield tasks


if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name in ("SubmittedTask", "Tasks"):
            from taskrow.testing import driven

            return getattr(driven, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
