"""Imports, names and calls of Celery: what is there works, what is not says so in a sentence."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from taskrow import ArgumentsError, NoApplicationError, OptionError, TaskQueue
from taskrow.celery import Celery, Task, current_app, current_task, shared_task, signature, uuid
from taskrow.celery.exceptions import MaxRetriesExceededError, NotRegistered, Retry
from taskrow.celery.result import AsyncResult, EagerResult
from taskrow.celery.schedules import crontab
from taskrow.engine.queue import QueueEngine

WORKFLOW = "taskrow has no workflows yet (chain, group, chord, link and |)"


@pytest.fixture
def app(sqlite_url: str) -> Iterator[Flask]:
    app = Flask("words")
    app.config["TASKROW_DATABASE_URL"] = sqlite_url
    yield app
    if "taskrow" in app.extensions:
        app.extensions["taskrow"].close()


@pytest.fixture
def celery(app: Flask) -> Celery:
    celery = Celery(app.name)
    celery.task(name="words.add")(add)
    return celery


def add(a: int, b: int = 0) -> int:
    return a + b


@pytest.mark.parametrize(
    ("module", "name", "words"),
    [
        ("taskrow.celery", "chain", f"chain: {WORKFLOW}"),
        ("taskrow.celery", "group", f"group: {WORKFLOW}"),
        ("taskrow.celery.canvas", "chord", f"chord: {WORKFLOW}"),
        ("taskrow.celery.result", "GroupResult", f"GroupResult: {WORKFLOW}"),
        ("taskrow.celery.schedules", "solar", "solar: taskrow has no calendar of the sun"),
        ("taskrow.celery.exceptions", "Reject", "Reject: there is no broker"),
        ("taskrow.celery.signals", "task_prerun", "task_prerun: taskrow sends no signals"),
        ("taskrow.celery", "nothing_like_it", "cannot import name 'nothing_like_it'"),
    ],
)
def test_an_import_of_what_is_not_there_says_so(module: str, name: str, words: str) -> None:
    with pytest.raises(ImportError, match=f"^{re.escape(words)}"):
        exec(f"from {module} import {name}")


@pytest.mark.parametrize(
    "module", ["states", "exceptions", "result", "schedules", "utils.log", "canvas"]
)
def test_the_modules_lie_where_celery_has_them(module: str) -> None:
    assert importlib.import_module(f"taskrow.celery.{module}")


@pytest.mark.parametrize(
    ("use", "words"),
    [
        (lambda c, t: t.s(1) | t.s(2), f"|: {WORKFLOW}"),
        (lambda c, t: t.s(1).link(t.s(2)), f"link: {WORKFLOW}"),
        (lambda c, t: t.apply_async((1,), link=t.s(2)), f"link: {WORKFLOW}"),
        (lambda c, t: t.chunks([(1, 2)], 1), f"chunks: {WORKFLOW}"),
        (lambda c, t: t.apply_async((1,), time_limit=5), "time_limit belongs to the function"),
        (lambda c, t: t.apply_async((1,), serializer="pickle"), "serializer must be 'json'"),
        (lambda c, t: t.apply_async((1,), countdwn=5), "'countdwn' is no option of apply_async; d"),
        (lambda c, t: t.apply_async((1,), task_id="my-id"), "task_id must be a UUIDv7"),
        (lambda c, t: c.control.inspect(), "control.inspect: workers take no remote commands"),
        (lambda c, t: c.control.shutdown(), "control.shutdown: workers take no remote commands"),
        (lambda c, t: c.worker_main(), "worker_main: type `taskrow --app x worker`"),
        (lambda c, t: c.task(7), "a task is made of a function, not of 7"),
        (lambda c, t: c.task(t), "a task is made of a function, not of <@task: words.add>"),
        (lambda c, t: c.task(name="words.add")(add), "there is a task named 'words.add' already"),
        (lambda c, t: c.task(name="a:b")(add), "name must be a text in plain characters"),
        (lambda c, t: c.register_task(Task()), "Task: a task needs a function"),
        (lambda c, t: c.send_task("a:b"), "name must be a text in plain characters"),
        (lambda c, t: crontab(day_of_week=1, day_of_month=1), "crontab: Celery runs this where"),
        (lambda c, t: t.update_state("another-id", "PROGRESS"), "a task says only of itself"),
        (lambda c, t: t.retry(args=[5]), "retry() runs the same call again"),
        (lambda c, t: t.retry(throw=False), "retry() runs the same call again"),
        (lambda c, t: t.retry(queue="slow"), "retry() runs the same call again"),
    ],
)
def test_a_use_of_what_is_not_there_says_so(
    app: Flask, celery: Celery, use: Any, words: str
) -> None:
    with app.app_context(), pytest.raises(OptionError, match=f"^{re.escape(words)}"):
        use(celery, celery.tasks["words.add"])


def test_a_wrong_call_fails_where_it_is_made(app: Flask, celery: Celery) -> None:
    task = celery.tasks["words.add"]
    with app.app_context():
        for call in (task.delay, task.s("x", "y", "z").delay, task.apply):
            with pytest.raises(ArgumentsError, match=r"words.add\(\) cannot be called so"):
                call()
        with pytest.raises(ArgumentsError, match="argument 1 is of type object"):
            task.delay(object())


def test_without_an_application_the_sentence_says_what_to_do() -> None:
    celery = Celery("nobody")
    task = celery.task(name="nobody.task")(add)
    with pytest.raises(NoApplicationError, match=r"<Celery nobody> does not know .*queue=that_que"):
        task.delay(1)


def test_it_can_go_on_with_a_queue_that_the_application_has(app: Flask) -> None:
    queue = TaskQueue(app)
    celery = Celery("any", queue=queue)
    task = celery.task(name="joined.add")(add)
    assert task.delay(1).state == "PENDING"
    engine: QueueEngine = app.extensions["taskrow"]
    assert engine.registry.get("joined.add") is task.function


def test_shared_tasks_belong_to_a_plain_queue_too(app: Flask) -> None:
    TaskQueue(app)

    @shared_task(name="words.shared")
    def shared(a: int) -> int:
        return a

    with app.app_context():
        assert shared.delay(1).state == "PENDING"
    engine: QueueEngine = app.extensions["taskrow"]
    assert engine.registry.find("words.shared") is shared.function


def test_the_older_pattern_of_flasks_documentation_works(app: Flask) -> None:
    celery = Celery(app.import_name, broker="redis://")
    celery.conf.update(app.config)
    before = celery.Task

    class ContextTask(before):  # type: ignore[valid-type, misc]
        abstract = True

        def __call__(self, *args: object, **kwargs: object) -> object:
            with app.app_context():
                return "in context", before.__call__(self, *args, **kwargs)

    celery.Task = ContextTask
    task = celery.task(name="older.add")(add)
    assert task.apply((1, 2)).get() == ["in context", 3]


def test_a_class_that_defines_run_is_a_task(app: Flask, celery: Celery) -> None:
    class Adder(Task[..., int]):
        name = "words.Adder"

        def run(self, a: int, b: int) -> int:
            return a + b

    adder = celery.register_task(Adder())
    assert adder.apply((1, 2)).get() == 3
    with app.app_context(), pytest.raises(ArgumentsError, match="missing a required argument"):
        adder.delay(1)


def test_apply_runs_here_with_its_retries_and_through_json() -> None:
    celery = Celery("apply")
    tries: list[int] = []

    @celery.task(bind=True, max_retries=2, default_retry_delay=1000)
    def flaky(self: Task[..., Any], at: tuple[int, ...]) -> Any:
        tries.append(self.request.retries)
        assert (self.request.is_eager, current_task.request.id) == (True, self.request.id)
        if len(tries) < 3:
            raise self.retry()
        return at

    result = flaky.apply(((1, 2),))
    assert isinstance(result, EagerResult)
    assert (result.get(), result.state, tries) == ([1, 2], "SUCCESS", [0, 1, 2])

    @celery.task(bind=True, max_retries=1)
    def never(self: Task[..., Any]) -> None:
        self.retry(countdown=1000)

    spent = never.apply()
    assert (spent.state, spent.failed()) == ("FAILURE", True)
    assert isinstance(spent.get(propagate=False), MaxRetriesExceededError)
    assert "MaxRetries" in (spent.traceback or "") or "RetriesExhausted" in (spent.traceback or "")
    with pytest.raises(MaxRetriesExceededError):
        never.apply(throw=True)


def test_a_direct_call_raises_what_retry_was_given() -> None:
    celery = Celery("direct")

    @celery.task(bind=True)
    def direct(self: Task[..., Any], error: Exception | None = None) -> None:
        assert self.request.called_directly
        raise self.retry(exc=error)

    with pytest.raises(Retry):
        direct()
    with pytest.raises(LookupError):
        direct(LookupError())


def test_small_words(app: Flask, celery: Celery) -> None:
    assert not current_task
    assert current_app.main is not None
    assert (
        crontab(minute=[30, 0], hour="9-17", day_of_week="mon-fri").text == "0,30 9-17 * * mon-fri"
    )
    with app.app_context():
        wanted = uuid()
        task = celery.tasks["words.add"]
        assert signature(task, (1,)).apply_async(task_id=wanted).id == wanted
        assert celery.signature("words.add", (1,)).task == "words.add"
        with pytest.raises(NotRegistered, match=r"as 'words\.ad'; did you mean 'words\.add'"):
            celery.signature("words.ad")


def test_modules_are_imported_when_the_application_is_known(app: Flask, celery: Celery) -> None:
    celery.autodiscover_tasks(["tests.celery"], related_name="settings")
    celery.autodiscover_tasks(lambda: ["tests.celery"], related_name="no_such_module")
    seen: list[Celery] = []

    def note(sender: Celery) -> None:
        seen.append(sender)

    celery.on_after_finalize.connect(note)
    with app.app_context():
        assert seen == [celery]
    celery.on_after_configure.connect(note)
    assert seen == [celery, celery]


def test_always_eager_runs_where_it_is_submitted(app: Flask, celery: Celery) -> None:
    task = celery.tasks["words.add"]
    with app.app_context():
        celery.conf.task_always_eager = True
        assert task.delay(1, 2).state == "SUCCESS"
        assert task.delay(1, "2").state == "FAILURE"
        celery.conf.task_eager_propagates = True
        with pytest.raises(TypeError, match="unsupported operand"):
            task.delay(1, "2")
        celery.conf.task_always_eager = False
        assert task.delay(1, 2).state == "PENDING"


def test_taskrows_own_setting_is_heeded_too(app: Flask, celery: Celery) -> None:
    app.config["TASKROW_EAGER"] = True
    with app.app_context():
        assert celery.send_task("words.add", (1, 2)).get(0) == 3


def test_a_task_may_join_a_transaction(app: Flask, celery: Celery) -> None:
    task = celery.tasks["words.add"]
    with app.app_context():
        engine: QueueEngine = app.extensions["taskrow"]
        ids = [task.delay(1).id]
        theirs = create_engine(engine.settings.database_url)
        with Session(theirs) as session:
            ids.append(task.apply_async((1,), session=session).id)
            session.rollback()
            ids.append(task.s(1).apply_async(session=session).id)
            session.commit()
        theirs.dispose()
        assert [AsyncResult(task_id).exists() for task_id in ids] == [True, False, True]


def test_a_signature_is_changed_where_it_stands_and_checked_there(celery: Celery) -> None:
    call = celery.tasks["words.add"].s(1, b=2)
    assert str(call) == repr(call) == "words.add(1, b=2)"
    assert call.set(queue="mail") is call
    assert call.clone((0,)).args == (0, 1)
    assert (call.options, call.clone().options) == ({"queue": "mail"}, {"queue": "mail"})
    with pytest.raises(OptionError, match="'quue' is no option of apply_async; did you mean"):
        call.set(quue="mail")
