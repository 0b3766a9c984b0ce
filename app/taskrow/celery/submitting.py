"""From what Celery's ``apply_async`` is told to what a submit takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from taskrow.celery.mapping import check_serializer
from taskrow.celery.missing import refuse
from taskrow.celery.result import AsyncResult
from taskrow.domain.options import is_name, parse_options, suggest
from taskrow.domain.payload import encode_arguments
from taskrow.engine.moments import expires_at, run_at
from taskrow.errors import OptionError

if TYPE_CHECKING:
    from taskrow.engine.queue import QueueEngine

HEEDED = ("countdown", "eta", "expires", "priority", "queue", "retries", "task_id", "unique_key")
_OF_A_BROKER = (
    "add_to_parent", "compression", "connection", "delivery_mode", "exchange", "ignore_result",
    "producer", "publisher", "retry", "retry_policy", "routing_key", "serializer", "shadow",
)  # fmt: skip
_OF_THE_FUNCTION = ("time_limit", "soft_time_limit")


def submit_options(given: Mapping[str, Any], conf: Mapping[str, Any]) -> dict[str, Any]:
    """The options that a submit takes. OptionError for what is unknown, or cannot be said here.

    A time without a zone is one of ``conf.timezone``, as in Celery; UTC where that is not set.
    """
    check_serializer(given.get("serializer"))
    for name, value in given.items():
        if name in ("link", "link_error") and value:
            refuse(name)
        if name in _OF_THE_FUNCTION and value is not None:
            raise OptionError(f"{name} belongs to the function: give it to the decorator")
        _check_known(name)
    wanted = {name: given[name] for name in HEEDED if given.get(name) is not None}
    for name in ("eta", "expires"):
        if isinstance(moment := wanted.get(name), datetime) and moment.tzinfo is None:
            wanted[name] = moment.replace(tzinfo=_zone(conf))
    return wanted


def _check_known(name: str) -> None:
    known = (*HEEDED, *_OF_A_BROKER, *_OF_THE_FUNCTION, "link", "link_error")
    if name not in known:
        raise OptionError(f"{name!r} is no option of apply_async{suggest(name, list(known))}")


def _zone(conf: Mapping[str, Any]) -> tzinfo:
    name = conf.get("timezone")
    return ZoneInfo(name) if isinstance(name, str) else UTC


def send_elsewhere(
    engine: QueueEngine,
    name: str,
    args: Iterable[Any] | None,
    kwargs: Mapping[str, Any] | None,
    wanted: dict[str, Any],
) -> AsyncResult:
    """Submit a task that only a worker knows, by its name, with checked options."""
    if not is_name(name):
        raise OptionError(f"name must be a text in plain characters without ':', not {name!r}")
    limit, now = engine.settings.max_payload, engine.clock()
    of_call = ("countdown", "eta", "expires", "task_id", "unique_key")
    of_function = {key: value for key, value in wanted.items() if key not in of_call}
    task_id = engine.submit(
        name,
        encode_arguments(tuple(args or ()), dict(kwargs or {}), limit=limit),
        parse_options(of_function),
        run_at=run_at(now, wanted.get("countdown"), wanted.get("eta")),
        expires_at=expires_at(now, wanted.get("expires")),
        task_id=wanted.get("task_id"),
        unique_key=wanted.get("unique_key"),
        now=now,
    )
    return AsyncResult(task_id, engine)
