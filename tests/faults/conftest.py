"""A case that cannot be tried here is skipped, and says what it needs; in CI each must be tried."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from tests.conftest import MUST_NOT_SKIP
from tests.faults.needs import Unavailable


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, object, object]:
    """Turn what is not there into a skip, but in CI."""
    try:
        return (yield)
    except Unavailable as why:
        if MUST_NOT_SKIP:
            raise
        pytest.skip(str(why))
