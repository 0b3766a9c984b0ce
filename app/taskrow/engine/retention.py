"""How long the rows of ended tasks are kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from taskrow.domain.options import TaskOptions
from taskrow.domain.settings import Settings
from taskrow.domain.task import Status


class Retention:
    """When rows may go. Tasks that end together have the same answer: it is worked out once."""

    def __init__(self, settings: Settings, options_of: Callable[[str], TaskOptions]) -> None:
        self._settings, self._options_of = settings, options_of
        self._known: tuple[datetime | None, dict[tuple[str, Status], datetime]] = (None, {})

    def purge_at(self, name: str, status: Status, now: datetime) -> datetime:
        """When the row of a task that ends now may go."""
        of, known = self._known
        if of is not now:
            self._known = of, known = now, {}
        found = known.get((name, status))
        if found is None:
            retention = self._options_of(name).retention
            found = known[name, status] = self._settings.purge_at(status, retention, now)
        return found
