"""File systems of a test's own, for tests on Linux that may mount one: small, or read-only."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.conftest import MUST_NOT_SKIP


@contextmanager
def small_mount(directory: Path, size: str) -> Iterator[Path]:
    """A mounted directory in memory that holds no more than so much (``2m``)."""
    directory.mkdir()
    options = f"size={size},mode=700"
    if not _run("mount", "-t", "tmpfs", "-o", options, "tmpfs", str(directory)):
        assert not MUST_NOT_SKIP, "this test must be able to mount a file system"
        pytest.skip("a file system cannot be mounted here")
    try:
        yield directory
    finally:
        _run("umount", "--lazy", str(directory))


@contextmanager
def read_only_mount(directory: Path, *, file: str | None) -> Iterator[Path]:
    """A mounted directory in which nothing can be written, with an empty file or without."""
    with small_mount(directory, "1m"):
        if file is not None:
            (directory / file).touch(0o600)
        assert _run("mount", "-o", "remount,ro", str(directory))
        yield directory


def fill_up(mount: Path) -> Path:
    """Leave no byte free on a file system; returns what takes it all."""
    filler = mount / "filler"
    with filler.open("ab", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x" * 4096)
    return filler


def _run(*command: str) -> bool:
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    try:
        return (
            subprocess.run([*as_root, *command], capture_output=True, check=False).returncode == 0
        )
    except FileNotFoundError:
        return False
