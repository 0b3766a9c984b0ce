"""Submit by name: for a function that only another process has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from taskrow.domain.checks import check_name
from taskrow.domain.options import parse_options
from taskrow.engine.functions import TaskFunction, check_submit_options
from taskrow.errors import OptionError

if TYPE_CHECKING:
    from taskrow.engine.queue import QueueEngine
    from taskrow.engine.result import AsyncResult

_OF_FUNCTIONS = ("at_most_once", "crash_limit")  # what else the row must know from its submitter


def send_by_name(
    engine: QueueEngine,
    name: str,
    args: Iterable[Any] | None,
    kwargs: Mapping[str, Any] | None,
    options: Mapping[str, Any],
) -> AsyncResult:
    """Submit a task by the name of its function. OptionError names a wrong name or option."""
    check_name(name)
    check_submit_options(options, *_OF_FUNCTIONS)
    own = {key: options[key] for key in _OF_FUNCTIONS if key in options}
    others = {key: value for key, value in options.items() if key not in own}
    return _function(engine, name, own).submit(args, kwargs, others)


def _function(engine: QueueEngine, name: str, own: dict[str, Any]) -> TaskFunction[..., Any]:
    """The function of this name where it is here, else one that takes any arguments."""
    found = engine.registry.find(name)
    if not isinstance(found, TaskFunction):
        options = parse_options(own)
        return TaskFunction(
            _elsewhere, name=name, bind=False, options=options, find_engine=lambda: engine
        )
    if own:
        raise OptionError(f"{', '.join(own)}: {name} is a function of this process, which says so")
    return found


def _elsewhere(*args: Any, **kwargs: Any) -> None:
    raise NotImplementedError
