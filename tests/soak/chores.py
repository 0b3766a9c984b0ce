"""What an admin does while all this happens: back up, purge, and tidy the users' own table."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tests.soak.shell import Shell
from tests.support.processes import Process

Run = Callable[..., Process]  # a ``taskrow`` command
# seconds
_BACKUP_EVERY, _PURGE_EVERY, _TAKE_EVERY, _LONGEST = 30.0, 20.0, 5.0, 120.0


class Chores(threading.Thread):
    """Does them until ``over``. ``effects``: how often each task had its effect."""

    def __init__(self, shell: Shell, backups: Path, run: Run) -> None:
        super().__init__(daemon=True)
        self._shell, self._backup, self._run = shell, backups / "backup.db", run
        self.over = threading.Event()
        self.effects: Counter[str] = Counter()
        self.done: Counter[str] = Counter()
        self.wrongs: list[str] = []
        self.has_ended = False

    def run(self) -> None:
        chores: list[tuple[float, Callable[[], None]]] = [
            (_TAKE_EVERY, self.take),
            (_PURGE_EVERY, lambda: self.command("purge")),
        ]
        if self._shell.file is not None:  # PostgreSQL has pg_dump
            chores.append((_BACKUP_EVERY, self._back_up))
        done = [time.monotonic()] * len(chores)
        while not self.over.wait(0.5):
            for number, (every, chore) in enumerate(chores):
                if time.monotonic() >= done[number] + every:
                    chore()
                    done[number] = time.monotonic()
        self.has_ended = True  # of itself, and not by an error

    def take(self) -> None:
        """Count the effects that there are, and delete them: a writer from outside the gate."""
        self.effects.update(self._shell.take_effects())

    def _back_up(self) -> None:
        self.command("backup", str(self._backup), "--force")

    def command(self, *words: str) -> None:
        """Run a command of taskrow, which must succeed."""
        self.done[words[0]] += 1
        process = self._run(*words)
        if code := process.process.wait(_LONGEST):
            self.wrongs.append(f"taskrow {' '.join(words)} ended with {code}: {process.output()}")
