"""gunicorn and waitress: what they fork, thread, restart and stop, no task is lost by it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest

from tests.coexistence.servers import APP, COMMANDS, Server
from tests.support.postgres import PostgresServer
from tests.support.processes import ProcessFactory, eventually, processes

ALL = [*((kind, "sqlite") for kind in COMMANDS), ("gunicorn preload", "postgresql")]


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProcessFactory]:
    """Starts processes on an SQLite file; a worker is there already."""
    directory = tmp_path_factory.mktemp("servers")
    with processes(directory, f"sqlite:///{directory / 'tasks.db'}") as start:
        start.worker("--runners", "2", app=f"{APP}:create_app")
        yield start


@pytest.fixture(scope="module")
def postgresql(
    tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer
) -> Iterator[ProcessFactory]:
    """The same on PostgreSQL."""
    url = postgres.create_database()
    with processes(tmp_path_factory.mktemp("servers"), url) as start:
        start.worker("--runners", "2", app=f"{APP}:create_app")
        yield start
    postgres.drop_database(url)


@pytest.fixture(scope="module", params=ALL, ids=", on ".join)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    kind, database = request.param
    server = Server(kind, request.getfixturevalue(database))
    yield server
    server.process.end_group()


def test_submit_poll_and_replay(server: Server) -> None:
    location = server.submit("/report/7?a=1", "POST", body="süß".encode())
    answer = server.answer(location)
    assert (answer.status, answer.headers["X-Pages"]) == (201, "12")
    assert (answer.json["number"], answer.json["said"]) == (7, "süß")
    assert answer.json["place"] == "worker"
    assert answer.json["url"].endswith("/report/7?a=1")
    assert server.answer(location).body == answer.body


def test_a_client_that_prefers_to_wait_gets_the_answer_itself(server: Server) -> None:
    answer = server.ask("GET", "/report/8", headers={"Prefer": "wait=10"})
    assert (answer.status, answer.json["number"]) == (201, 8)
    assert answer.headers["Preference-Applied"] == "wait=10"


@pytest.mark.parametrize("prefer", ["respond-async", "wait=10"])
def test_twenty_clients_at_once_get_each_their_own_answer(server: Server, prefer: str) -> None:
    def one(number: int) -> int:
        first = server.ask("POST", f"/report/{number}", headers={"Prefer": prefer})
        polled = server.answer(first.headers["Location"]) if first.status == 202 else first
        return int(polled.json["number"])

    with ThreadPoolExecutor(20) as clients:
        assert list(clients.map(one, range(20))) == list(range(20))


def test_a_task_outlives_its_server(server: Server, tmp_path: Path) -> None:
    """It is submitted, the server is restarted, it ends, and its answer is there."""
    gate = tmp_path / "gate"
    location = server.submit(f"/stand?gate={gate}")
    server.restart()
    assert server.ask("GET", location).status == 202
    gate.touch()
    assert server.answer(location).json["place"] == "worker"


def test_a_server_that_stops_lets_a_waiting_client_have_its_answer(
    server: Server, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    with ThreadPoolExecutor(2) as pool:
        asked = pool.submit(server.ask, "GET", f"/stand?gate={gate}", headers={"Prefer": "wait=10"})
        eventually(gate.with_suffix(".running").exists)
        stopped = pool.submit(server.stop)
        if server.kind != "waitress":  # that says nothing
            server.process.wait_for("Handling signal: term")
        gate.touch()
        assert asked.result().status == 200
        assert stopped.result() == 0
    server.restart()


def test_a_client_whose_server_was_killed_asks_again_with_the_same_key(
    server: Server, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    url, headers = f"/stand?gate={gate}", {"Idempotency-Key": uuid4().hex, "Prefer": "wait=10"}
    with ThreadPoolExecutor(1) as pool:
        dropped = pool.submit(server.ask, "GET", url, headers=headers)
        eventually(gate.with_suffix(".running").exists)
        server.kill()
        assert isinstance(dropped.exception(), OSError)
    server.restart()
    gate.touch()
    again = server.ask("GET", url, headers=headers)
    assert (again.status, again.headers["Idempotent-Replayed"]) == (200, "true")
    assert gate.with_suffix(".running").read_text() == "ran\n"
