"""Fixtures: the application that the fixture ``tasks`` takes, on either kind of database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.apps.doors.tasks import queue
from tests.doors.site import open_app


@pytest.fixture
def app(database_url: str) -> Iterator[Flask]:
    """The application, its context pushed, so that a test may submit by itself."""
    with open_app(database_url) as app, app.app_context():
        yield app
    queue._apps.remove(app)
