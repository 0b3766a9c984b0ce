"""Task ids."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from taskrow.domain.ids import is_id, new_id

NOW = datetime(2026, 11, 21, 7, tzinfo=UTC)
AN_ID = "01a1fce7-9d80-7cf3-a0d7-b0163c4e3ef5"
MILLISECOND = timedelta(milliseconds=1)


def test_an_id_is_a_version_7_uuid() -> None:
    found = uuid.UUID(new_id(NOW))
    assert (found.version, found.variant) == (7, uuid.RFC_4122)
    assert is_id(str(found))


@given(st.integers(0, 10**13))
@example(541214710114)  # a product of floats falls short of it
def test_an_id_carries_its_millisecond(milliseconds: int) -> None:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + milliseconds * MILLISECOND
    assert uuid.UUID(new_id(moment)).int >> 80 == milliseconds


def test_ids_of_one_moment_are_all_different() -> None:
    assert len({new_id(NOW) for _ in range(10_000)}) == 10_000


def test_ids_sort_by_the_time_they_were_made_at() -> None:
    ids = [new_id(NOW + n * MILLISECOND) for n in range(5_000)]
    assert ids == sorted(ids)


@pytest.mark.parametrize(
    "junk",
    [
        "",
        "x",
        "1",
        "..",
        str(uuid.UUID(int=0)),
        "cfce1672-00a8-492d-a521-2651b65ffbb7",
        AN_ID.upper(),
        AN_ID.replace("-", ""),
        AN_ID + "\n",
        " " + AN_ID,
        AN_ID[:-1],
        AN_ID + "0",
        "{" + AN_ID + "}",
        "' OR 1=1 --",
        "\0",
        "é" * 36,
        "٣" * 8 + AN_ID[8:],
    ],
)
def test_anything_else_is_no_id(junk: str) -> None:
    assert is_id(AN_ID)
    assert not is_id(junk)
