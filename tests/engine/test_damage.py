"""What changed in a row after its submit is never run, and keeps nobody else from running."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, update

from taskrow.domain.options import TaskOptions
from taskrow.domain.settings import Settings
from taskrow.domain.task import Status, Task
from taskrow.engine.bulk import submit_calls
from taskrow.engine.functions import TaskFunction
from taskrow.engine.inline import InlineWorker
from taskrow.engine.queue import QueueEngine
from taskrow.engine.registry import Registry
from taskrow.storage import queries
from taskrow.storage.tables import tasks
from tests.support.pages import DOCS

CALL = '{"args": ["é", 20]}'.encode()


class Shop:
    """A queue with one task function, which notes what it is called with."""

    def __init__(self, engine: QueueEngine) -> None:
        self.engine, self.ran = engine, list[tuple[Any, ...]]()

        def note(*args: Any) -> None:
            self.ran.append(args)

        self.function: TaskFunction[..., Any] = TaskFunction(
            note, name="shop.note", bind=False, options=TaskOptions(retries=3),
            find_engine=lambda: engine,
        )  # fmt: skip
        engine.registry.add("shop.note", self.function)

    def submit(self, count: int = 1) -> list[str]:
        """Submit calls of note("é", 20)."""
        calls = [self.function.s("é", 20)] * count
        return [result.id for result in submit_calls(self.engine, calls)]

    def change(self, task_id: str, args: bytes) -> None:
        """Put other arguments into a row, be they text or not, as a disk does."""
        with_bytes = "UPDATE tasks SET args = CAST(? AS TEXT) WHERE id = ?"

        def write(connection: Connection) -> None:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql(with_bytes, (args, task_id)).close()
            else:
                text = update(tasks).where(tasks.c.id == task_id).values(args=args.decode())
                connection.execute(text).close()

        self.engine.database.write(write)

    def work(self) -> None:
        """Run all that waits."""
        worker = InlineWorker(self.engine)
        while (claim := worker.claim()) is not None:
            worker.run(claim)

    def find(self, ids: list[str]) -> list[Task]:
        with self.engine.database.read() as connection:
            found = {task.id: task for task in queries.find_many(connection, ids)}
        return [found[task_id] for task_id in ids]


@pytest.fixture
def shop(engine: QueueEngine) -> Shop:
    return Shop(engine)


def flipped(text: bytes, *, as_text: bool) -> Iterator[bytes]:
    """The text with each of its bits flipped; ``as_text``: only where that is text again."""
    for place in range(len(text) * 8):
        changed = bytearray(text)
        changed[place // 8] ^= 1 << place % 8
        if not as_text or (_is_text(changed) and 0 not in changed):
            yield bytes(changed)


def _is_text(changed: bytearray) -> bool:
    try:
        changed.decode()
    except UnicodeDecodeError:
        return False
    return True


def test_a_task_of_which_one_bit_has_flipped_fails_and_is_not_run(shop: Shop) -> None:
    damages = list(flipped(CALL, as_text=shop.engine.database.dialect == "postgresql"))
    ids = shop.submit(len(damages))
    [well] = shop.submit()
    for task_id, damage in zip(ids, damages, strict=True):
        shop.change(task_id, damage)
    shop.work()
    assert shop.ran == [("é", 20)]
    assert shop.find([well])[0].status is Status.SUCCEEDED
    ended = shop.find(ids)
    assert {(task.status, task.attempt) for task in ended} == {(Status.FAILED, 1)}
    errors = [json.loads(task.error or "") for task in ended]
    assert {error["type"] for error in errors} == {"DamagedTaskError"}
    assert errors[0]["message"].startswith("the stored arguments of the task changed after its ")
    assert errors[0]["message"].endswith("so it was not run: submit it again, or restore a backup")


def test_a_damaged_row_can_be_looked_at(engine: QueueEngine) -> None:
    shop = Shop(engine)
    [task_id] = shop.submit()
    as_text = engine.database.dialect == "postgresql"
    for damage in flipped(CALL, as_text=as_text):
        shop.change(task_id, damage)
        seen = damage.decode(errors="replace")
        assert engine.get(task_id).args == seen
        assert [task.args for task in shop.find([task_id])] == [seen]
    with engine.database.read() as connection:
        assert len(queries.list_tasks(connection)) == 1


def test_a_row_without_a_checksum_runs_as_it_stands(shop: Shop) -> None:
    [task_id] = shop.submit()
    shop.change(task_id, b'{"args": [1]}')
    without = update(tasks).values(args_checksum=None)
    shop.engine.database.write(lambda connection: connection.execute(without).close())
    shop.work()
    assert shop.ran == [(1,)]


def test_arguments_on_several_lines_fit_their_checksum(shop: Shop) -> None:
    shop.engine.submit("shop.note", '{"args":\r\n [1]}', TaskOptions())
    broken = shop.engine.submit("shop.note", '{"args":\n [1]}', TaskOptions())
    shop.change(broken, b'{"args":\n [3]}')
    shop.work()
    assert shop.ran == [(1,)]
    assert shop.find([broken])[0].status is Status.FAILED


def test_a_row_that_is_written_by_hand_as_the_docs_say_is_run(sqlite_url: str) -> None:
    shop = Shop(QueueEngine(Settings(database_url=sqlite_url), Registry()))
    page = (DOCS / "database.md").read_text()
    [insert] = re.findall(r"^INSERT INTO tasks.*?;", page, re.DOTALL | re.MULTILINE)
    statement = insert.replace("shop.tasks.add", "shop.note")
    shop.engine.database.write(lambda c: c.exec_driver_sql(statement).close())
    with shop.engine.database.read() as connection:
        [task] = queries.list_tasks(connection)
    assert abs(time_of(task.id) - task.created_at) < timedelta(minutes=1)
    assert shop.engine.find(task.id) == task
    shop.work()
    assert shop.ran == [(20, 22)]
    shop.engine.close()


def time_of(task_id: str) -> datetime:
    """When an id was made, by what it says itself."""
    milliseconds = int(task_id[:8] + task_id[9:13], 16)
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
