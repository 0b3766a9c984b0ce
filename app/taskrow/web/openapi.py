"""``/tasks/openapi.json``: the API as OpenAPI 3.1, made from the operations that serve it."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from flask import Response, jsonify, request

from taskrow.web.operations import OPERATIONS, OWN_ANSWER, Operation, Reply, operation
from taskrow.web.parameters import Parameter
from taskrow.web.schemas import (
    HEADERS,
    JSON,
    PREFER,
    PROBLEM,
    PROBLEMS,
    SCHEMAS,
    TASK_ID,
    by_code,
    problem_schema,
    ref,
)

Document = dict[str, Any]

_COMES_AGAIN = {"database-unavailable", "queue-full", "disk-full"}

_ABOUT = (
    "Tasks are rows: what was submitted, how far it is, what came of it. Errors are problem "
    "documents (RFC 9457). To list, submit, cancel and retry is closed unless the application "
    "opens it."
)

_STATUS = Operation(  # its route is in web/status.py
    name="status",
    method="GET",
    path="/status/{task_id}",
    summary="What a view answered, or how a task function stands",
    description="202 until a stored view has answered, then its own status, headers and body, "
    "marked by AsyncResult. For a task function always JSON.",
    parameters=(TASK_ID, PREFER),
    replies={
        "200": Reply(
            description="The state of a task function; or a view's own answer.",
            content={JSON: {"anyOf": [ref("CeleryStatus"), {}]}, "*/*": {}},
            headers=("AsyncResult", "Preference-Applied"),
        ),
        "202": Reply(
            description="The view has not answered yet.",
            content={"text/plain": {"type": "string", "maxLength": 0}},
            headers=("Location", "Retry-After", "Link", "Preference-Applied"),
        ),
        "default": OWN_ANSWER,
    },
    problems=("bad-preference", "no-such-task", "cancelled", "database-unavailable"),
)


@operation(
    name="openapi",
    method="GET",
    path="/tasks/openapi.json",
    summary="This document",
    replies={
        "200": Reply(description="OpenAPI 3.1.", content={JSON: {"type": "object"}}),
    },
)
def show_document() -> Response:
    """The same to everybody: it tells nothing of the application."""
    response = jsonify(make_document(request.root_path or "/"))
    response.headers["Cache-Control"] = "no-cache"
    return response


def make_document(root: str) -> Document:
    """The document of an application that is mounted at ``root``."""
    paths: dict[str, Document] = {}
    for one in (*OPERATIONS, _STATUS):
        paths.setdefault(one.path, {})[one.method.lower()] = _describe(one)
    return {
        "openapi": "3.1.0",
        "info": {"title": "taskrow", "version": version("taskrow"), "description": _ABOUT},
        "servers": [{"url": root}],
        "paths": paths,
        "components": {"schemas": SCHEMAS, "headers": HEADERS, "links": _links()},
    }


def _describe(made: Operation) -> Document:
    told: Document = {
        "operationId": made.name,
        "summary": made.summary,
        "parameters": [_parameter(one) for one in made.parameters],
        "responses": {code: _reply(reply) for code, reply in made.replies.items()},
    }
    for code, kinds in by_code(made.problems).items():
        told["responses"][str(code)] = _problems(kinds)
    if made.description:
        told["description"] = made.description
    if made.members:
        told["requestBody"] = {"required": True, "content": {JSON: {"schema": _body(made)}}}
    return told


def _parameter(one: Parameter) -> Document:
    told: Document = {
        "name": one.name,
        "in": one.place,
        "description": one.description,
        "schema": {"type": "array", "items": one.schema, "minItems": 1} if one.many else one.schema,
    }
    if one.required:
        told["required"] = True
    if one.many:
        told |= {"style": "form", "explode": True}
    return told


def _body(made: Operation) -> Document:
    told: Document = {
        "type": "object",
        "properties": {m.name: m.schema | {"description": m.description} for m in made.members},
        "required": [member.name for member in made.members if member.required],
        "additionalProperties": False,
    }
    return told | ({"not": {"required": list(made.apart)}} if made.apart else {})


def _reply(reply: Reply) -> Document:
    told: Document = {"description": reply.description}
    if reply.content:
        told["content"] = {kind: {"schema": schema} for kind, schema in reply.content.items()}
    if reply.headers:
        told["headers"] = {n: {"$ref": f"#/components/headers/{n}"} for n in reply.headers}
    if reply.links:
        told["links"] = {name: {"$ref": f"#/components/links/{name}"} for name in reply.links}
    return told


def _problems(kinds: list[str]) -> Document:
    told = _reply(
        Reply(
            description=" ".join(f"`{kind}`: {PROBLEMS[kind][1]}" for kind in kinds),
            content={PROBLEM: problem_schema(kinds)},
        )
    )
    if not _COMES_AGAIN.isdisjoint(kinds):
        told["headers"] = {"Retry-After": {"$ref": "#/components/headers/Retry-After"}}
    return told


def _links() -> dict[str, Document]:
    """From an answer that has an id to what can be done with that task."""
    by_id = {one.name for one in OPERATIONS if TASK_ID in one.parameters} | {"status"}
    parameters = {"task_id": "$response.body#/id"}
    return {name: {"operationId": name, "parameters": parameters} for name in sorted(by_id)}
