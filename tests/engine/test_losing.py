"""How an attempt ends whose worker is gone, as the rules say it; no worker is needed for that."""

from __future__ import annotations

import pytest

from taskrow.domain.options import TaskOptions
from taskrow.domain.task import Status
from taskrow.engine import endings
from taskrow.engine.functions import TaskFunction
from taskrow.engine.queue import QueueEngine
from tests.storage.rows import NOW, claim_of, in_status


@pytest.mark.parametrize(
    ("at_most_once", "status"), [(True, Status.FAILED), (False, Status.SCHEDULED)]
)
def test_what_may_run_only_once_does_so_whatever_its_submitter_knew(
    engine: QueueEngine, at_most_once: bool, status: Status
) -> None:
    options = TaskOptions(at_most_once=True, crash_limit=0) if at_most_once else TaskOptions()
    function: TaskFunction[..., None] = TaskFunction(
        lambda: None, name="app.pay", bind=False, options=options, find_engine=lambda: engine
    )
    engine.registry.add("app.pay", function)
    row = in_status(engine.database, Status.RUNNING, name="app.pay", crash_limit=3)
    assert endings.lost(engine, claim_of(row), "it is gone", NOW).status is status
