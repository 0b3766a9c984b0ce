"""Celery's options of a task, and its configuration: what each comes to, and what is refused."""

from __future__ import annotations

import logging
import re
from typing import Any

import pytest
from flask import Flask

from taskrow import OptionError
from taskrow.celery import Celery, Task
from taskrow.domain.options import TaskOptions
from taskrow.domain.retry import delay

WIDEST = 2**31 - 1


def options(conf: dict[str, Any] | None = None, **given: Any) -> TaskOptions:
    """What a task with these options asks of taskrow."""
    celery = Celery("options")
    celery.conf.update(conf or {})

    @celery.task(**given)
    def task() -> None: ...

    found: TaskOptions = task.function.options
    return found


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, {"retries": 3, "retry_on": (), "backoff": 180.0, "queue": "default"}),
        ({"max_retries": 5, "default_retry_delay": 60}, {"retries": 5, "backoff": 60.0}),
        ({"max_retries": None}, {"retries": WIDEST}),
        ({"autoretry_for": (OSError, KeyError)}, {"retry_on": (OSError, KeyError)}),
        ({"retry_kwargs": {"max_retries": 7, "countdown": 5}}, {"retries": 7, "backoff": 5.0}),
        ({"time_limit": 30, "soft_time_limit": 20}, {"timeout": 30.0, "soft_timeout": 20.0}),
        ({"time_limit": 30, "soft_time_limit": 30}, {"timeout": 30.0, "soft_timeout": None}),
        ({"acks_late": True}, {"at_most_once": False, "crash_limit": 3}),
        ({"acks_late": False}, {"at_most_once": True, "crash_limit": 0}),
        ({"queue": "mail", "priority": 7}, {"queue": "mail", "priority": 7}),
        ({"expires": 60, "track_started": True}, {"expires": 60.0, "track_started": True}),
        ({"ignore_result": True, "serializer": "json", "throws": (OSError,)}, {}),
        ({"rate_limit": None}, {}),
        # taskrow's own options may be used beside Celery's
        ({"retries": 2, "unique": "name"}, {"retries": 2, "retry_on": (BaseException,)}),
        ({"timeout": 9, "aliases": "old.name"}, {"timeout": 9.0, "aliases": ("old.name",)}),
    ],
)
def test_an_option_of_celery_is_one_of_ours(given: dict[str, Any], wanted: dict[str, Any]) -> None:
    found = options(**given)
    assert {name: getattr(found, name) for name in wanted} == wanted


@pytest.mark.parametrize(
    ("conf", "wanted"),
    [
        ({"task_default_queue": "celery"}, {"queue": "celery"}),
        ({"CELERY_DEFAULT_QUEUE": "old"}, {"queue": "old"}),
        ({"CELERY_TASK_DEFAULT_QUEUE": "new"}, {"queue": "new"}),
        ({"task_time_limit": 9, "task_soft_time_limit": 8}, {"timeout": 9.0, "soft_timeout": 8.0}),
        ({"CELERYD_TASK_TIME_LIMIT": 9}, {"timeout": 9.0}),
        ({"task_track_started": True}, {"track_started": True}),
        ({"result_expires": 60}, {"retention": 60.0}),
        ({"result_expires": None}, {"retention": WIDEST - 1.0}),
        ({"CELERY_TASK_RESULT_EXPIRES": 60}, {"retention": 60.0}),
        ({"task_default_retry_delay": 5}, {"backoff": 5.0}),
        ({"task_acks_late": False}, {"at_most_once": True}),
        ({"task_default_priority": 3}, {"priority": 3}),
        ({"task_routes": {"tests.celery.*": {"queue": "routed"}}}, {"queue": "routed"}),
        ({"task_routes": {"elsewhere.*": "x"}}, {"queue": "default"}),
    ],
)
def test_the_configuration_speaks_for_all_tasks(
    conf: dict[str, Any], wanted: dict[str, Any]
) -> None:
    found = options(conf)
    assert {name: getattr(found, name) for name in wanted} == wanted


def test_a_configuration_that_comes_after_the_task_counts_too() -> None:
    celery = Celery("late")

    @celery.task(queue="own")
    def own() -> None: ...

    @celery.task
    def plain() -> None: ...

    celery.conf.task_default_queue = "late"
    assert (own.function.options.queue, plain.function.options.queue) == ("own", "late")
    assert celery.conf.task_default_queue == celery.conf["CELERY_DEFAULT_QUEUE"] == "late"


def test_a_base_class_says_what_its_tasks_ask_for() -> None:
    class Careful(Task[..., Any]):
        autoretry_for = (OSError,)
        max_retries = 9

    assert options(base=Careful).retry_on == (OSError,)
    assert options(base=Careful, max_retries=1).retries == 1


@pytest.mark.parametrize(
    ("jitter", "waits"), [(False, [2.0, 4.0, 8.0, 10.0, 10.0]), (True, [2.0, 4.0, 8.0, 10.0, 10.0])]
)
def test_backoff_doubles_up_to_its_maximum(jitter: bool, waits: list[float]) -> None:
    found = options(
        autoretry_for=(OSError,), retry_backoff=2, retry_backoff_max=10, retry_jitter=jitter
    )
    seen = [
        delay(found.backoff, found.backoff_cap, failures=n, error=OSError(), luck=0.5)
        for n in range(1, 6)
    ]
    for got, most in zip(seen, waits, strict=True):
        assert 0 <= got.total_seconds() <= most
        assert jitter or got.total_seconds() == most


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"max_retrys": 3}, "'max_retrys' is no option of a Celery task; did you mean 'max_retr"),
        ({"max_retries": -1}, "max_retries must be a whole number"),
        ({"max_retries": "3"}, "max_retries must be a whole number"),
        ({"default_retry_delay": -1}, "default_retry_delay must be seconds, 0 or more"),
        ({"time_limit": 0}, "time_limit must be seconds, more than 0"),
        ({"soft_time_limit": "x"}, "soft_time_limit must be seconds"),
        ({"autoretry_for": ("OSError",)}, "autoretry_for must be an exception class"),
        ({"retry_backoff": "fast"}, "retry_backoff must be seconds"),
        ({"retry_backoff": True, "retry_backoff_max": None}, "retry_backoff_max must be seconds"),
        ({"rate_limit": "10/m"}, "rate_limit: taskrow limits no rates yet"),
        ({"pydantic": True}, "pydantic: arguments are JSON"),
        ({"serializer": "pickle"}, "serializer must be 'json'"),
        ({"queue": 7}, "queue must be a name"),
        ({"priority": "high"}, "priority must be a whole number"),
        ({"expires": -1}, "expires must be seconds"),
        ({"track_started": 1}, "track_started must be True or False"),
    ],
)
def test_what_is_wrong_is_refused_where_it_is_written(given: dict[str, Any], words: str) -> None:
    with pytest.raises(OptionError, match=f"^{re.escape(words)}"):
        options(**given)


@pytest.mark.parametrize("hook", ["on_failure", "on_success", "after_return", "on_retry"])
def test_a_hook_that_would_not_be_called_is_refused(hook: str) -> None:
    with pytest.raises(OptionError, match=f"^{hook} is not called by taskrow"):
        type("Hooked", (Task,), {hook: lambda *_: None})


def test_the_whole_flask_config_is_tolerated_and_what_is_celerys_is_told_once(
    caplog: pytest.LogCaptureFixture, sqlite_url: str
) -> None:
    app = Flask("whole")
    app.config.update(
        TASKROW_DATABASE_URL=sqlite_url,
        SECRET_KEY="x",
        MAIL_SERVER="mail",
        CELERY={"a": 1},
        CELERY_BROKER_URL="redis://user:password@host",
        CELERYD_CONCURRENCY=4,
        CELERY_TASK_ALWAYS_EAGR=True,
        CELERY_ANNOTATIONS={},
    )
    celery = Celery(app.name, broker=app.config["CELERY_BROKER_URL"])
    celery.conf.update(app.config)
    celery.conf.update({"worker_prefetch_multiplier": 1, "task_serializer": "json"})
    with caplog.at_level(logging.INFO, "taskrow.celery"):
        for _ in range(2):
            with app.app_context():
                celery.conf.broker_url = "again"
    assert [record.message for record in caplog.records] == [
        "there is no broker, so these keys mean nothing: "
        "broker_url, task_serializer, worker_concurrency, worker_prefetch_multiplier",
        "not heeded of celery.conf: task_always_eagr (unknown; did you mean 'task_always_eager'?), "
        "task_annotations",
    ]
    assert celery.conf["SECRET_KEY"] == "x"
    app.extensions["taskrow"].close()


def test_a_configuration_is_read_from_wherever_celery_reads_it() -> None:
    class Source:
        task_default_queue = "object"
        CELERY_DEFAULT_PRIORITY = 5

    celery = Celery("sources", config_source=Source)
    assert (celery.conf.task_default_queue, celery.conf.task_default_priority) == ("object", 5)
    celery.config_from_object({"CELERY_TASK_DEFAULT_QUEUE": "prefixed"}, namespace="CELERY")
    assert celery.conf.task_default_queue == "prefixed"
    celery.config_from_object("tests.celery.settings")
    assert celery.conf.task_default_queue == "module"
    celery.config_from_object("tests.celery.settings:Settings")
    celery.config_from_object("tests.celery.settings.Settings")
    assert celery.conf.task_default_queue == "class"
    with pytest.raises(AttributeError, match=r"no 'task_defualt_queue'; did you mean 'task_def"):
        _ = celery.conf.task_defualt_queue


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ({"x": {"task": "t"}}, r"beat_schedule\['x'\] needs a task .* and a schedule"),
        ({"x": {"task": "t", "schedule": "often"}}, "a schedule is seconds, a timedelta"),
        ({"x": {"task": "t", "shedule": 1}}, "'shedule' is unknown; did you mean"),
        (
            {"x": {"task": "t", "schedule": 5, "options": {"queue": "a"}}},
            r"has options \(queue\): give them to the task",
        ),
        ({"x": {"task": "t", "schedule": 5, "args": [{1}]}}, "argument 1 is of type set"),
    ],
)
def test_a_wrong_entry_of_beat_is_told_by_name(entries: dict[str, Any], words: str) -> None:
    celery = Celery("beat")
    with pytest.raises(TypeError, match=words):
        celery.conf.beat_schedule = entries
