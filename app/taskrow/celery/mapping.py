"""From the options of a Celery task to those of a task function."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import fields
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from taskrow.celery.missing import refuse
from taskrow.domain.checks import refuse_unknown
from taskrow.domain.options import TaskOptions, parse_options
from taskrow.domain.seconds import MOST, to_seconds
from taskrow.errors import OptionError, TaskTimeout

if TYPE_CHECKING:
    from taskrow.celery.task import Task

OWN = frozenset(field.name for field in fields(TaskOptions))
HEEDED = frozenset(
    {
        "acks_late", "autoretry_for", "default_retry_delay", "dont_autoretry_for", "expires",
        "ignore_result", "max_retries", "priority", "queue", "retry_backoff", "retry_backoff_max",
        "retry_jitter", "retry_kwargs", "soft_time_limit", "time_limit", "track_started",
    }
)  # fmt: skip
NOT_NEEDED = frozenset(
    {
        "acks_on_failure_or_timeout", "compression", "delivery_mode", "exchange",
        "reject_on_worker_lost", "resultrepr_maxsize", "routing_key", "send_events", "shadow_name",
        "store_eager_result", "store_errors_even_if_ignored", "throws", "trail", "typing",
    }
)  # fmt: skip
REFUSED = ("rate_limit", "pydantic")
_SPELT_BY_CELERY = {
    "retries": "max_retries",
    "timeout": "time_limit",
    "soft_timeout": "soft_time_limit",
    "retry_on": "autoretry_for",
    "never_retry_on": "dont_autoretry_for",
    "retention": "result_expires",
}


def check_names(given: Mapping[str, Any]) -> None:
    """OptionError for an option that nobody knows, or that is not here."""
    for name in REFUSED:
        if given.get(name):
            refuse(name)
    known = OWN | HEEDED | NOT_NEEDED | {"serializer"}
    refuse_unknown(given.keys() - set(REFUSED), known, "option of a Celery task")
    check_serializer(given.get("serializer"))


def check_serializer(name: object) -> None:
    """OptionError for anything but JSON."""
    if name not in (None, "json"):
        raise OptionError(f"serializer must be 'json', as rows hold nothing else, not {name!r}")


def options_of(task: Task[..., Any], conf: Mapping[str, Any]) -> TaskOptions:
    """What the attributes of a task and the configuration come to; what the task says counts."""
    wanted = {
        **of_name(task.name, conf),
        **({"queue": task.queue} if task.queue else {}),
        **({"priority": task.priority} if task.priority else {}),
        "expires": task.expires,
        "track_started": _either(task.track_started, conf.get("task_track_started")),
        "retention": _retention(conf),
        **_limits(task, conf),
        **_retries(task, conf),
    }
    if _either(task.acks_late, conf.get("task_acks_late")) is False:
        wanted["at_most_once"] = True
    given = {name: value for name, value in wanted.items() if value is not None}
    try:
        return parse_options(given | task.own_options)
    except OptionError as error:
        raise OptionError(_as_celery_says(str(error), task.own_options)) from None


def _limits(task: Task[..., Any], conf: Mapping[str, Any]) -> dict[str, Any]:
    hard = _either(task.time_limit, conf.get("task_time_limit"))
    soft = _either(task.soft_time_limit, conf.get("task_soft_time_limit"))
    return {"timeout": hard, "soft_timeout": None if soft == hard else soft}


def _retries(task: Task[..., Any], conf: Mapping[str, Any]) -> dict[str, Any]:
    """In Celery only self.retry() and autoretry_for lead to another attempt."""
    if "retries" in task.own_options:
        return {}
    most = dict(task.retry_kwargs).get("max_retries", task.max_retries)
    return {
        "retries": MOST if most is None else most,
        "retry_on": task.autoretry_for,
        "never_retry_on": (*_tuple(task.dont_autoretry_for), TaskTimeout),
        "backoff": backoff_of(task, conf),
    }


def retry_delay(task: Task[..., Any], conf: Mapping[str, Any]) -> float:
    """Seconds before another attempt where nothing else is said."""
    given = _either(task.default_retry_delay, conf.get("task_default_retry_delay"))
    return to_seconds("default_retry_delay", 180 if given is None else given)


def backoff_of(
    task: Task[..., Any], conf: Mapping[str, Any]
) -> float | Callable[[int, BaseException], float]:
    """Celery's rule: a fixed delay, or factor * 2**n up to a maximum, with full jitter."""
    factor, jitter = task.retry_backoff, task.retry_jitter
    if isinstance(factor, bool) and not factor:
        countdown = dict(task.retry_kwargs).get("countdown")
        fixed = retry_delay(task, conf)
        return fixed if countdown is None else to_seconds("countdown", countdown)
    first = max(1.0, to_seconds("retry_backoff", 1 if factor is True else factor))
    most = to_seconds("retry_backoff_max", task.retry_backoff_max)

    def backoff(failures: int, _: BaseException) -> float:
        full = min(most, first * 2.0 ** min(failures - 1, 40))
        return random.uniform(0, full) if jitter else full  # noqa: S311

    return backoff


def of_name(name: str, conf: Mapping[str, Any]) -> dict[str, Any]:
    """What the configuration says of the tasks of this name: their queue and priority."""
    queue = _route(name, conf) or conf.get("task_default_queue")
    given = {"queue": queue, "priority": conf.get("task_default_priority")}
    return {option: value for option, value in given.items() if value is not None}


def _route(name: str, conf: Mapping[str, Any]) -> Any:
    """The queue that task_routes gives a name."""
    routes = conf.get("task_routes") or {}
    if not isinstance(routes, Mapping):
        raise OptionError("task_routes must be a mapping from names to {'queue': ...} or queues")
    for pattern, route in routes.items():
        if pattern == name or fnmatchcase(name, pattern):
            return route.get("queue") if isinstance(route, Mapping) else route
    return None


def _retention(conf: Mapping[str, Any]) -> Any:
    """result_expires; None and 0 are Celery's words for never."""
    if "result_expires" not in conf:
        return None
    return conf["result_expires"] or MOST - 1


def _either(own: Any, configured: Any) -> Any:
    return configured if own is None else own


def _tuple(classes: Any) -> tuple[Any, ...]:
    return classes if isinstance(classes, tuple) else tuple(classes or ())


def _as_celery_says(message: str, own: Mapping[str, Any]) -> str:
    for name, spelt in _SPELT_BY_CELERY.items():
        if message.startswith(f"{name} must") and name not in own:
            return spelt + message.removeprefix(name)
    return message
