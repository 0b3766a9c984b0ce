"""A site of one of the applications here, and visitors: clients with cookies of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import TimestampSigner
from werkzeug.test import TestResponse
from werkzeug.utils import import_string

from taskrow import TaskFunction
from tests.doors import site
from tests.doors.site import SECRET_KEY, soon
from tests.support.processes import processes


class Visitor:
    """One client: its cookies, and the headers that it always sends."""

    def __init__(self, client: FlaskClient, headers: dict[str, str]) -> None:
        self.client, self._headers = client, headers

    def open(self, url: str, method: str = "GET", **options: Any) -> TestResponse:
        options["headers"] = self._headers | options.get("headers", {})
        return self.client.open(url, method=method, **options)

    def submit(self, url: str, method: str = "GET", **options: Any) -> TestResponse:
        accepted = self.open(url, method, **options)
        assert accepted.status_code == 202, (accepted.status, accepted.text)
        return accepted

    def answer(self, accepted: TestResponse, prefix: str = "") -> TestResponse:
        """Poll where the 202 says until there is another answer; a proxy takes a prefix away."""
        url = accepted.headers["Location"].removeprefix(prefix)

        def look() -> TestResponse | None:
            polled = self.open(url, base_url=accepted.request.host_url)
            return None if polled.status_code == 202 else polled

        return soon(look)

    def ask(self, url: str, method: str = "GET", **options: Any) -> TestResponse:
        return self.answer(self.submit(url, method, **options))

    def see(self, url: str, method: str = "GET", **options: Any) -> Any:
        """The JSON of the view's answer, which must be a good one."""
        answer = self.ask(url, method, **options)
        assert answer.status_code == 200, (answer.status, answer.text)
        return answer.json


class Site(site.Site):
    """An application in the test's process and its worker, of one runner, in another."""

    def visitor(self, headers: dict[str, str] | None = None) -> Visitor:
        return Visitor(self.app.test_client(), headers or {})

    @contextmanager
    def held(self, directory: Path) -> Iterator[None]:
        """The worker is busy with something else; what is submitted meanwhile waits."""
        gate, hold = directory / uuid4().hex, self.engine.registry.find("hold")
        assert isinstance(hold, TaskFunction)
        with self.app.app_context():
            busy = hold.delay(str(gate))
        self.long_running(busy)
        yield
        gate.touch()


@contextmanager
def living_in_the_past(lifetime: timedelta) -> Iterator[None]:
    """What is signed in here has outlived ``lifetime`` for everybody else."""
    real, ago = TimestampSigner.get_timestamp, int(lifetime.total_seconds()) + 60
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TimestampSigner, "get_timestamp", lambda self: real(self) - ago)
        yield


def make_app(path: str, database_url: str, **config: Any) -> Flask:
    """What ``module:create_app`` makes, on a database, with the settings of the tests."""
    settings = {"SECRET_KEY": SECRET_KEY, "TASKROW_DATABASE_URL": database_url}
    app = import_string(path)(**(settings | config))
    assert isinstance(app, Flask)
    return app


@contextmanager
def open_site(path: str, directory: Path, database_url: str) -> Iterator[Site]:
    """The application ``module:create_app`` with its worker; all ends with the block."""
    with processes(directory, database_url) as start:
        app = make_app(path, database_url)
        env = {"FLASK_SECRET_KEY": SECRET_KEY}
        worker = start.worker("--runners", "1", app=path, env=env)
        yield Site(app, worker, database_url)
        app.extensions["taskrow"].close()
