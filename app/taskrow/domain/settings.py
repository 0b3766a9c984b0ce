"""The settings of an application: one frozen object from its config, checked once.

Each field is a config key with the prefix ``TASKROW_``: ``retention`` is ``TASKROW_RETENTION``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from taskrow.domain.checks import suggest
from taskrow.domain.task import Status
from taskrow.errors import SettingsError

PREFIX = "TASKROW_"
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_MOST_SECONDS, _MOST_BYTES = 2**31, 2**40  # so that no time overflows
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_KEPT = {
    Status.SUCCEEDED: 24 * 3600.0,
    Status.CANCELLED: 24 * 3600.0,
    Status.FAILED: 7 * 24 * 3600.0,
}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What an application can set. Times are seconds, sizes are bytes."""

    database_url: str
    busy_timeout: float = 5.0  # how long a submit waits for the database before it gives up
    retention: float | None = None  # for every finished task; None: 24 h, and 7 days for failed
    retention_failed: float | None = None  # for failed tasks alone
    lease: float = 30.0  # how long a claim stands without news of its worker
    heartbeat: float = 5.0
    grace: float = 30.0  # how long a stopping worker lets its tasks go on
    max_payload: int = 1024 * 1024  # arguments, and results
    max_body: int = 16 * 1024 * 1024  # stored requests, and their responses
    min_free_space: int = 64 * 1024 * 1024  # on the disk of an SQLite file; a submit needs more
    max_queued: int | None = None  # tasks that may wait for a worker; a submit beyond is refused
    max_wait: float = 10.0  # the longest that a client may ask to be kept waiting
    secret_headers: tuple[str, ...] = ("X-Api-Key", "X-Auth-Token")  # beside the well-known ones
    application: str | None = None  # tells applications on one database apart; None: the app's name
    log_level: str | None = "INFO"  # from which on records are kept with their task; None: none
    eager: bool = False  # whether each task runs at once where it is submitted
    join_session: bool = False  # whether submits join the session of Flask-SQLAlchemy

    def __post_init__(self) -> None:
        object.__setattr__(self, "secret_headers", _header_names(self.secret_headers))
        object.__setattr__(self, "log_level", _level(self.log_level))
        for field in fields(self):
            _check(field.name, str(field.type), getattr(self, field.name))
        if self.heartbeat * 2 > self.lease:
            raise SettingsError("TASKROW_HEARTBEAT must be at most half of TASKROW_LEASE")

    def purge_at(self, status: Status, retention: float | None, now: datetime) -> datetime:
        """When the row of a task that ends now may go; ``retention`` is what its function asks."""
        failed = self.retention_failed if status is Status.FAILED else None
        for seconds in (retention, failed, self.retention):
            if seconds is not None:
                return now + timedelta(seconds=seconds)
        return now + timedelta(seconds=_KEPT[status])


def read_settings(config: Mapping[str, Any], **defaults: Any) -> Settings:
    """Take the settings out of an application's config; ``defaults`` are what is not set there.

    SettingsError names a key that is unknown, with the nearest one, and a value that is wrong.
    """
    known = {PREFIX + field.name.upper(): field.name for field in fields(Settings)}
    given = {key: value for key, value in config.items() if key.startswith(PREFIX)}
    for key in given:
        if key not in known:
            raise SettingsError(f"{key!r} is no setting of taskrow{suggest(key, list(known))}")
    return Settings(**(defaults | {known[key]: value for key, value in given.items()}))


def _level(value: Any) -> str | None:
    name = value.upper() if isinstance(value, str) else value
    if name is not None and name not in _LEVELS:
        raise SettingsError(
            f"TASKROW_LOG_LEVEL must be one of {', '.join(_LEVELS)}, or None to keep no records, "
            f"not {value!r}"
        )
    return name


def _header_names(value: Any) -> tuple[str, ...]:
    names = value if isinstance(value, list | tuple | set | frozenset) else [None]
    if not all(isinstance(name, str) and _HEADER_NAME.fullmatch(name) for name in names):
        raise SettingsError(
            f"TASKROW_SECRET_HEADERS must be a list of header names, such as ['X-Token'], "
            f"not {value!r}"
        )
    return tuple(names)


def _check(name: str, kind: str, value: Any) -> None:
    if value is None and "None" in kind:
        return
    if kind.startswith("str"):
        fits, wanted = isinstance(value, str) and value != "", "a text"
    elif kind == "bool":
        fits, wanted = isinstance(value, bool), "True or False"
    elif kind.startswith("tuple"):
        return
    else:
        most = _MOST_SECONDS if "float" in kind else _MOST_BYTES
        number = isinstance(value, int | float) and not isinstance(value, bool)
        fits, wanted = number and 0 <= value < most, f"a number from 0 to under {most}"
    if not fits:
        raise SettingsError(f"{PREFIX}{name.upper()} must be {wanted}, not {value!r}")
