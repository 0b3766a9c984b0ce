"""``python -m tests.soak --minutes N``: soak, and say what was lost and what grew."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.soak.plot import draw
from tests.soak.record import read
from tests.soak.report import report
from tests.soak.run import soak
from tests.support.postgres import PostgresServer


def main() -> int:
    """0 when nothing was lost, nothing ran twice that must not, and nothing grew."""
    options = _options()
    if options.read is not None:
        return int(not _tell(options.read, options.plot))
    place = Path(tempfile.mkdtemp(prefix="taskrow-soak-", dir=options.directory))
    record = (options.out or place / "record").resolve()
    seconds = options.minutes * 60
    retention = min(120.0, max(30.0, seconds / 6))  # rows go while others come
    with (on_postgresql if options.postgresql else on_sqlite)(place) as url:
        soak(place, url, seconds=seconds, seed=options.seed, retention=retention, out=record)
    passed = _tell(record, options.plot)
    if passed:
        shutil.rmtree(place)
    else:
        print("the database and the logs are in", place)
    return int(not passed)


@contextmanager
def on_sqlite(place: Path) -> Iterator[str]:
    """The URL of a file that is alone in its directory."""
    (place / "data").mkdir()
    yield f"sqlite:///{place / 'data' / 'tasks.db'}"


@contextmanager
def on_postgresql(place: Path) -> Iterator[str]:
    """The URL of an empty database, on a server that syncs as in production."""
    server = PostgresServer(place, fsync=True)
    server.start()
    try:
        yield server.create_database()
    finally:
        server.stop()


def _tell(record: Path, plot: Path | None) -> bool:
    lines = read(record)
    if plot is not None:
        plot.write_text(draw(lines))
    return report(lines)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--postgresql", action="store_true", help="on a server of its own")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, metavar="DIR", help="write soak.jsonl there")
    parser.add_argument("--read", type=Path, metavar="DIR", help="do not soak: tell of that one")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the curves as SVG")
    parser.add_argument("--directory", type=Path, help="on the disk to use")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
