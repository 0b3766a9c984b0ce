"""When a client is told to ask again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrow.domain.polling import retry_after

LONGEST = 15
ages = st.floats(0, 1e9)
seconds = st.floats(0, 1e9)


@given(age=ages, usual=seconds | st.none())
def test_it_is_always_a_whole_number_from_1_to_15(age: float, usual: float | None) -> None:
    told = retry_after(age, usual)
    assert type(told) is int
    assert 1 <= told <= LONGEST


@given(age=ages, usual=seconds)
def test_a_young_task_is_looked_at_when_it_is_usually_over(age: float, usual: float) -> None:
    told = retry_after(age, usual)
    left = usual - age
    if 1 <= left <= LONGEST:
        assert left <= told < left + 1


@given(age=ages, more=seconds)
def test_without_history_the_pauses_never_shrink(age: float, more: float) -> None:
    assert retry_after(age, None) <= retry_after(age + more, None)


@given(age=ages, usual=seconds)
def test_a_task_that_is_overdue_is_asked_for_as_one_without_history(
    age: float, usual: float
) -> None:
    if usual <= age:
        assert retry_after(age, usual) == retry_after(age, None)


@given(length=st.floats(0, 1e5))
def test_an_end_is_never_noticed_later_than_a_quarter_of_the_age(length: float) -> None:
    age = 0.0
    while age < length:
        age += retry_after(age, None)
    assert age - length <= max(1, min(LONGEST, length / 4 + 1))


@pytest.mark.parametrize(
    ("age", "usual", "told"),
    [
        (0.0, None, 1), (3.9, None, 1), (8.0, None, 2), (20.0, None, 5), (3600.0, None, 15),
        (0.0, 8.0, 8), (0.01, 8.0, 8), (3.0, 8.0, 5), (7.9, 8.0, 1), (8.0, 8.0, 2),
        (0.0, 0.002, 1), (0.0, 3600.0, 15),
    ],
)  # fmt: skip
def test_what_a_client_is_told(age: float, usual: float | None, told: int) -> None:
    assert retry_after(age, usual) == told
