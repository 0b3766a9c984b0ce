"""The same tasks in a worker whose endings carry no fence: a mutant for the kill test to catch."""

from __future__ import annotations

from sqlalchemy import bindparam

from taskrow.storage import finish
from taskrow.storage.tables import tasks
from tests.apps.kills import app

__all__ = ["app"]

_ANY_ATTEMPT = (
    bindparam("at_attempt") == bindparam("at_attempt"),
    bindparam("at_worker") == bindparam("at_worker"),
)

finish.__dict__["FENCE"] = (tasks.c.seq == bindparam("at_seq"), *_ANY_ATTEMPT)
finish.__dict__["OWN_ATTEMPT"] = _ANY_ATTEMPT
finish._SUCCEED = finish._succeed_statements()
