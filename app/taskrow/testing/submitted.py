"""What was submitted, and whether it is what a test expects."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from taskrow.domain.payload import decode_arguments_of
from taskrow.domain.task import Status, Task
from taskrow.engine.calls import as_written
from taskrow.engine.functions import TaskFunction
from taskrow.engine.jobs import Job
from taskrow.engine.result import failure_of, result_of
from taskrow.errors import TaskFailed

What = str | TaskFunction[..., Any] | Job[..., Any]

_LONGEST = 500  # characters of a call in a message


@dataclass(frozen=True)
class SubmittedTask:
    """A task that was submitted; ``row`` is all of it, as it stood when it was asked for."""

    row: Task
    args: tuple[Any, ...] = field(init=False)
    kwargs: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        args, kwargs = decode_arguments_of(json.loads(self.row.args))
        object.__setattr__(self, "args", tuple(args))
        object.__setattr__(self, "kwargs", kwargs)

    @property
    def id(self) -> str:
        return self.row.id

    @property
    def name(self) -> str:
        return self.row.name

    @property
    def queue(self) -> str:
        return self.row.queue

    @property
    def status(self) -> Status:
        return self.row.status

    @property
    def attempt(self) -> int:
        return self.row.attempt

    @property
    def result(self) -> Any:
        """What it returned; None as long as it has not."""
        return result_of(self.row)

    @property
    def error(self) -> TaskFailed | None:
        """What went wrong last, as the exception that ``get()`` would raise."""
        return None if self.row.error is None else failure_of(self.row)

    def __str__(self) -> str:
        return as_written(self.name, self.args, self.kwargs)[:_LONGEST] + f"  {self.status}"


def name_of(what: What) -> str:
    """The name of a task function."""
    if isinstance(what, Job):
        return what.task.name
    return what.name if isinstance(what, TaskFunction) else what


def fits(
    task: SubmittedTask,
    signature: inspect.Signature | None,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
) -> bool:
    """Whether a task was submitted with these arguments, and maybe others.

    Where the signature is known, it does not matter which were given by name.
    """
    if signature is None:
        wanted: dict[Any, Any] = dict(enumerate(args)) | dict(kwargs)
        found: dict[Any, Any] = dict(enumerate(task.args)) | task.kwargs
    else:
        wanted = _by_name(signature.bind_partial(*args, **kwargs))
        bound = signature.bind(*task.args, **task.kwargs)
        bound.apply_defaults()
        found = _by_name(bound)
    return all(name in found and _equal(value, found[name]) for name, value in wanted.items())


def listing(submitted: Iterable[SubmittedTask]) -> str:
    """What there was instead, a line for each."""
    lines = [f"\n  {task}" for task in submitted]
    return "; there were:" + "".join(lines) if lines else "; nothing was"


def _by_name(bound: inspect.BoundArguments) -> dict[str, Any]:
    """The arguments by name; those that a function takes as ``**kwargs`` among them."""
    found: dict[str, Any] = {}
    for name, value in bound.arguments.items():
        kind = bound.signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_KEYWORD:
            found |= value
        elif kind is inspect.Parameter.VAR_POSITIONAL:
            found |= {f"{name}[{place}]": one for place, one in enumerate(value)}
        else:
            found[name] = value
    return found


def _equal(wanted: Any, found: Any) -> bool:
    """What a test writes is compared as JSON gives it back; a matcher (approx, ANY) as it is."""
    with suppress(TypeError, ValueError):
        wanted = json.loads(json.dumps(wanted))
    return bool(wanted == found)
