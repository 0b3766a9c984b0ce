"""Credentials: they reach the view in the worker, and lie nowhere in clear, nor anywhere after."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from taskrow import CredentialsGoneError
from taskrow.domain.sealing import Sealer
from taskrow.domain.task import Status
from taskrow.engine.queue import QueueEngine
from taskrow.storage.tables import task_credentials
from taskrow.storage.upkeep import retry_by_hand
from tests.apps.credentials import app as application
from tests.apps.credentials import proof
from tests.doors.http import Answer, get, request
from tests.support.processes import ProcessFactory, eventually

APP = "tests.apps.credentials:app"
TOKENS = ["planted-9f31c2aa", "planted-7be05d14", "planted-c04d88e3"]
GONE = (
    ") were erased when the task ended: it cannot run again as its client; "
    "have the client submit it once more"
)
SECRETS = {
    "Authorization": f"Bearer {TOKENS[0]}",
    "Cookie": f"session={TOKENS[1]}",
    "X-Api-Key": TOKENS[2],
}


class Scene:
    """A web server, later a worker, and everything that they write."""

    def __init__(self, start: ProcessFactory, engine: QueueEngine, directory: Path) -> None:
        self.start, self.engine, self.directory = start, engine, directory
        self.gate = directory / "gate"
        _, self.base = start.web(APP)

    def submit(self, more: str = "") -> tuple[str, bytes]:
        """The task's id, and its credentials as the row has them."""
        answer = request("POST", f"{self.base}/prove?gate={self.gate}{more}", headers=SECRETS)
        assert answer.status == 202, answer.text
        (sealed,) = self.sealed()
        return answer.headers["Location"].rpartition("/")[2], sealed

    def sealed(self) -> list[bytes]:
        with self.engine.database.read() as connection:
            return list(connection.execute(select(task_credentials.c.sealed)).scalars())

    def written(self) -> dict[str, bytes]:
        """The database file, its log and every other file: the logs of the processes too.

        (Nothing of taskrow has the file open in this process when it is read: see ``engine``.)
        """
        self.engine.close()
        return {p.name: p.read_bytes() for p in self.directory.rglob("*") if p.is_file()}

    def tells_nothing_in_clear(self) -> None:
        for name, content in self.written().items():
            assert not [token for token in TOKENS if token.encode() in content], name

    def run(self) -> None:
        self.start.worker(app=APP)

    def has(self, task_id: str, status: Status) -> None:
        eventually(lambda: self.engine.get(task_id).status is status)


@pytest.fixture
def scene(start: ProcessFactory, engine: QueueEngine, tmp_path: Path) -> Scene:
    return Scene(start, engine, tmp_path)


def decrypts(content: bytes, sealed: bytes, task_id: str) -> bool:
    """Whether anything in it opens with the application's keys, wherever it begins."""
    sealer = Sealer([application.config["SECRET_KEY"]], _purpose())
    assert sealer.open(sealed, task_id) is not None  # the way to open it is the right one
    places = range(len(content) - len(sealed) + 1)
    return any(
        sealer.open(content[place : place + len(sealed)], task_id) is not None
        for place in places
        if content[place] == sealed[0]
    )


def _purpose() -> str:
    from hashlib import sha256

    return f"credentials {sha256(b'').hexdigest()}"


def succeed(scene: Scene, task_id: str) -> None:
    scene.run()
    scene.has(task_id, Status.RUNNING)
    scene.tells_nothing_in_clear()
    scene.gate.touch()
    scene.has(task_id, Status.SUCCEEDED)
    replay: Answer = get(f"{scene.base}/status/{task_id}")
    assert (replay.status, replay.text) == (200, proof(SECRETS))


def fail(scene: Scene, task_id: str) -> None:
    scene.gate.touch()
    scene.run()
    scene.has(task_id, Status.FAILED)
    assert get(f"{scene.base}/status/{task_id}").status == 500


def cancel(scene: Scene, task_id: str) -> None:
    scene.engine.cancel(task_id)
    scene.has(task_id, Status.CANCELLED)


@pytest.mark.parametrize("end", [succeed, fail, cancel])
def test_a_planted_token_is_never_there_in_clear_and_nothing_decrypts_after_the_end(
    scene: Scene, end: Callable[[Scene, str], None]
) -> None:
    task_id, sealed = scene.submit("&fail=1" if end is fail else "")
    scene.tells_nothing_in_clear()
    end(scene, task_id)
    assert scene.sealed() == []
    scene.tells_nothing_in_clear()
    if scene.engine.database.dialect == "sqlite":  # the log is cut within a second or so
        eventually(lambda: not any(sealed in content for content in scene.written().values()))
        for name, content in scene.written().items():
            assert not decrypts(content, sealed, task_id), name


def test_a_task_without_its_credentials_does_not_run_again(scene: Scene) -> None:
    task_id, _ = scene.submit()
    scene.gate.touch()
    scene.run()
    scene.has(task_id, Status.SUCCEEDED)
    ended = scene.engine.get(task_id)
    with pytest.raises(CredentialsGoneError) as caught:
        scene.engine.retry(task_id)
    assert str(caught.value).startswith("the credentials (")
    assert GONE in str(caught.value)
    assert scene.engine.get(task_id) == ended
    retried = scene.start.start("taskrow", "--app", APP, "retry", task_id)
    assert (retried.process.wait(30), GONE in retried.output()) == (1, True)
    # By hand in the database it fails in the worker, with the same sentence.
    now = scene.engine.clock()
    assert scene.engine.database.write(lambda c: retry_by_hand(c, task_id, now=now))
    scene.has(task_id, Status.FAILED)
    error = scene.engine.get(task_id).error or ""
    assert "CredentialsGoneError" in error
    assert GONE in error
