"""From what Celery's ``apply_async`` is told to what a submit takes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from taskrow.celery.mapping import check_serializer
from taskrow.celery.missing import refuse
from taskrow.domain.checks import refuse_unknown
from taskrow.errors import OptionError

HEEDED = (
    "countdown", "eta", "expires", "priority", "queue", "retries", "session", "task_id",
    "unique_key",
)  # fmt: skip
_OF_A_BROKER = (
    "add_to_parent", "compression", "connection", "delivery_mode", "exchange", "ignore_result",
    "producer", "publisher", "retry", "retry_policy", "routing_key", "serializer", "shadow",
)  # fmt: skip
_OF_THE_FUNCTION = ("time_limit", "soft_time_limit")
_KNOWN = (*HEEDED, *_OF_A_BROKER, *_OF_THE_FUNCTION, "link", "link_error")


def submit_options(given: Mapping[str, Any], conf: Mapping[str, Any]) -> dict[str, Any]:
    """The options that a submit takes. OptionError for what is unknown, or cannot be said here.

    A time without a zone is one of ``conf.timezone``, as in Celery; UTC where that is not set.
    """
    check_serializer(given.get("serializer"))
    refuse_unknown(given, _KNOWN, "option of apply_async")
    for name, value in given.items():
        if name in ("link", "link_error") and value:
            refuse(name)
        if name in _OF_THE_FUNCTION and value is not None:
            raise OptionError(f"{name} belongs to the function: give it to the decorator")
    wanted = {name: given[name] for name in HEEDED if given.get(name) is not None}
    for name in ("eta", "expires"):
        if isinstance(moment := wanted.get(name), datetime) and moment.tzinfo is None:
            wanted[name] = moment.replace(tzinfo=_zone(conf))
    return wanted


def _zone(conf: Mapping[str, Any]) -> tzinfo:
    name = conf.get("timezone")
    return ZoneInfo(name) if isinstance(name, str) else UTC
