"""Whatever is accepted comes back equal; whatever is refused is refused by name."""

from __future__ import annotations

import json
import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from taskrow.domain.payload import decode_arguments_of, encode_arguments, encode_result
from taskrow.errors import ArgumentsError, ResultError

LIMIT = 1024 * 1024
TEXT = st.text(st.characters())  # lone surrogates and control characters too
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXT
ODD = st.binary(max_size=2) | st.sets(st.integers(), max_size=2) | st.complex_numbers()
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)
ANYTHING = st.recursive(
    SCALARS | ODD,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(TEXT | st.integers(), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(JSON)
def test_a_result_comes_back_equal_or_is_refused(value: Any) -> None:
    try:
        text = encode_result(value, limit=LIMIT)
    except ResultError:
        return
    assert json.loads(text) == value


@given(st.lists(ANYTHING, max_size=3), st.dictionaries(TEXT, ANYTHING, max_size=3))
def test_arguments_come_back_equal_or_are_refused(args: list[Any], kwargs: dict[str, Any]) -> None:
    try:
        text = encode_arguments(args, kwargs, limit=LIMIT)
    except ArgumentsError as error:
        told = str(error)
    else:
        told = "argument: none was refused"
        assert decode_arguments_of(json.loads(text)) == (args, kwargs)
    assert re.match("argument|a key of argument|the name of an argument", told)


@given(JSON)
def test_what_is_written_is_utf_8_without_a_nul(value: Any) -> None:
    try:
        text = encode_result(value, limit=LIMIT)
    except ResultError:
        return
    assert b"\0" not in text.encode()


@given(st.lists(JSON, max_size=3), st.dictionaries(TEXT, SCALARS, max_size=3))
def test_plain_calls_are_written_as_all_others_are(args: list[Any], kwargs: dict[str, Any]) -> None:
    try:
        text = encode_arguments(args, kwargs, limit=LIMIT)
    except ArgumentsError:
        return
    call = ({"args": args} if args else {}) | ({"kwargs": kwargs} if kwargs else {})
    assert text in (json.dumps(call, ensure_ascii=False), json.dumps(call))
