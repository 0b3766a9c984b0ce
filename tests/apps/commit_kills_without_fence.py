"""A mutant: a commit that does not ask whether the attempt still holds the task."""

from __future__ import annotations

from sqlalchemy import bindparam

from taskrow.storage import claims, finish
from taskrow.storage.tables import tasks
from tests.apps.commit_kills import app

__all__ = ["app"]

_BY_SEQ_ALONE = (
    tasks.c.seq == bindparam("at_seq"),
    bindparam("at_attempt") == bindparam("at_attempt"),
    bindparam("at_worker") == bindparam("at_worker"),
)
finish.__dict__["FENCE"] = _BY_SEQ_ALONE
claims.__dict__["FENCE"] = _BY_SEQ_ALONE
