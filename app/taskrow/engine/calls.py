"""A call of a task function that is not submitted yet: what ``task.s(...)`` makes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from taskrow.errors import ArgumentsError

if TYPE_CHECKING:
    from taskrow.engine.functions import TaskFunction
    from taskrow.engine.result import AsyncResult


NOTHING: Mapping[str, Any] = MappingProxyType({})  # one for all: so calls are known to be alike


def as_written(name: str, args: Iterable[Any], kwargs: Mapping[str, Any]) -> str:
    """A call as a person would write it."""
    given = [*map(repr, args), *(f"{key}={value!r}" for key, value in kwargs.items())]
    return f"{name}({', '.join(given)})"


def call_of(
    args: Iterable[Any] | None, kwargs: Mapping[str, Any] | None
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Arguments as they are passed. ArgumentsError for what holds none; a text is one, not many."""
    try:
        if isinstance(args, str | bytes | dict):
            raise TypeError
        positional = tuple(args or ())
    except TypeError:
        raise ArgumentsError(
            f"args must be a list or tuple of arguments, not {args!r:.100}"
        ) from None
    try:
        return positional, dict(kwargs or {})
    except (TypeError, ValueError):
        raise ArgumentsError(
            f"kwargs must be a dict of arguments by name, not {kwargs!r:.100}"
        ) from None


@dataclass(eq=False)  # not frozen: a loop that makes many of them would take a quarter longer
class Call:
    """A task function, its arguments and the options of this one task (as of ``apply_async``)."""

    function: TaskFunction[..., Any]
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    options: Mapping[str, Any] = field(default_factory=lambda: NOTHING)

    def __str__(self) -> str:
        return as_written(self.function.name, self.args, self.kwargs)

    @property
    def has_key(self) -> bool:
        """Whether its row has something that no other may have."""
        own = self.function.options.unique is not None
        return own or bool({"task_id", "unique_key"} & self.options.keys())

    def set(self, **options: Any) -> Call:
        """The same call with these options too."""
        return replace(self, options={**self.options, **options})

    def apply_async(self) -> AsyncResult:
        """Submit it alone."""
        return self.function.apply_async(self.args, self.kwargs, **self.options)
