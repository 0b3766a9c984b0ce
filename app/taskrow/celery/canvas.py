"""A call that is not submitted yet: ``task.s(...)``. One, not a workflow of several."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NoReturn

from taskrow.celery.missing import refuse, refusing_imports
from taskrow.engine.calls import Call, call_of

if TYPE_CHECKING:
    from taskrow.celery.function import CeleryFunction
    from taskrow.celery.result import AsyncResult, EagerResult


@dataclass(eq=False, repr=False)
class Signature(Call):
    """A call in Celery's words; ``celery.queue.submit_many`` takes it like any other.

    Arguments given later come first; where it is immutable, they are ignored.
    """

    function: CeleryFunction
    immutable: bool = False

    @property
    def task(self) -> str:
        """The name of the task function."""
        return self.function.name

    def __repr__(self) -> str:
        return str(self)

    def set(self, **options: Any) -> Signature:
        """Give it options as of ``apply_async``: the signature itself has them then."""
        checked = self.function.task.submit_options(options)
        self.options = {**self.options, **checked}  # as Celery has it
        return self

    def clone(
        self, args: Iterable[Any] | None = None, kwargs: Mapping[str, Any] | None = None
    ) -> Signature:
        """A copy, with more arguments."""
        if self.immutable:
            return replace(self)
        more, named = call_of(args, kwargs)
        return replace(self, args=more + self.args, kwargs={**self.kwargs, **named})

    def delay(self, *args: Any, **kwargs: Any) -> AsyncResult:
        """Submit it."""
        return self.apply_async(args, kwargs)

    def apply_async(
        self,
        args: Iterable[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> AsyncResult:
        """Submit it, with more arguments and options."""
        call = self.clone(args, kwargs)
        both = {**self.options, **options}
        return self.function.task.apply_async(call.args, call.kwargs, **both)

    def apply(
        self, args: Iterable[Any] | None = None, kwargs: Mapping[str, Any] | None = None
    ) -> EagerResult:
        """Run it here and now."""
        call = self.clone(args, kwargs)
        return self.function.task.apply(call.args, call.kwargs)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        call = self.clone(args, kwargs)
        return self.function.task(*call.args, **call.kwargs)

    def __or__(self, other: object) -> NoReturn:
        refuse("|")

    def link(self, *_: Any) -> NoReturn:
        refuse("link")

    def link_error(self, *_: Any) -> NoReturn:
        refuse("link_error")


if not TYPE_CHECKING:  # a type checker tells by itself
    __getattr__ = refusing_imports(__name__)
