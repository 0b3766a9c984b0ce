"""Many claim at the same time: no task is claimed twice, and none is missed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from taskrow.domain.task import Status
from taskrow.storage import queries
from taskrow.storage.database import Database
from tests.storage.processes import run_together
from tests.storage.rows import counts, put, take
from tests.storage.workloads import drain

DAY = "2026-11-21"


def test_four_processes_share_four_thousand_tasks(database: Database, database_url: str) -> None:
    ids = put(database, [{}] * 4000)
    done = run_together(drain, [(database_url, f"w{n}", 10) for n in range(4)])
    together = [task_id for one in done for task_id in one]
    assert len(together) == len(set(together)) == 4000
    assert set(together) == set(ids)
    assert counts(database) == {(DAY, "default", "app.add", "succeeded"): 4000}
    with database.read() as connection:
        found = queries.find_many(connection, ids)
    assert {(task.status, task.attempt) for task in found} == {(Status.SUCCEEDED, 1)}
    assert {task.worker for task in found} == {"w0", "w1", "w2", "w3"}


def test_eight_threads_of_one_process_share_tasks_too(database: Database) -> None:
    put(database, [{}] * 400)

    def claim_all(worker: str) -> list[int]:
        seqs: list[int] = []
        while found := take(database, 7, worker=worker):
            seqs += [claim.seq for claim in found]
        return seqs

    with ThreadPoolExecutor(8) as pool:
        found = [seq for seqs in pool.map(claim_all, "abcdefgh") for seq in seqs]
    assert len(found) == len(set(found)) == 400
