"""An application for real servers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from flask import Flask, Response, request

from taskrow import async_api
from tests.coexistence.apps.base import hold, new_app, queue, tell


@async_api
def report(number: int) -> tuple[Response, int, dict[str, str]]:
    said = request.get_data(as_text=True)
    return tell(number=number, said=said, url=request.url), 201, {"X-Pages": "12"}


@async_api
def stand() -> Response:
    """Runs until the gate is there."""
    gate = Path(request.args["gate"])
    with gate.with_suffix(".running").open("a") as mark:
        mark.write("ran\n")
    hold(str(gate))
    return tell()


def create_app(**config: Any) -> Flask:
    app = new_app(__name__, config)
    queue.init_app(app)
    app.add_url_rule("/report/<int:number>", view_func=report, methods=["GET", "POST"])
    app.add_url_rule("/stand", view_func=stand)
    app.add_url_rule("/pid", view_func=lambda: str(os.getpid()))
    return app


def create_used_app() -> Flask:
    """It has submitted, and waited for the answer, before its server forks."""
    app = create_app()
    first = app.test_client().get("/report/0", headers={"Prefer": "wait=10"})
    assert first.status_code == 201, first.status
    return app
