"""Where contenders work: their interpreters, their servers, and a directory on the disk."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.contenders import Contender
from bench.remote import NoAnswer


class Places:
    """Made once for a run."""

    def __init__(self, directory: Path, peers: Path) -> None:
        self.directory = directory
        self._peers = peers

    @contextmanager
    def store(self, contender: Contender) -> Iterator[tuple[Path, str]]:
        """An interpreter and the URL of a fresh store. NoAnswer where there is none to be had."""
        if contender.server is not None:
            raise NoAnswer(f"not measured: no {contender.server}")
        yield Path(sys.executable), ""
