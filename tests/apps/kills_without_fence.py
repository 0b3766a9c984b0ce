"""The same tasks in a worker whose endings carry no fence: a mutant for the kill test to catch."""

from __future__ import annotations

from sqlalchemy import bindparam, update

from taskrow.domain.task import Status
from taskrow.storage import finish
from taskrow.storage.tables import tasks
from tests.apps.kills import app

__all__ = ["app"]

_BY_SEQ_ALONE = (
    tasks.c.seq == bindparam("at_seq"),
    bindparam("at_attempt") == bindparam("at_attempt"),
    bindparam("at_worker") == bindparam("at_worker"),
)

finish.__dict__["FENCE"] = _BY_SEQ_ALONE
finish._SUCCEED = (
    update(tasks)
    .where(*_BY_SEQ_ALONE)
    .values(
        status=Status.SUCCEEDED,
        result=bindparam("to_result"),
        progress=bindparam("to_progress"),
        lease_expires_at=None,
        finished_at=bindparam("now"),
        purge_at=bindparam("to_purge_at"),
    )
)
