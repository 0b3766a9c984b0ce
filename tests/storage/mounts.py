"""A file system that is really read-only, for tests on Linux that may mount one."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import MUST_NOT_SKIP


@contextmanager
def read_only_mount(directory: Path, *, file: str | None) -> Iterator[Path]:
    """A mounted directory in which nothing can be written, with an empty file or without."""
    directory.mkdir()
    if not _run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(directory)):
        assert not MUST_NOT_SKIP, "this test must be able to mount a file system"
        pytest.skip("a file system cannot be mounted here")
    try:
        if file is not None:
            (directory / file).touch(0o600)
        assert _run("mount", "-o", "remount,ro", str(directory))
        yield directory
    finally:
        _run("umount", str(directory))


def _run(*command: str) -> bool:
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    try:
        return (
            subprocess.run([*as_root, *command], capture_output=True, check=False).returncode == 0
        )
    except FileNotFoundError:
        return False
