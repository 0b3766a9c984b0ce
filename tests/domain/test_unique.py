"""The rule of uniqueness as an option."""

from __future__ import annotations

import pytest

from taskrow.domain.options import parse_options
from taskrow.domain.unique import full_key, is_let_go_at_start
from taskrow.errors import OptionError


async def later(_: object) -> str:
    return "key"


@pytest.mark.parametrize("rule", ["name", "arguments", None, str.upper])
def test_a_rule_is_a_word_or_a_function(rule: object) -> None:
    assert parse_options({"unique": rule}).unique == rule


@pytest.mark.parametrize("rule", ["args", "", True, 5, ["name"], str, later])
def test_any_other_rule_is_refused(rule: object) -> None:
    with pytest.raises(OptionError, match=r"^unique must be 'name', 'arguments', or a function"):
        parse_options({"unique": rule})


@pytest.mark.parametrize("until", ["begun", None, True, 60])
def test_a_key_is_let_go_at_one_of_two_moments(until: object) -> None:
    assert parse_options({"unique": "name"}).unique_until == "finished"
    with pytest.raises(OptionError, match=r"^unique_until must be 'finished' or 'started', not "):
        parse_options({"unique_until": until})


def test_the_key_in_the_row_tells_the_function_and_the_moment() -> None:
    assert full_key("app.sum", "", "finished") == "task:app.sum"
    assert full_key("app.sum", "x", "started") == "waiting:app.sum:x"
    assert is_let_go_at_start("waiting:app.sum:x")
    assert not is_let_go_at_start("task:waiting")
    assert not is_let_go_at_start(None)
