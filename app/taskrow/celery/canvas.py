"""A call that is not submitted yet: ``task.s(...)``. One, not a workflow of several."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from taskrow.celery.missing import refuse, refuse_import

if TYPE_CHECKING:
    from taskrow.celery.result import AsyncResult, EagerResult
    from taskrow.celery.task import Task


class Signature:
    """A task, its arguments and the options of this call. Arguments given later come first."""

    def __init__(
        self,
        task: Task[..., Any],
        args: Iterable[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        *,
        immutable: bool = False,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self.task_function, self.immutable = task, immutable
        self.args, self.kwargs = tuple(args), dict(kwargs or {})
        self.options = dict(options or {})

    @property
    def task(self) -> str:
        """The name of the task function."""
        return self.task_function.name

    def __repr__(self) -> str:
        given = [*map(repr, self.args), *(f"{name}={v!r}" for name, v in self.kwargs.items())]
        return f"{self.task}({', '.join(given)})"

    def set(self, **options: Any) -> Signature:
        """Options of this call, as of ``apply_async``."""
        self.options |= options
        return self

    def clone(self, args: Iterable[Any] = (), kwargs: Mapping[str, Any] | None = None) -> Signature:
        """A copy, with more arguments."""
        positional, named = self._with(tuple(args), dict(kwargs or {}))
        return Signature(
            self.task_function, positional, named, immutable=self.immutable, options=self.options
        )

    def delay(self, *args: Any, **kwargs: Any) -> AsyncResult:
        """Submit it."""
        return self.apply_async(args, kwargs)

    def apply_async(
        self, args: Iterable[Any] = (), kwargs: Mapping[str, Any] | None = None, **options: Any
    ) -> AsyncResult:
        """Submit it, with more arguments and options."""
        positional, named = self._with(tuple(args or ()), dict(kwargs or {}))
        return self.task_function.apply_async(positional, named, **(self.options | options))

    def apply(
        self, args: Iterable[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> EagerResult:
        """Run it here and now."""
        return self.task_function.apply(*self._with(tuple(args), dict(kwargs or {})))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        positional, named = self._with(args, kwargs)
        return self.task_function(*positional, **named)

    def __or__(self, other: object) -> NoReturn:
        refuse("|")

    def link(self, *_: Any) -> NoReturn:
        refuse("link")

    def link_error(self, *_: Any) -> NoReturn:
        refuse("link_error")

    def _with(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        if self.immutable:
            return self.args, self.kwargs
        return args + self.args, self.kwargs | kwargs


if not TYPE_CHECKING:  # a type checker tells by itself

    def __getattr__(name: str) -> object:
        refuse_import(__name__, name)
