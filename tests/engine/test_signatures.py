"""What fits a task function is what fits the function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from taskrow.engine.signatures import Arguments


def two(a: int, b: int = 1) -> None: ...
def positional(a: int, /, b: int) -> None: ...
def many(*a: int, **b: int) -> None: ...
def named(a: int, *, b: int) -> None: ...
def optional(a: int, *, b: int = 2) -> None: ...
def none() -> None: ...


CALLS: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    ((), {}), ((1,), {}), ((1, 2), {}), ((1, 2, 3), {}),
    ((), {"a": 1}), ((1,), {"b": 2}), ((1, 2), {"b": 2}), ((), {"a": 1, "b": 2}), ((1,), {"c": 3}),
]  # fmt: skip


@pytest.mark.parametrize("function", [two, positional, many, named, optional, none])
@pytest.mark.parametrize(("args", "kwargs"), CALLS)
def test_a_call_fits_where_python_would_make_it(
    function: Callable[..., None], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    assert _fits(Arguments(function, bind=False), args, kwargs) == _can_call(function, args, kwargs)


def test_a_bound_function_is_called_without_its_task() -> None:
    arguments = Arguments(two, bind=True)
    assert list(arguments.signature.parameters) == ["b"]
    assert _fits(arguments, (), {})
    assert _fits(arguments, (1,), {})
    assert not _fits(arguments, (1, 2), {})


def _fits(arguments: Arguments, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    try:
        arguments.check(args, kwargs)
    except TypeError:
        return False
    return True


def _can_call(function: Callable[..., None], args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    try:
        function(*args, **kwargs)
    except TypeError:
        return False
    return True
