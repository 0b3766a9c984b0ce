"""A status stays what it was, whoever is restarted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.client import answer_of, ask, post, task_id, where
from tests.conformance.conftest import House, open_house
from tests.conformance.servers import APP, KINDS
from tests.conformance.test_answers import parts
from tests.support.processes import eventually


@pytest.fixture(scope="module")
def own_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house whose inhabitants may be killed."""
    directory = tmp_path_factory.mktemp("own")
    with open_house(directory, f"sqlite:///{directory / 'tasks.db'}") as house:
        yield house


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_status_is_the_same_after_a_restart_of_the_web(own_house: House, kind: str) -> None:
    server = own_house.servers[kind]
    accepted = post(f"{server.base}/later/binary")
    before = answer_of(server.base, accepted)
    server.process.stop()
    own_house.servers[kind] = KINDS[kind](own_house.start, own_house.env, server.port)
    assert parts(ask("GET", where(server.base, accepted))) == parts(before)


def test_a_status_is_the_same_after_a_restart_of_the_worker(own_house: House) -> None:
    [base, _] = own_house.bases()
    accepted = post(f"{base}/later/created")
    before = answer_of(base, accepted)
    own_house.worker.stop()
    waiting = post(f"{base}/later/taken")
    assert parts(ask("GET", where(base, accepted))) == parts(before)
    own_house.worker = own_house.start.worker("--queues", "default", app=APP, env=own_house.env)
    assert parts(ask("GET", where(base, accepted))) == parts(before)
    assert answer_of(base, waiting).status == 409


def test_who_waits_while_the_worker_is_killed_gets_the_answer(
    own_house: House, tmp_path: Path
) -> None:
    [base, _] = own_house.bases()
    gate = tmp_path / "gate"
    accepted = post(f"{base}/stand", str(gate).encode())
    eventually(gate.with_suffix(".running").exists)
    gate.touch()
    own_house.worker.kill()
    own_house.worker = own_house.start.worker("--queues", "default", app=APP, env=own_house.env)
    answer = ask("GET", where(base, accepted), headers={"Prefer": "wait=20"})
    assert (answer.status, answer.text) == (200, "through")
    assert ask("GET", f"{base}/tasks/{task_id(accepted)}").json["status"] == "succeeded"
