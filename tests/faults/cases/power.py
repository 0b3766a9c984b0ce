"""The power goes: on recordings, and on a real file system that is shut down under us."""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import struct
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPException
from pathlib import Path

from tests.conformance.client import task_id
from tests.faults.board import case
from tests.faults.clients import clients
from tests.faults.needs import Unavailable
from tests.faults.operations.failing import fail_each
from tests.faults.power.cutting import cut_all
from tests.faults.power.disk import DROPPED, KEPT, TORN
from tests.faults.power.journal import PROMISE, SYNC, WRITE, Entry, read_journal
from tests.faults.power.workload import record
from tests.faults.scene import Scene, scene
from tests.support.processes import eventually

_SHUT_DOWN = 0x8004587D  # EXT4_IOC_SHUTDOWN
_WITHOUT_ITS_LOG = struct.pack("I", 2)
_CYCLES = 3
_REFUSED = {503, 507}


@case(1, "the power goes after a 202", expected="every promise is kept in every image")
def power_loss(scene: Scene) -> str:
    log = record(scene.directory, tasks=80, seed=1)
    found = cut_all(log, images=3000, seed=1, processes=1)
    assert found.bad == 0, found.first
    assert (found.images, found.promises > 100) == (3000, True)
    assert min(found.kinds[kind] for kind in (DROPPED, KEPT, TORN)) > 300
    return f"{found.images} images, {found.promises} promises, none broken"


@case(3, "what reaches the disk before a 202 is sent", expected="an fsync after the last write")
def synced_first(scene: Scene) -> str:
    entries = read_journal(record(scene.directory, tasks=40, seed=3))
    accepted = [at for at, one in enumerate(entries) if one.op == PROMISE and _is_new(one)]
    assert len(accepted) > 30
    for at in accepted:
        row = _last_write_with(entries, at, str(entries[at].promise["id"]).encode())
        between = [one.op for one in entries[row:at] if one.name.endswith("-wal")]
        assert SYNC in between, f"no fsync between the row and the answer, at {at}"
    return f"{len(accepted)} answers, each after an fsync of the log that holds its row"


def _is_new(entry: Entry) -> bool:
    return "status" not in entry.promise


def _last_write_with(entries: list[Entry], before: int, text: bytes) -> int:
    """Where a text was written first: its row."""
    return next(at for at in range(before) if entries[at].op == WRITE and text in entries[at].data)


@case(6, "SIGKILL at every 29th I/O operation", expected="no loss, one result")
def killed_at_operations(scene: Scene) -> str:
    seen = fail_each(scene.directory, "kill", first=5, every=29)
    assert seen.wrongs == []
    assert seen.noticed == seen.lives > 10
    return f"{seen.lives} lives of {seen.operations} operations, killed in {seen.noticed}"


@case(2, "a real file system is shut down under a web process", expected="no 202 is lost")
def shut_down(scene: Scene) -> str:
    if os.geteuid() != 0 or shutil.which("mkfs.ext4") is None:
        raise Unavailable("needs root, a loop device and mkfs.ext4 (apt-get install e2fsprogs)")
    accepted = [_one_cycle(scene.directory / f"cycle-{number}") for number in range(_CYCLES)]
    return f"{_CYCLES} cycles, {sum(accepted)} tasks accepted, none lost"


def _one_cycle(place: Path) -> int:
    """Submit until the file system is gone; how many were accepted, and all are there."""
    place.mkdir()
    image, files = place / "image", place / "files"
    files.mkdir()
    _make_file_system(image)
    with _mounted(image, files), scene(files) as here:
        ids = _submit_until_it_is_gone(here, files)
    with _mounted(image, files), closing(sqlite3.connect(files / "tasks.db")) as file:
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rows = {one for (one,) in file.execute("SELECT id FROM tasks")}
    assert set(ids) <= rows, f"{len(set(ids) - rows)} of {len(ids)} accepted tasks are gone"
    assert len(ids) > 20
    return len(ids)


def _make_file_system(image: Path) -> None:
    with image.open("wb") as file:
        file.truncate(256 * 2**20)
    subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True)


@contextmanager
def _mounted(image: Path, place: Path) -> Iterator[None]:
    try:
        subprocess.run(["mount", "-o", "loop", image, place], check=True, capture_output=True)
    except subprocess.CalledProcessError as error:
        raise Unavailable(f"a loop mount is not allowed here: {error.stderr.decode()}") from None
    try:
        yield
    finally:
        eventually(lambda: _unmounted(place))


def _unmounted(place: Path) -> bool:
    return subprocess.run(["umount", place], check=False, capture_output=True).returncode == 0


def _submit_until_it_is_gone(here: Scene, files: Path) -> list[str]:
    web = here.web()
    ids: list[str] = []
    statuses: set[int] = set()

    def submit() -> None:
        with suppress(OSError, HTTPException):
            answer = web.submit()
            statuses.add(answer.status)
            if answer.status == 202:
                ids.append(task_id(answer))

    with clients(submit):
        eventually(lambda: len(ids) > 60)
        # A 202 while it shuts down counts neither way: for some milliseconds ext4 lets an fsync
        # succeed whose data it drops, of a bare pwrite() and fdatasync() in a loop as well.
        accepted = ids.copy()
        _shut_down(files)
    refused = {web.submit().status for _ in range(3)}
    assert refused <= _REFUSED, f"without a file system: {refused}"
    assert statuses <= {202} | _REFUSED, statuses
    return accepted


def _shut_down(files: Path) -> None:
    place = os.open(files, os.O_RDONLY)
    fcntl.ioctl(place, _SHUT_DOWN, _WITHOUT_ITS_LOG)
    os.close(place)
