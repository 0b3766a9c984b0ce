"""How a worker works: what its command line says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class WorkerOptions:
    """How a worker works. queues: None is every queue. burst: stop when nothing is left to do.

    threads: how many tasks one runner runs at a time. max_tasks, max_memory (MiB): after how many
    tasks, and above which size, a runner is replaced; None: never.
    """

    runner_command: Sequence[str]
    runners: int = 1
    threads: int = 1
    max_tasks: int | None = None
    max_memory: int | None = None
    queues: Sequence[str] | None = None
    burst: bool = False
    grace: float = 30.0
    debug: bool = False

    def full_runner_command(self, worker: str) -> list[str]:
        """The command of a runner with what it must know itself (engine/runner.py)."""
        return [*self.runner_command, worker, str(self.threads), str(self.max_memory or 0)]
