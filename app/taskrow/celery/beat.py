"""Celery's periodic tasks as schedules in code: rows that workers fire, without a beat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from taskrow.celery.canvas import Signature
from taskrow.celery.schedules import rule_of
from taskrow.domain.checks import suggest
from taskrow.domain.payload import encode_arguments
from taskrow.domain.schedule import Plan
from taskrow.errors import OptionError

_KNOWN = ["task", "schedule", "args", "kwargs", "options", "relative"]
_LIMIT = 2**20  # bytes of arguments


def plans_of(conf: Mapping[str, Any]) -> list[Plan]:
    """The schedules of ``beat_schedule``. OptionError names the entry that is wrong."""
    entries = conf.get("beat_schedule") or {}
    return [_plan_of_entry(name, entry, conf) for name, entry in entries.items()]


def plan_of_call(
    when: Any,
    call: Signature,
    name: str | None,
    options: Mapping[str, Any],
    conf: Mapping[str, Any],
) -> Plan:
    """The schedule of one ``add_periodic_task``."""
    _refuse_options(name or repr(call), {**call.options, **options})
    return _plan(name or repr(call), call.task, when, call.args, call.kwargs, conf)


def _plan_of_entry(name: str, entry: Mapping[str, Any], conf: Mapping[str, Any]) -> Plan:
    for key in entry:
        if key not in _KNOWN:
            raise OptionError(f"beat_schedule[{name!r}]: {key!r} is unknown{suggest(key, _KNOWN)}")
    if "task" not in entry or "schedule" not in entry:
        raise OptionError(f"beat_schedule[{name!r}] needs a task (its name) and a schedule")
    _refuse_options(name, entry.get("options") or {})
    args, kwargs = entry.get("args") or (), entry.get("kwargs") or {}
    return _plan(name, entry["task"], entry["schedule"], args, kwargs, conf)


def _plan(
    name: str, task: str, when: Any, args: Any, kwargs: Mapping[str, Any], conf: Mapping[str, Any]
) -> Plan:
    text = encode_arguments(tuple(args), dict(kwargs), limit=_LIMIT)
    rule = rule_of(when, conf.get("timezone"))
    return Plan(name=name, task_name=task, rule=rule, args=text)


def _refuse_options(name: str, options: Mapping[str, Any]) -> None:
    if options:
        raise OptionError(
            f"the schedule {name!r} has options ({', '.join(options)}): give them to the task "
            "function (queue=, expires=, priority= ...), which the schedule submits with its own"
        )
