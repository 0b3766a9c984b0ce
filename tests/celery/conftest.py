"""A ported project on a database of each kind, with a worker that was started for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask import Flask

from taskrow.celery import Celery
from taskrow.engine.queue import QueueEngine
from tests.apps.celery_words import create_app
from tests.support.processes import Process, ProcessFactory

APP = "tests.apps.celery_words:create_app"


@dataclass
class Project:
    """The application in this process; ``work()`` starts its worker."""

    app: Flask
    start: ProcessFactory

    @property
    def celery(self) -> Celery:
        celery: Celery = self.app.extensions["celery"]
        return celery

    @property
    def engine(self) -> QueueEngine:
        engine: QueueEngine = self.app.extensions["taskrow"]
        return engine

    def work(self, *options: str) -> Process:
        return self.start.worker("--runners", "2", *options, app=APP)


@pytest.fixture
def project(database_url: str, start: ProcessFactory) -> Iterator[Project]:
    app = create_app(TASKROW_DATABASE_URL=database_url)
    with app.app_context():
        yield Project(app, start)
    app.extensions["taskrow"].close()
