"""A blueprint with a view that is a task, and a task function beside it."""

from __future__ import annotations

from flask import Blueprint, current_app, url_for
from flask.typing import ResponseReturnValue

from taskrow import async_api, in_worker
from tests.coexistence.apps.factory.extensions import queue

blueprint = Blueprint("reports", __name__)


@queue.task
def count(words: str) -> dict[str, object]:
    return {"words": len(words.split()), "app": current_app.name}


@blueprint.post("/count/<words>")
def start(words: str) -> ResponseReturnValue:
    task = count.delay(words)
    return {}, 202, {"Location": url_for("taskrow.status", task_id=task.id)}


@blueprint.get("/<int:year>")
@queue.async_api
def report(year: int) -> ResponseReturnValue:
    return {"year": year, "in_worker": in_worker(), "app": current_app.name}


@blueprint.get("/bare/<int:year>")
@async_api
def bare(year: int) -> ResponseReturnValue:
    return {"year": year, "in_worker": in_worker()}
