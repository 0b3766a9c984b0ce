"""``python -m bench.lanes.raw_postgres_worker URL BATCH``: a worker of nothing but psycopg."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from bench.lanes.postgres_server import connect
from bench.lanes.raw_postgres import marked
from bench.lanes.raw_sql import CLAIM, COUNT, FINISH, now_text, purge_text
from bench.lanes.raw_worker import Row, run_row

_CLAIM = marked(CLAIM).replace("LIMIT %(most)s", "LIMIT %(most)s FOR UPDATE SKIP LOCKED")
_FINISH = marked(FINISH)
_COUNT = marked(COUNT).replace("SET n = n +", "SET n = task_counts.n +")


def main(url: str, batch: int) -> None:
    """Claim, run and end, one transaction a batch, until it is killed."""
    connection = connect(url)
    endings: Sequence[Mapping[str, object]] = []
    while True:
        claimed = _exchange(connection, endings, batch)
        endings = [run_row(row) for row in claimed]
        if not claimed:
            time.sleep(0.001)


def _exchange(connection: Any, endings: Sequence[Mapping[str, object]], batch: int) -> list[Row]:
    now = now_text()
    with connection.transaction():
        if endings:
            times = {"now": now, "purge_at": purge_text()}
            with connection.cursor() as cursor:
                cursor.executemany(_FINISH, [{**ending, **times} for ending in endings])
            connection.execute(_COUNT, {"day": now[:10], "n": len(endings)})
        values = {"now": now, "most": batch}
        claimed: list[Row] = connection.execute(_CLAIM, values).fetchall()
    return claimed


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
