"""Unique tasks: what makes two calls the same one, and how long the first keeps others away.

The key stands in the column ``unique_key``; a partial unique index lets one live task hold it.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any

from taskrow.errors import OptionError

KeyFunction = Callable[..., str | None]
Unique = str | KeyFunction

FINISHED, STARTED = "finished", "started"
_BY_NAME, _BY_ARGUMENTS = "name", "arguments"
_WHILE_WAITING = "waiting:"  # the beginning of a key that is let go when its task is claimed
_LONGEST = 500  # characters: an index of PostgreSQL cannot hold more than about 2,700 bytes


def check_unique(rule: Any) -> Unique | None:
    """The rule as it is kept. OptionError when it is neither one of the words nor a function."""
    if rule is None or rule in (_BY_NAME, _BY_ARGUMENTS):
        return rule  # type: ignore[no-any-return]
    if callable(rule) and not isinstance(rule, type) and not inspect.iscoroutinefunction(rule):
        return rule  # type: ignore[no-any-return]
    raise OptionError(
        f"unique must be {_BY_NAME!r}, {_BY_ARGUMENTS!r}, or a function of the task's arguments "
        f"that returns a text, not {rule!r}"
    )


def check_until(until: Any) -> None:
    """OptionError when it is no moment at which a key is let go."""
    if until not in (FINISHED, STARTED):
        raise OptionError(f"unique_until must be {FINISHED!r} or {STARTED!r}, not {until!r}")


def is_let_go_at_start(key: str | None) -> bool:
    """Whether a task holds this key only while it waits."""
    return key is not None and key.startswith(_WHILE_WAITING)


def key_by_rule(
    rule: Unique | None,
    signature: inspect.Signature,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
) -> str | None:
    """What tells a call from others of its function; None: nothing, it is never the same.

    Whatever the user's key function raises gets out of here; OptionError when it returns no text.
    """
    if rule is None or rule == _BY_NAME:
        return rule and ""
    if not isinstance(rule, str):
        said = rule(*args, **kwargs)
        return None if said is None else checked_key("what a key function returns", said)
    bound = signature.bind(*args, **kwargs).arguments  # f(1, 2) and f(b=2, a=1) are the same
    text = json.dumps(bound, sort_keys=True)
    return sha256(text.encode()).hexdigest()


def checked_key(what: str, key: Any) -> str:
    """A key that a user gives. OptionError when it is none."""
    if not isinstance(key, str) or not key.isprintable() or not 0 < len(key) <= _LONGEST:
        raise OptionError(
            f"{what} must be a text of 1 to {_LONGEST} plain characters, not {key!r:.60}"
        )
    return key


def full_key(name: str, key: str, until: str) -> str:
    """The key as it stands in the row: two functions never share one."""
    start = _WHILE_WAITING if until == STARTED else "task:"
    return f"{start}{name}:{key}" if key else f"{start}{name}"
