"""Executors of each kind, and calls that run for as long as a test wants."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.apps.doors.tasks import queue, stand
from tests.doors.conftest import KINDS
from tests.doors.contract.pools import Pool
from tests.doors.site import Site
from tests.support.processes import eventually
from tests.support.rows import runs


@pytest.fixture(params=["threads", *KINDS])
def new_pool(request: pytest.FixtureRequest) -> Iterator[Pool]:
    """Makes executors that run two calls at a time."""
    if request.param == "threads":
        yield lambda: ThreadPoolExecutor(2)
        return
    site: Site = request.getfixturevalue(f"{request.param}_site")
    with site.app.app_context():
        yield lambda: queue.executor


@pytest.fixture
def pool(new_pool: Pool) -> Executor:
    return new_pool()


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[str]:
    """What :func:`stand` waits for; open when the test is over."""
    yield str(tmp_path / "gate")
    (tmp_path / "gate").touch()


@pytest.fixture
def blocked(pool: Executor, gate: str) -> list[Future[Any]]:
    """Two calls that run until the gate is open, so that whatever is submitted next waits."""
    futures = [pool.submit(stand, gate) for _ in range(2)]
    eventually(lambda: runs(Path(f"{gate}.running")) == 2)  # a future may say so before it runs
    threading.Event().wait(0.2)  # a worker learns that they are long, and hands out no more
    return futures
