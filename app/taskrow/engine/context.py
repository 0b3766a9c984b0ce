"""What a task function that asked for it (``bind=True``) sees of its own task: ``self``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from taskrow.domain.payload import encode_progress

PROGRESS = "PROGRESS"


@dataclass(frozen=True, kw_only=True)
class TaskRequest:
    """Which task this is, and how often it was tried. ``retries`` counts earlier exceptions."""

    id: str | None = None
    name: str = ""
    attempt: int = 1
    retries: int = 0
    called_directly: bool = False


class TaskContext:
    """The ``self`` of a bound task function."""

    def __init__(
        self,
        request: TaskRequest,
        report: Callable[[str], None] = lambda _: None,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self.request = request
        self._report, self._check = report, check

    def update_state(self, state: str = PROGRESS, meta: Mapping[str, Any] | None = None) -> None:
        """Say how far the task is. ``meta`` is a mapping of JSON, usually current, total, status.

        The row shows it within 100 ms; of several in between the last one counts.
        CancelRequested when somebody asked the task to stop; ArgumentsError when meta is no JSON.
        """
        progress = encode_progress(state, meta or {})
        self._check()
        self._report(progress)
