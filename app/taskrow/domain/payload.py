"""Arguments, progress and results are JSON text: what is accepted, how large, and the clear errors.

Only what JSON gives back unchanged is accepted, with one exception that JSON itself makes: a tuple
comes back as a list. So no NaN, no number or None as a key, no objects: a task sees the arguments
that were written, in every process and after every restart.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from json.encoder import encode_basestring
from typing import Any

from taskrow.errors import ArgumentsError, ResultError, TaskrowError

_SCALARS = (int, bool, type(None))
_SURROGATE_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_MOST_NESTED = 100
_LONGEST_PROGRESS = 64 * 1024  # it is written many times
_ENCODE = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode  # json.dumps makes it anew
_PLAIN_INT = 2**63
_WIDEST_INT = 1024  # bits; Python itself refuses to read back numbers of many thousand digits


class _NotJson(Exception):  # noqa: N818 - never leaves this module
    """A value inside that JSON has no word for; ``where`` is the path to it."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(where, what)
        self.where, self.what = where, what


def encode_arguments(args: Sequence[Any], kwargs: Mapping[str, Any], *, limit: int) -> str:
    """Write a call as ``{"args": [...], "kwargs": {...}}``; what is empty is left out.

    ArgumentsError (a TypeError) names the argument and its type, or the bytes over ``limit``.
    """
    text = _encode_plainly(args, kwargs) or _encode_carefully(args, kwargs)
    return _within(limit, text, "the arguments of a task", ArgumentsError)


def _encode_plainly(args: Sequence[Any], kwargs: Mapping[str, Any]) -> str | None:
    """The text of a call in which all is plain, as in most: a fifth of the time it takes else."""
    try:
        listed = ", ".join([_PLAIN[type(value)](value) for value in args])
        named = ", ".join([_pair(key, value) for key, value in kwargs.items()]) if kwargs else ""
    except KeyError:
        return None
    parts = [f'"args": [{listed}]'] if args else []
    if kwargs:
        parts.append(f'"kwargs": {{{named}}}')
    text = f"{{{', '.join(parts)}}}"
    return text if text.isascii() else None


def _pair(key: str, value: Any) -> str:
    return f"{_PLAIN_KEY[type(key)](key)}: {_PLAIN[type(value)](value)}"


def _plain_int(value: int) -> str:
    if -_PLAIN_INT < value < _PLAIN_INT:
        return repr(value)
    raise KeyError


# By the very type: what is derived from it may say of itself what it likes.
_PLAIN_KEY: dict[type, Callable[[Any], str]] = {str: encode_basestring}
_PLAIN: dict[type, Callable[[Any], str]] = {
    **_PLAIN_KEY,
    int: _plain_int,
    bool: {True: "true", False: "false"}.__getitem__,
    type(None): lambda _: "null",
}


def _encode_carefully(args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    try:
        for place, value in enumerate(args):
            _check(value, f"argument {place + 1}")
        for key, value in kwargs.items():
            _check_text(key, "the name of an argument")
            _check(value, f"argument {key!r}")
    except _NotJson as wrong:
        raise ArgumentsError(
            f"{wrong.where} is {wrong.what}: the arguments of a task must be JSON "
            "(strings, numbers, booleans, None, lists and dicts with string keys)"
        ) from None
    call = {"args": list(args)} if args else {}
    return _dump(call | {"kwargs": dict(kwargs)} if kwargs else call)


def decode_arguments_of(call: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """Take apart what :func:`encode_arguments` wrote, once it is parsed."""
    return list(call.get("args", [])), dict(call.get("kwargs", {}))


def encode_result(value: Any, *, limit: int) -> str:
    """Write what a task returned. ResultError names the type that is not JSON, or the size."""
    try:
        _check(value, "the result")
    except _NotJson as wrong:
        raise ResultError(
            f"{wrong.where} is {wrong.what}: the result of a task must be JSON"
        ) from None
    return _within(limit, _dump(value), "the result of a task", ResultError)


def encode_progress(state: str, meta: Mapping[str, Any], *, limit: int = _LONGEST_PROGRESS) -> str:
    """Write what a task says of itself: ``{"state": "PROGRESS", "meta": {...}}``.

    ArgumentsError names what is not JSON.
    """
    if not isinstance(state, str) or not isinstance(meta, Mapping):
        raise ArgumentsError("update_state takes a state (text) and meta (a mapping)")
    try:
        _check(dict(meta), "meta")
    except _NotJson as wrong:
        raise ArgumentsError(f"{wrong.where} is {wrong.what}: progress must be JSON") from None
    text = _dump({"state": state, "meta": dict(meta)})
    return _within(limit, text, "the progress of a task", ArgumentsError)


def _check(value: Any, where: str, depth: int = 0) -> None:
    if isinstance(value, str):
        _check_text(value, where)
    elif isinstance(value, _SCALARS):
        if isinstance(value, int) and value.bit_length() > _WIDEST_INT:
            raise _NotJson(where, f"a number of {value.bit_length()} bits")
    elif isinstance(value, float):
        if value - value != 0:  # NaN and the infinities are no JSON
            raise _NotJson(where, str(value))
    elif depth > _MOST_NESTED:
        raise _NotJson(where.split("[", maxsplit=1)[0], f"nested more than {_MOST_NESTED} deep")
    elif isinstance(value, list | tuple):
        for place, item in enumerate(value):
            _check(item, f"{where}[{place}]", depth + 1)
    elif isinstance(value, dict):
        _check_keys(value, where)
        for key, item in value.items():
            _check(item, f"{where}[{key!r}]", depth + 1)
    else:
        raise _NotJson(where, f"of type {type(value).__qualname__}")


def _check_keys(value: dict[Any, Any], where: str) -> None:
    for key in value:
        if not isinstance(key, str):
            raise _NotJson(f"a key of {where}", f"of type {type(key).__qualname__}")
        _check_text(key, f"a key of {where}")


def _check_text(value: str, where: str) -> None:
    if not value.isascii() and _SURROGATE_PAIR.search(value):  # JSON would make it one character
        raise _NotJson(where, "text with a surrogate pair in it")


def _dump(value: Any) -> str:
    text = _ENCODE(value)
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate is no UTF-8, but it has a JSON escape
        return json.dumps(value, allow_nan=False)
    return text


def _within(limit: int, text: str, what: str, error: type[TaskrowError]) -> str:
    size = len(text) if text.isascii() else len(text.encode())
    if size > limit:
        raise error(
            f"{what} take {size:,} bytes, over the limit of {limit:,}: store the data "
            "elsewhere and pass a reference, or raise TASKROW_MAX_PAYLOAD"
        )
    return text


def read_object(text: str | None) -> dict[str, Any]:
    """The JSON object in a row; empty where there is none, or none any more.

    A row that a disk has damaged may not keep the others from who lists them.
    """
    with suppress(ValueError):
        found = json.loads(text or "{}")
        if isinstance(found, dict):
            return found
    return {}
