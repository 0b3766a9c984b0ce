"""A mutant: the effect has a transaction of its own, before that of the success."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection

from taskrow.engine import committing
from taskrow.engine.committing import Committer
from tests.apps.commit_kills import app

__all__ = ["app"]


def _commit_first(self: Any, work: Any, then: Callable[[Connection], None]) -> None:
    committing.commit_directly(self._engine, work)
    _patiently(self, lambda _: None, then)


_patiently = Committer._commit_patiently
Committer._commit_patiently = _commit_first  # type: ignore[method-assign]
