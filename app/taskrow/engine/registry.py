"""name -> what runs under it. Only what was registered in code can ever run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from taskrow.domain.checks import check_not_ours, suggest
from taskrow.domain.options import TaskOptions
from taskrow.domain.schedule import Plan
from taskrow.errors import OptionError, UnknownTaskError

if TYPE_CHECKING:
    from taskrow.engine.context import TaskContext
    from taskrow.engine.queue import QueueEngine


class Runnable(Protocol):
    """Something that a runner can run: a task function, or a view."""

    @property
    def options(self) -> TaskOptions: ...

    def run(
        self, engine: QueueEngine, context: TaskContext, args: list[Any], kwargs: dict[str, Any]
    ) -> Any: ...


Resolver = Callable[[str], Runnable | None]


class Registry:
    """The task functions of one queue, and a resolver for names that are looked up elsewhere."""

    def __init__(
        self,
        known: dict[str, Runnable] | None = None,
        *resolvers: Resolver,
        plans: dict[str, Plan] | None = None,
    ) -> None:
        self._known = {} if known is None else known
        self._resolvers = resolvers
        self._plans = {} if plans is None else plans

    def add(self, name: str, runnable: Runnable) -> None:
        """Register under a name and its aliases. OptionError when one is taken, or taskrow's own.

        Two functions of one name would claim each other's rows.
        """
        names = [name, *runnable.options.aliases]
        for place, one in enumerate(names):
            check_not_ours(one)
            if one in self._known or one in names[:place]:
                remedy = "leave that alias out" if place else "give one of them a name="
                raise OptionError(f"there is a task named {one!r} already: {remedy}")
        self._known |= dict.fromkeys(names, runnable)

    def with_resolver(self, resolver: Resolver) -> Registry:
        """The same functions, and ``resolver`` for other names (an application's own views)."""
        return Registry(self._known, *self._resolvers, resolver, plans=self._plans)

    def declare(self, plan: Plan) -> None:
        """Note a schedule that the code asks for; a worker makes a row of it when it starts.

        OptionError when its name is taskrow's own.
        """
        check_not_ours(plan.name)
        self._plans[plan.name] = plan

    def plans(self) -> list[Plan]:
        """The schedules that the code asks for."""
        return list(self._plans.values())

    def find(self, name: str) -> Runnable | None:
        """What is registered under the name."""
        found = self._known.get(name)
        if found is not None:
            return found
        return next(filter(None, (resolver(name) for resolver in self._resolvers)), None)

    def get(self, name: str) -> Runnable:
        """Like :meth:`find`, but UnknownTaskError with the nearest name where there is none."""
        found = self.find(name)
        if found is None:
            near = suggest(name, self.names()) if self._known else ""
            raise UnknownTaskError(f"no task is registered as {name!r}{near}")
        return found

    def names(self) -> list[str]:
        """The names of all task functions."""
        return sorted(self._known)
