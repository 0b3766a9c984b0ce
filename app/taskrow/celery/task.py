"""Celery's ``Task``: what ``@celery.task`` makes of a function, and the base class of one's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Generic, NoReturn, ParamSpec, TypeVar, cast

from taskrow.celery.canvas import Signature
from taskrow.celery.eager import run_here
from taskrow.celery.function import CeleryFunction
from taskrow.celery.mapping import OWN, check_names, options_of, retry_delay
from taskrow.celery.missing import refuse, sentence
from taskrow.celery.request import Request, run_of
from taskrow.celery.result import AsyncResult, EagerResult
from taskrow.celery.submitting import submit_options
from taskrow.engine.calls import call_of
from taskrow.errors import OptionError, RetriesExhausted

if TYPE_CHECKING:
    from taskrow.celery.application import Celery
    from taskrow.celery.conf import Conf
    from taskrow.engine.queue import QueueEngine

P = ParamSpec("P")
R = TypeVar("R")
_HOOKS = ("before_start", "on_success", "on_failure", "on_retry", "after_return")


class Task(Generic[P, R]):
    """A task function in Celery's words; with ``bind=True`` it is its own first argument.

    The attributes are Celery's; a class of one's own may set them, and define ``__call__``.
    """

    name: str
    app: Celery | None = None
    queue: str | None = None
    priority: int | None = None
    expires: Any = None
    max_retries: int | None = 3
    default_retry_delay: Any = None
    autoretry_for: Any = ()
    dont_autoretry_for: Any = ()
    retry_kwargs: Mapping[str, Any] = {}
    retry_backoff: bool | float = False
    retry_backoff_max: Any = 600
    retry_jitter: bool = True
    acks_late: bool | None = None
    ignore_result: bool | None = None
    time_limit: Any = None
    soft_time_limit: Any = None
    track_started: bool | None = None
    MaxRetriesExceededError = RetriesExhausted

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        for name in _HOOKS:
            if name in vars(cls):
                refuse("hooks", name)

    def settle(
        self,
        function: Callable[..., Any],
        *,
        name: str | None,
        bind: bool,
        options: Mapping[str, Any],
        conf: Conf,
        find_engine: Callable[[], QueueEngine],
    ) -> None:
        """Become the task of a function. OptionError names an option that is wrong."""
        check_names(options)
        self.own_options = {key: options[key] for key in options if key in OWN - set(dir(Task))}
        for key in options.keys() - self.own_options.keys():
            setattr(self, key, options[key])
        self.conf = conf
        self._run = function.__get__(self) if bind else function
        self.function = CeleryFunction(self, function, name=name, bind=bind, find=find_engine)
        self.name = self.function.name
        self.reread(conf)

    def reread(self, conf: Conf) -> None:
        """Take over what the configuration says for all tasks."""
        self.conf = conf
        self.function.options = options_of(self, conf)

    def take_class(self, kind: type[Task[..., Any]]) -> None:
        """A shared task is of the class that its application's tasks are of."""
        if type(self) is Task and kind is not Task:
            self.__class__ = kind  # type: ignore[assignment]

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.run(*args, **kwargs)

    def run(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """The function itself."""
        return cast(R, self._run(*args, **kwargs))

    def __repr__(self) -> str:
        return f"<@task: {self.name}>"

    if not TYPE_CHECKING:  # a type checker tells by itself

        def __getattr__(self, name: str) -> Any:
            if (said := sentence(name)) is not None:
                raise OptionError(said)
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    # -- submitting ---

    def delay(self, *args: P.args, **kwargs: P.kwargs) -> AsyncResult:
        """Submit a call. ArgumentsError (a TypeError) when it does not fit or is not JSON."""
        return self.apply_async(args, kwargs)

    def apply_async(
        self,
        args: Iterable[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        task_id: str | None = None,
        **options: Any,
    ) -> AsyncResult:
        """Submit a call with Celery's options for this one; OptionError names a wrong one."""
        wanted = self.submit_options({**options, "task_id": task_id})
        submitted = self.function.apply_async(args, kwargs, **wanted)
        result = AsyncResult(submitted.id, self.function.engine)
        if self.function.engine.eager and self.conf.get("task_eager_propagates"):
            result.maybe_throw()
        return result

    def submit_options(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Options of ``apply_async`` as taskrow spells them; OptionError names a wrong one."""
        return submit_options(given, self.conf)

    def apply(
        self,
        args: Iterable[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        throw: bool = False,
        **_: Any,
    ) -> EagerResult:
        """Run it here and now, without a row; it retries at once as often as it may."""
        result = run_here(self, *call_of(args, kwargs))
        if throw:
            result.get()
        return result

    def s(self, *args: P.args, **kwargs: P.kwargs) -> Signature:
        """A call that is not submitted yet."""
        return Signature(self.function, args, kwargs)

    def si(self, *args: P.args, **kwargs: P.kwargs) -> Signature:
        """The same; arguments that are given later are ignored."""
        return Signature(self.function, args, kwargs, immutable=True)

    def signature(
        self,
        args: Iterable[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        *,
        immutable: bool = False,
        **options: Any,
    ) -> Signature:
        """The same, with the arguments in a list, and options of ``apply_async``."""
        call = Signature(self.function, *call_of(args, kwargs), immutable=immutable)
        return call.set(**options)

    def AsyncResult(self, task_id: str) -> AsyncResult:  # noqa: N802 - Celery's spelling
        """The handle of a task that was submitted before."""
        return AsyncResult(task_id, self.function.engine)

    # -- from inside, with bind=True ---

    @property
    def request(self) -> Request:
        """The run that this is called in."""
        return Request(run_of(self))

    def update_state(
        self,
        task_id: str | None = None,
        state: str | None = None,
        meta: Mapping[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """Say how far the task is; ``meta`` is a mapping of JSON."""
        context = run_of(self).context
        if task_id not in (None, context.request.id):
            raise OptionError(f"a task says only of itself how far it is, not of {task_id}")
        context.update_state(state or "PROGRESS", meta)

    def retry(
        self,
        args: Iterable[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        exc: BaseException | None = None,
        throw: bool = True,
        eta: datetime | None = None,
        countdown: float | None = None,
        max_retries: int | None = None,
        **options: Any,
    ) -> NoReturn:
        """Ask to be run again with the same arguments: raises what says so.

        exc: raised when no retries are left; else MaxRetriesExceededError. countdown: seconds, or
        eta; else the task's default_retry_delay.
        """
        run = run_of(self)
        same = list(args or run.args) == run.args and dict(kwargs or run.kwargs) == run.kwargs
        if options or not throw or not same:
            raise OptionError("retry() runs the same call again: submit another one for other "
                              "arguments or options, and leave throw as it is")  # fmt: skip
        if countdown is None:
            countdown = retry_delay(self, self.conf) if eta is None else _seconds_until(eta)
        run.context.retry(exc, countdown, max_retries)


def _seconds_until(eta: datetime) -> float:
    moment = eta if eta.tzinfo is not None else eta.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
