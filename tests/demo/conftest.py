"""Demos in directories of their own, and a browser to look at them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.conftest import MUST_NOT_SKIP
from tests.support.browser import Browser, ChromiumUnavailable, chromium
from tests.support.processes import ProcessFactory, processes


@pytest.fixture
def launch(tmp_path: Path, sqlite_url: str) -> Iterator[ProcessFactory]:
    """Starts demos in a directory of their own."""
    with processes(tmp_path, sqlite_url) as factory:
        yield factory


@pytest.fixture
def browser() -> Iterator[Browser]:
    """A real Chromium."""
    try:
        with chromium() as found:
            yield found
    except ChromiumUnavailable as error:
        if MUST_NOT_SKIP:
            raise
        pytest.skip(str(error))


@pytest.fixture
def port(launch: ProcessFactory) -> int:
    """Where a demo without a worker answers."""
    _, url = launch.web(app="taskrow.demo.application")
    return urlsplit(url).port or 0
