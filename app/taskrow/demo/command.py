"""``taskrow demo``: web server and worker together, and ``--check``, which plays a story."""

from __future__ import annotations

import errno
import os
import shlex
import signal
import socket
import sys
import tempfile
import time
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from sqlalchemy import URL, func, select

from taskrow.demo.processes import Child, Pair, listen, make_pair
from taskrow.demo.story import Story
from taskrow.domain.settings import Settings
from taskrow.engine.queue import QueueEngine
from taskrow.engine.registry import Registry
from taskrow.errors import TaskrowError
from taskrow.storage.tables import tasks

_PORT = 5000
_FILE = "taskrow-demo.db"
_ROWS = "select * from v_recent"
_LOOK_EVERY = 0.1  # seconds
_TOO_SOON = 5.0  # seconds; who ends by itself so early would do so again


@click.command("demo")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help=f"Where the page is; 0 takes any free port.  [default: {_PORT}; with --check 0]",
)
@click.option(
    "--database",
    type=click.Path(dir_okay=False, path_type=Path),
    help=f"The SQLite file.  [default: ./{_FILE}; with --check one that is deleted]",
)
@click.option(
    "--runners", type=click.IntRange(1), default=2, show_default=True, help="Tasks at a time."
)
@click.option("--check", is_flag=True, help="Play the whole story without anybody; exit 0 or 1.")
@click.option("--open/--no-open", "open_page", default=False, help="Open the page in a browser.")
def demo(
    *, port: int | None, database: Path | None, runners: int, check: bool, open_page: bool
) -> None:
    """Show tasks at work: a page with bars, a worker, one SQLite file."""
    # SIGTERM ends us as Ctrl-C does: both children first. (A shell may have us ignore Ctrl-C.)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)
    with _place_for(database, check) as path, _take(port, check) as listener:
        earlier = _prepare(path)
        if check:
            sys.exit(_check(listener, path, runners))
        pair = make_pair(listener, path, runners)
        _run(pair, path, earlier, open_page)


def _check(listener: socket.socket, path: Path, runners: int) -> int:
    with tempfile.TemporaryFile() as output:
        pair = make_pair(listener, path, runners, output)
        try:
            return Story(pair, path, output).tell()
        finally:
            pair.stop()


def _run(pair: Pair, path: Path, earlier: int, open_page: bool) -> None:
    try:
        pair.start()
        _greet(pair, path, earlier)
        if open_page:
            webbrowser.open(pair.url)
        while True:
            _tend(pair.web)
            _tend(pair.worker)
            time.sleep(_LOOK_EVERY)
    except KeyboardInterrupt:
        click.echo("\nEnding the web server, then the worker ...")
    finally:
        pair.stop()
    click.echo(f"The tasks lie in {_as_typed(path)}; the next demo goes on with them.")


def _tend(child: Child) -> None:
    """Start a child that died again. ClickException when it could not start in the first place."""
    how = child.how_it_ended()
    if how is None:
        return
    by_itself = (child.exit_code() or 0) > 0
    if by_itself and time.monotonic() - child.started_at < _TOO_SOON:
        raise click.ClickException(f"the {child.name} {how} as soon as it started; see above why")
    child.start()
    click.echo(f"The {child.name} {how}; started it again: it is pid {child.pid} now.")


def _greet(pair: Pair, path: Path, earlier: int) -> None:
    name = _as_typed(path)
    found = f"  ({earlier} task{'s' * (earlier > 1)} from before)" if earlier else ""
    click.echo(
        f"""
Tasks are rows. Start some on the page, then take their worker away.

  the page      {pair.url}
  the file      {name}{found}
  the rows      sqlite3 -box {shlex.quote(name)} '{_ROWS}'
  the worker    kill -9 {pair.worker.pid}

Ctrl-C ends the demo; the rows stay.
"""
    )


@contextmanager
def _place_for(database: Path | None, check: bool) -> Iterator[Path]:
    """The file: the one that was asked for, or ours; for a check one that is gone afterwards."""
    if database is not None or not check:
        yield (database or Path(_FILE)).absolute()
        return
    with tempfile.TemporaryDirectory(prefix="taskrow-demo-") as directory:
        yield Path(directory) / _FILE


@contextmanager
def _take(port: int | None, check: bool) -> Iterator[socket.socket]:
    """The socket that the web server serves on. ClickException when the port is taken."""
    wanted = port if port is not None else 0 if check else _PORT
    try:
        listener = listen(wanted)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        why = "is taken by another program" if taken else f"cannot be used: {error.strerror}"
        raise click.ClickException(
            f"port {wanted} {why}; choose another one with --port, or any free one with --port 0"
        ) from None
    with listener:
        yield listener


def _prepare(path: Path) -> int:
    """Make the tables before two processes want to; returns how many tasks are there already."""
    url = URL.create("sqlite", database=str(path)).render_as_string()
    try:
        engine = QueueEngine(Settings(database_url=url), Registry())
        with engine.database.read() as connection:
            earlier = connection.execute(select(func.count()).select_from(tasks)).scalar_one()
        engine.close()
    except TaskrowError as error:
        raise click.ClickException(str(error)) from None
    return earlier


def _as_typed(path: Path) -> str:
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)
