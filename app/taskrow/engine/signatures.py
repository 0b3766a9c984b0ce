"""What calls a task function takes when it is submitted: without the task of a bound function."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from taskrow.errors import OptionError

_BY_POSITION = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class Arguments:
    """The arguments that a task function takes."""

    def __init__(self, function: Callable[..., Any], *, bind: bool) -> None:
        self.signature = _submitted_signature(function, bind)
        self._counts = _plain_counts(self.signature)

    def check(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """TypeError when a call does not fit.

        Most calls are by position, and there it is enough to count: binding takes a microsecond.
        """
        if kwargs or len(args) not in self._counts:
            self.signature.bind(*args, **kwargs)


def _plain_counts(signature: inspect.Signature) -> range:
    """With how many arguments by position, and none by name, it can surely be called."""
    parameters = list(signature.parameters.values())
    if any(parameter.kind not in _BY_POSITION for parameter in parameters):
        return range(0)
    needed = sum(parameter.default is parameter.empty for parameter in parameters)
    return range(needed, len(parameters) + 1)


def _submitted_signature(function: Callable[..., Any], bind: bool) -> inspect.Signature:
    signature = inspect.signature(function)
    if not bind:
        return signature
    parameters = list(signature.parameters.values())
    if not parameters:
        raise OptionError(
            f"{function.__qualname__} has bind=True but no first parameter to take the task"
        )
    return signature.replace(parameters=parameters[1:])
