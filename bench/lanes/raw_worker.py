"""``python -m bench.lanes.raw_worker FILE BATCH``: a worker of nothing but sqlite3.

One commit ends the last tasks and claims the next, and the tasks are run right here: no runner, no
lease, no retry, no timeout. It waits for work as taskrow does, on the log beside the file.
"""

from __future__ import annotations

import json
import select
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.lanes.raw_sql import CLAIM, COUNT, FINISH, connect, now_text, purge_text
from bench.tasks import FUNCTIONS
from taskrow.storage.database import open_database
from taskrow.storage.doorbell import open_doorbell
from taskrow.storage.submit import WORK

_FUNCTIONS = {f"bench.tasks.{function.__name__}": function for function in FUNCTIONS}
_LOOK_AGAIN = (0.0005, 0.001, 0.002)  # after a ring: it is heard before the commit can be read
Row = tuple[int, int, str, str]


class RawWorker:
    """Claims, runs, ends."""

    def __init__(self, file: Path, batch: int) -> None:
        self._batch = batch
        self._rows = connect(file)
        self._bell = open_doorbell(open_database(f"sqlite:///{file}", busy_timeout=30), WORK)

    def run(self) -> None:
        """Until it is killed."""
        while True:
            self._work()
            assert self._bell.fileno is not None
            select.select([self._bell.fileno], [], [], 1.0)
            while self._bell.rang():
                self._work()
                for seconds in _LOOK_AGAIN:
                    time.sleep(seconds)
                    self._work()

    def _work(self) -> None:
        endings: Sequence[Mapping[str, object]] = []
        if not self._is_work():
            return
        while claimed := self._exchange(endings):
            endings = [run_row(row) for row in claimed]

    def _is_work(self) -> bool:
        query = "SELECT 1 FROM tasks WHERE status = 'queued' LIMIT 1"
        return self._rows.execute(query).fetchone() is not None

    def _exchange(self, endings: Sequence[Mapping[str, object]]) -> list[Row]:
        """One commit: end what has run, and claim the next."""
        now = now_text()
        self._rows.execute("BEGIN IMMEDIATE")
        if endings:
            times = {"now": now, "purge_at": purge_text()}
            self._rows.executemany(FINISH, [{**ending, **times} for ending in endings])
            self._rows.execute(COUNT, {"day": now[:10], "n": len(endings)})
        claimed = self._rows.execute(CLAIM, {"now": now, "most": self._batch}).fetchall()
        self._rows.execute("COMMIT")
        return claimed


def run_row(row: Row) -> dict[str, Any]:
    """Run one task; how it ends, as the statement takes it."""
    seq, attempt, name, args = row
    function: Any = _FUNCTIONS[name]
    result = json.dumps(function(*json.loads(args)["args"]))
    return {"seq": seq, "attempt": attempt, "result": result}


if __name__ == "__main__":
    RawWorker(Path(sys.argv[1]), int(sys.argv[2])).run()
