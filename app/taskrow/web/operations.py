"""Operations: each is declared once above its view, and that registers, guards and documents it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from flask import Response, current_app, request
from werkzeug.exceptions import MethodNotAllowed

from taskrow.web.blueprint import blueprint
from taskrow.web.lookup import answering_503
from taskrow.web.parameters import Parameter, Schema, read_query
from taskrow.web.problems import Problem

View = Callable[..., Response]


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What one answer holds. content: media type -> schema. headers and links: by their names."""

    description: str
    content: Mapping[str, Schema] = field(default_factory=dict)
    headers: tuple[str, ...] = ()
    links: tuple[str, ...] = ()


OWN_ANSWER = Reply(
    description="A view's own answer: AsyncResult is there.",
    content={"*/*": {}},
    headers=("AsyncResult", "Preference-Applied"),
)


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method of one path. replies: by status code; problems: the kinds of web/schemas.py."""

    name: str  # the endpoint in the blueprint, and the operationId
    method: str
    path: str  # as OpenAPI writes it: /tasks/{task_id}
    summary: str
    description: str = ""
    parameters: tuple[Parameter, ...] = ()
    members: tuple[Parameter, ...] = ()  # of the JSON body
    apart: tuple[str, ...] = ()  # members that do not go together
    replies: Mapping[str, Reply]
    problems: tuple[str, ...] = ()

    @property
    def query(self) -> list[Parameter]:
        """The parameters of the query string."""
        return [parameter for parameter in self.parameters if parameter.place == "query"]

    @property
    def rule(self) -> str:
        """The path for the router.

        A word at the end of a fixed path is matched by a converter too: a plain rule of ours would
        come before an equal one that the application adds later.
        """
        if "{" in self.path:
            return self.path.replace("{task_id}", "<taskrow_id:task_id>")
        before, _, word = self.path.rpartition("/")
        return f"{before}/<taskrow_word({word!r}):word>"


OPERATIONS: list[Operation] = []


def operation(**declared: Any) -> Callable[[View], View]:
    """Make a view the operation that is declared; the fields are those of :class:`Operation`.

    The view gets the parameters of the path and of the query as keywords.
    """
    made = Operation(**declared)
    OPERATIONS.append(made)

    def register(view: View) -> View:
        blueprint.add_url_rule(
            made.rule, endpoint=made.name, view_func=_guarded(made, view), methods=[made.method]
        )
        return view

    return register


def _guarded(made: Operation, view: View) -> View:
    @wraps(view)
    def answer(*, word: str | None = None, **path: Any) -> Response:  # noqa: ARG001 - of the rule
        # Where there is nothing to ask for, a parameter is somebody else's: a token, a cache's key.
        query = read_query(made.query, request.args) if made.query else {}
        with answering_503():
            return view(**path, **query)

    return answer


@blueprint.before_app_request
def _explain_method() -> None:
    """Make the router's 405 for our own paths a problem document; others are not our business."""
    wrong = request.routing_exception
    if not isinstance(wrong, MethodNotAllowed) or not wrong.valid_methods:
        return
    adapter = current_app.create_url_adapter(request)
    assert adapter is not None
    rules = [adapter.match(method=method, return_rule=True)[0] for method in wrong.valid_methods]
    if all(rule.endpoint.startswith(f"{blueprint.name}.") for rule in rules):
        allowed = sorted(wrong.valid_methods)
        detail = f"{request.path[:80]} takes {', '.join(allowed)}."
        problem = Problem(405, "method-not-allowed", detail, headers={"Allow": ", ".join(allowed)})
        assert isinstance(problem, MethodNotAllowed)
        problem.valid_methods = allowed
        request.routing_exception = problem
