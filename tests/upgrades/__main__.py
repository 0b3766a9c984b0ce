"""``python -m tests.upgrades``: upgrade under web processes and workers, on both databases.

From this version to the one that may come next, killed at each operation before that; then from
each earlier revision to this one, killed at each operation. With ``--from COMMIT``, from an earlier
commit of this repository to this version.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from taskrow.storage.schema import known_revisions
from tests.faults.operations.upgrading import NOTHING
from tests.support.databases import sqlite_url_of
from tests.support.postgres import PostgresServer
from tests.upgrades.killing import kill_alone
from tests.upgrades.playing import play
from tests.upgrades.site import site
from tests.upgrades.versions import TODAY, Version, earlier_version, next_version


def main() -> int:
    """0 when nothing was lost or done twice."""
    options = _options()
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="taskrow-upgrades-") as place:
        directory = Path(place)
        if options.commit is None:
            old, new, every = TODAY, next_version(directory / "next"), options.every
        else:
            old, new, every = earlier_version(directory / "earlier", options.commit), TODAY, None
        print(f"from {old.head} to {new.head}", flush=True)
        for kind in options.databases:
            with _database(kind, directory) as url:
                wrong += _play(directory / f"on-{kind}", url, old, new, every)
        if every is not None and "sqlite" in options.databases:
            _kill_each_revision(directory, every)
    return int(wrong > 0)


def _play(directory: Path, url: str, old: Version, new: Version, every: int | None) -> int:
    directory.mkdir()
    with site(directory, url) as here:
        here.upgrade(old)
    seen = play(directory, url, old, new, kill_every=every)
    kind = url.partition(":")[0]
    print(f"{kind}: {seen.tasks} tasks, {len(seen.wrongs)} wrongs; {seen.kills}", flush=True)
    print(*seen.wrongs[:20], sep="\n")
    return len(seen.wrongs)


def _kill_each_revision(directory: Path, every: int) -> None:
    for revision in (NOTHING, *known_revisions()[:-1]):
        kills = kill_alone(directory / revision, revision, every=every)
        print(f"sqlite, from {revision} to {known_revisions()[-1]}: {kills}", flush=True)


@contextmanager
def _database(kind: str, directory: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield sqlite_url_of(directory / "tasks.db")
        return
    server = PostgresServer(directory)
    server.start()
    try:
        yield server.create_database()
    finally:
        server.stop()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.upgrades", description=__doc__)
    parser.add_argument("--from", dest="commit", help="a commit of this repository")
    parser.add_argument("--every", type=int, default=1, help="kill at every so many-th operation")
    kinds = ["sqlite", "postgresql"]
    parser.add_argument("--databases", nargs="+", choices=kinds, default=kinds)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
