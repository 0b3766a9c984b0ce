"""What Celery has and taskrow has not: one sentence each, at the import or the first use."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from taskrow.errors import OptionError

_WORKFLOW = (
    "{name}: taskrow has no workflows yet (chain, group, chord, link and |): "
    "let each task submit the next one at its end, or submit many and wait for them"
)
_SENTENCES = {
    **dict.fromkeys(
        ["chain", "group", "chord", "chunks", "map", "starmap", "xmap", "xstarmap", "replace",
         "maybe_signature", "link", "link_error", "|", "GroupResult", "ResultSet"],
        _WORKFLOW,
    ),
    "Reject": "{name}: there is no broker to give it back to: raise Ignore() or an exception",
    "solar": "{name}: taskrow has no calendar of the sun: use crontab(), or submit with an eta",
    "rate_limit": "{name}: taskrow limits no rates yet: give the task a queue= of its own "
    "and run one worker with one runner for it",
    "pydantic": "{name}: arguments are JSON and reach the function as such: build the model in it",
    "signals": "{name}: taskrow sends no signals: a base class of your tasks can do it in __call__",
    "inspect": "{name}: the rows say it: `taskrow list`, `taskrow show ID`, or v_running",
    "worker_main": "{name}: type `taskrow --app x worker` instead of `celery -A x worker`",
    "start": "{name}: type `taskrow --app x worker` instead of `celery -A x worker`",
    "hooks": "{name} is not called by taskrow: a worker that is lost could not call it; "
    "catch exceptions in __call__ of your base class, or in the task",
    "run": "{name}: a task needs a function: decorate one, or define run()",
}  # fmt: skip
_OF_CONTROL = "{name}: workers take no remote commands: the rows say it (`taskrow list`, v_running)"


def sentence(kind: str, name: str | None = None) -> str | None:
    """Why there is no such thing, and what to do; None where nothing is known of it."""
    found = _SENTENCES.get(kind)
    return found and found.format(name=name or kind)


def refusing_imports(module: str, kind: str | None = None) -> Callable[[str], NoReturn]:
    """A module's ``__getattr__``: ImportError with the sentence, or a plain AttributeError.

    kind: by which the sentence is known whatever the name; else it is that of the name.
    """

    def refuse_import(name: str) -> NoReturn:
        said = sentence(kind or name, name)
        if said is None or name.startswith("_"):
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        raise ImportError(said, name=module)

    return refuse_import


def refuse(kind: str, name: str | None = None) -> NoReturn:
    """OptionError with the sentence."""
    raise OptionError(sentence(kind, name))


def refuse_control(name: str) -> NoReturn:
    """For what ``celery.control`` cannot do."""
    raise OptionError(_OF_CONTROL.format(name=f"control.{name}"))
