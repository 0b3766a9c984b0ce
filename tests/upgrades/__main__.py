"""``python -m tests.upgrades``: upgrade under web processes and workers, on both databases.

From this version to the one that may come next; with ``--from COMMIT``, from an earlier commit of
this repository to this one.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.databases import sqlite_url_of
from tests.support.postgres import PostgresServer
from tests.upgrades.playing import play
from tests.upgrades.site import site
from tests.upgrades.versions import TODAY, Version, earlier_version, next_version


def main() -> int:
    """0 when nothing was lost or done twice."""
    options = _options()
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="taskrow-upgrades-") as place:
        directory = Path(place)
        old, new = TODAY, TODAY
        if options.commit is None:
            new = next_version(directory / "next")
        else:
            old = earlier_version(directory / "earlier", options.commit)
        print(f"from {old.head} to {new.head}", flush=True)
        for kind in options.databases:
            with _database(kind, directory) as url:
                wrong += _play(directory / f"on-{kind}", url, old, new)
    return int(wrong > 0)


def _play(directory: Path, url: str, old: Version, new: Version) -> int:
    directory.mkdir()
    with site(directory, url) as here:
        here.upgrade(old)
    seen = play(directory, url, old, new)
    print(f"{url.partition(':')[0]}: {seen.tasks} tasks, {len(seen.wrongs)} wrongs", flush=True)
    print(*seen.wrongs[:20], sep="\n")
    return len(seen.wrongs)


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
    kinds = ["sqlite", "postgresql"]
    parser.add_argument("--databases", nargs="+", choices=kinds, default=kinds)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
