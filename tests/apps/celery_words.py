"""A project as it was written for Celery, after Flask's documentation; its imports are ours."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask, current_app

from taskrow.celery import Celery, Task, current_task, shared_task
from taskrow.celery.exceptions import Ignore, MaxRetriesExceededError
from taskrow.celery.schedules import crontab
from taskrow.celery.utils.log import get_task_logger

logger = get_task_logger(__name__)


def celery_init_app(app: Flask) -> Celery:
    class FlaskTask(Task[..., Any]):
        def __call__(self, *args: object, **kwargs: object) -> object:
            with app.app_context():
                app.config["CALLS"] = app.config.get("CALLS", 0) + 1
                return self.run(*args, **kwargs)

    celery_app = Celery(app.name, task_cls=FlaskTask)
    celery_app.config_from_object(app.config["CELERY"])
    celery_app.set_default()
    app.extensions["celery"] = celery_app
    return celery_app


def create_app(**config: Any) -> Flask:
    app = Flask(__name__)
    app.config.from_mapping(
        CELERY={
            "broker_url": "redis://localhost",
            "result_backend": "redis://localhost",
            "task_ignore_result": True,
            "task_default_queue": "celery",
            "beat_schedule": {
                "every-hour": {
                    "task": "tests.apps.celery_words.add_together",
                    "schedule": timedelta(hours=1),
                    "args": (16, 16),
                },
                "mondays": {
                    "task": "tests.apps.celery_words.add_together",
                    "schedule": crontab(hour=7, minute=30, day_of_week=1),
                    "kwargs": {"a": 1, "b": 2},
                },
            },
            "timezone": "Europe/Paris",
        },
    )
    app.config.from_prefixed_env()
    app.config.from_mapping(config)
    celery_app = celery_init_app(app)

    @celery_app.on_after_configure.connect
    def setup_periodic_tasks(sender: Celery, **kwargs: Any) -> None:
        sender.add_periodic_task(10.0, add_together.s(1, 2), name="add every 10")
        sender.add_periodic_task(crontab(minute="*/15"), add_together.s(3, 4))

    return app


@shared_task(ignore_result=False)
def add_together(a: int, b: int) -> int:
    return a + b


@shared_task
def unstored() -> Any:
    """What it returns is no JSON, which nobody wants to have."""
    return {"calls": current_app.config["CALLS"], "object": object()}


@shared_task(ignore_result=False)
def where_am_i() -> dict[str, Any]:
    return {"app": current_app.name, "calls": current_app.config["CALLS"]}


def helper() -> str | None:
    """Far from the task, without its self."""
    current_task.update_state(state="HELPED", meta={"current": 1, "total": 2})
    return current_task.request.id


@shared_task(bind=True, ignore_result=False)
def who_am_i(self: Task[..., Any], *args: Any, **kwargs: Any) -> dict[str, Any]:
    asked = self.request
    return {
        "id": asked.id,
        "helper": helper(),
        "name": self.name,
        "args": asked.args,
        "kwargs": asked.kwargs,
        "retries": asked.retries,
        "routing_key": asked.delivery_info["routing_key"],
        "called_directly": asked.called_directly,
        "max_retries": self.max_retries,
    }


@shared_task(bind=True, ignore_result=False, max_retries=2, default_retry_delay=0)
def flaky(self: Task[..., Any], fail_times: int) -> int:
    if self.request.retries < fail_times:
        try:
            raise LookupError(f"no luck at {self.request.retries}")
        except LookupError as error:
            raise self.retry(exc=error)  # noqa: B904 - as it is written for Celery
    return self.request.retries


@shared_task(bind=True, max_retries=1)
def never(self: Task[..., Any]) -> None:
    try:
        self.retry(countdown=0)
    except MaxRetriesExceededError:
        raise ValueError("that was it") from None


@shared_task(autoretry_for=(OSError,), dont_autoretry_for=(FileNotFoundError,),
             retry_backoff=0, retry_kwargs={"max_retries": 1, "countdown": 0})  # fmt: skip
def automatic(mark: str, kind: str) -> None:
    with Path(mark).open("a") as file:
        file.write(f"{kind}\n")
    kinds = {"os": OSError, "missing": FileNotFoundError, "value": ValueError}
    raise kinds[kind]("no")


@shared_task
def ignoring() -> None:
    raise Ignore("not today")


@shared_task(ignore_result=False)
def stand(gate: str) -> str:
    while not Path(gate).exists():
        threading.Event().wait(0.01)
    return "through"


@shared_task(bind=True)
def obedient(self: Task[..., Any]) -> None:
    while True:
        self.update_state(state="PROGRESS", meta={"current": 0, "total": 1})
        threading.Event().wait(0.01)


@shared_task(ignore_result=False)
async def later(a: int) -> str | None:
    return current_task.request.id if a else None
