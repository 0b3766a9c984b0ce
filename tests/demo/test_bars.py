"""Bars and tables, as the story draws them."""

from __future__ import annotations

import json

import pytest

from taskrow.demo.bars import bar, table


@pytest.mark.parametrize(
    ("current", "total", "drawn"),
    [
        (0, 1, "[....................]   0 %"),
        (1, 2, "[##########..........]  50 %"),
        (99.9, 100, "[###################.]  99 %"),
        (3, 2, "[####################] 100 %"),
        (1, 0, "[....................]   0 %"),
    ],
)
def test_a_bar(current: float, total: float, drawn: str) -> None:
    assert bar(current, total) == drawn


def test_a_table() -> None:
    assert table(["id", "outcome"], [(1, None), (22, json.dumps(["much", "too", "long"]))], 8) == [
        "+----+----------+",
        "| id | outcome  |",
        "+----+----------+",
        "| 1  |          |",
        '| 22 | ["muc... |',
        "+----+----------+",
    ]
