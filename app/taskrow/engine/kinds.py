"""The kinds of functions that can be tasks: plain ones, ``async def``, generators."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Generator, Mapping
from types import CoroutineType, GeneratorType
from typing import TYPE_CHECKING, Any

from taskrow.errors import ArgumentsError, OptionError

if TYPE_CHECKING:
    from taskrow.engine.context import TaskContext


def check_kind(function: Any) -> None:
    """OptionError when a worker could not run this: it has only what can be imported."""
    name = getattr(function, "__qualname__", None)
    if not isinstance(name, str):
        raise OptionError(f"@queue.task goes above a function, not {function!r}")
    place = name.rpartition(".")[0]
    if inspect.ismethod(function) or (place and not place.endswith("<locals>")):
        raise OptionError(
            f"{name} belongs to a class, and a worker has no object to call it on: "
            "make it a function of the module, and pass what finds the object again"
        )
    if inspect.isasyncgenfunction(function):
        raise OptionError(f"{name} is an async generator, which can return nothing: do not yield")


def completed_value(value: Any, context: TaskContext) -> Any:
    """What a call comes to: a coroutine is run, a generator followed until it returns."""
    if isinstance(value, CoroutineType):
        return asyncio.run(value)
    return _follow(value, context) if isinstance(value, GeneratorType) else value


def _follow(steps: Generator[Any, None, Any], context: TaskContext) -> Any:
    """Report what a generator yields; what goes wrong with it is raised at its ``yield``."""
    try:
        said = next(steps)
        while True:
            try:
                context.update_state(meta=meta_of_yield(said))
            except BaseException as error:  # noqa: BLE001 - CancelRequested above all
                said = steps.throw(error)
            else:
                said = next(steps)
    except StopIteration as end:
        return end.value


def meta_of_yield(said: Any) -> Mapping[str, Any]:
    """Progress as it is yielded: a mapping, a number from 0 to 1, or (current, total)."""
    if isinstance(said, Mapping):
        return said
    current, total = said if isinstance(said, tuple) and len(said) == 2 else (said, 1)
    if not _is_number(current) or not _is_number(total) or not 0 <= current <= total or not total:
        raise ArgumentsError(
            "a task yields its progress as a mapping, a number from 0 to 1, "
            f"or (current, total), not {said!r:.100}"
        )
    return {"current": current, "total": total}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
