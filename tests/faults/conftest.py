"""A case that cannot be tried here is skipped, and says what it needs."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from tests.faults.needs import Unavailable


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, object, object]:
    """Turn what is not there into a skip."""
    try:
        return (yield)
    except Unavailable as why:
        pytest.skip(str(why))
