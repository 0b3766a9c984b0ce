"""Which arguments, progress and results are JSON, and what is said of the others."""

from __future__ import annotations

import json
from collections import OrderedDict, namedtuple
from datetime import UTC, datetime
from decimal import Decimal
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Any

import pytest

from taskrow.domain.payload import (
    decode_arguments_of,
    encode_arguments,
    encode_progress,
    encode_result,
)
from taskrow.errors import ArgumentsError, ResultError

LIMIT = 10_000
Point = namedtuple("Point", "x y")


class Colour(StrEnum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth - 1):
        value = [value]
    return value


def endless() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


ACCEPTED = [
    None,
    True,
    0,
    -(2**1024) + 1,
    2**1024 - 1,
    0.1,
    -0.0,
    1e308,
    5e-324,
    "",
    "Grüße 👋",
    "nul \0 inside",
    "a lone surrogate \udc80, as in a file name",
    [],
    {},
    {"": {"\udfff": ["\0"]}},
    OrderedDict(b=1, a=2),
    Colour.RED,
    Level.HIGH,
    {Colour.RED: Level.HIGH},
    nested(100),
]

REFUSED = [
    (float("nan"), "nan"),
    (float("inf"), "inf"),
    (float("-inf"), "-inf"),
    (b"x", "of type bytes"),
    (bytearray(b"x"), "of type bytearray"),
    ({1, 2}, "of type set"),
    (frozenset(), "of type frozenset"),
    (object(), "of type object"),
    (datetime(2026, 11, 21, tzinfo=UTC), "of type datetime"),
    (Decimal("1.1"), "of type Decimal"),
    (Path("/x"), "of type PosixPath"),
    (1j, "of type complex"),
    (len, "of type builtin_function_or_method"),
    (iter([]), "of type list_iterator"),
    (2**1024, "a number of 1025 bits"),
    (10**5000, "bits"),
    (nested(200), "nested more than 100 deep"),
    (endless(), "nested more than 100 deep"),
    ("\ud83d\udc4b", "surrogate"),  # JSON would give it back as one character
]


@pytest.mark.parametrize("value", ACCEPTED, ids=repr)
def test_what_is_json_comes_back_as_it_was(value: Any) -> None:
    assert json.loads(encode_result(value, limit=LIMIT)) == value
    call = json.loads(encode_arguments([value], {"x": value}, limit=LIMIT))
    assert decode_arguments_of(call) == ([value], {"x": value})


@pytest.mark.parametrize(("value", "what"), REFUSED, ids=[w for _, w in REFUSED])
def test_what_json_has_no_word_for_is_refused_with_its_type(value: Any, what: str) -> None:
    with pytest.raises(ArgumentsError, match=f"argument 2 is .*{what}"):
        encode_arguments([1, value], {}, limit=LIMIT)
    with pytest.raises(ArgumentsError, match=f"argument 'image' is .*{what}"):
        encode_arguments([], {"image": value}, limit=LIMIT)
    with pytest.raises(ResultError, match=f"the result is .*{what}"):
        encode_result(value, limit=LIMIT)
    with pytest.raises(ArgumentsError, match=f"meta.* is .*{what}"):
        encode_progress("PROGRESS", {"current": value})


@pytest.mark.parametrize("key", [1, None, 1.5, True, ("a",), b"x"])
def test_a_key_that_is_no_text_is_refused(key: Any) -> None:
    kind = type(key).__name__
    with pytest.raises(ArgumentsError, match=f"a key of argument 1 is of type {kind}"):
        encode_arguments([{key: 1}], {}, limit=LIMIT)


def test_the_error_leads_to_the_place_inside() -> None:
    with pytest.raises(ArgumentsError, match=r"argument 'order'\['lines'\]\[1\] is of type set"):
        encode_arguments([], {"order": {"lines": [1, set()]}}, limit=LIMIT)


def test_a_wrong_argument_is_a_type_error() -> None:
    with pytest.raises(TypeError):
        encode_arguments([b"x"], {}, limit=LIMIT)


def test_a_tuple_comes_back_as_a_list() -> None:
    call = json.loads(encode_arguments([(1, (2, 3)), Point(4, 5)], {}, limit=LIMIT))
    assert decode_arguments_of(call)[0] == [[1, [2, 3]], [4, 5]]


def test_a_call_without_arguments_is_an_empty_object() -> None:
    assert encode_arguments([], {}, limit=LIMIT) == "{}"
    assert decode_arguments_of({}) == ([], {})


def test_a_call_reads_well_in_the_row() -> None:
    text = encode_arguments(["Grüße", 2], {"to": "me"}, limit=LIMIT)
    assert text == '{"args": ["Grüße", 2], "kwargs": {"to": "me"}}'


def test_the_limit_counts_bytes_and_is_named_with_the_way_out() -> None:
    exact = len('{"args": ["éé"]}'.encode())
    assert encode_arguments(["éé"], {}, limit=exact)
    with pytest.raises(ArgumentsError, match=r"18 bytes.* limit of 17.*TASKROW_MAX_PAYLOAD"):
        encode_arguments(["éé"], {}, limit=exact - 1)
    with pytest.raises(ResultError, match=r"result.* 1,002 bytes.* limit of 1,001"):
        encode_result("x" * 1000, limit=1001)


def test_progress_is_a_state_and_a_mapping() -> None:
    said = json.loads(encode_progress("HALFWAY", {"current": (1, 2)}))
    assert said == {"state": "HALFWAY", "meta": {"current": [1, 2]}}


@pytest.mark.parametrize(("state", "meta"), [("PROGRESS", [1]), ("PROGRESS", None), (None, {})])
def test_progress_of_another_shape_is_refused(state: Any, meta: Any) -> None:
    with pytest.raises(ArgumentsError, match="update_state takes"):
        encode_progress(state, meta)
