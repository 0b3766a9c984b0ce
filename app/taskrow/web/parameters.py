"""What a client gives with a request: each parameter is described and read by one definition.

The document of the API (web/openapi.py) shows the same schema that the parser here is made of.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from werkzeug.datastructures import MultiDict

from taskrow.domain.checks import suggest
from taskrow.web.problems import Problem

Schema = dict[str, Any]
Place = Literal["query", "header", "path", "body"]

_PLAIN = r"^[^\x00-\x1f\x7f-\x9f]{1,255}$"
_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)", re.ASCII
)
_WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One value that a client may give.

    parse: from the text (in a body: from the JSON value) to what the view gets; its ValueError ends
    the sentence "limit must be ...". many: may be repeated, or hold several with commas.
    """

    name: str
    description: str
    schema: Schema
    parse: Callable[[Any], Any] = str
    place: Place = "query"
    required: bool = False
    many: bool = False


def read_query(known: Sequence[Parameter], given: MultiDict[str, str]) -> dict[str, Any]:
    """The values of a query string; what is not given is None, or empty where many may be.

    Problem 400 names what is unknown, given twice, or no value of its parameter.
    """
    for problem in _unknown(given, known, "parameter of this list"):
        raise Problem(400, "unknown-parameter", problem)
    return {parameter.name: _read(parameter, given.getlist(parameter.name)) for parameter in known}


def read_members(known: Sequence[Parameter], given: Any) -> dict[str, Any]:
    """The members of a JSON body; what is not given is None.

    Problem 422 names what is unknown, missing, or no value of its member.
    """
    if not isinstance(given, dict):
        raise _unusable("The body must be a JSON object.")
    for problem in _unknown(given, known, "member of this body"):
        raise Problem(422, "unknown-member", problem)
    return {member.name: _read_member(member, given) for member in known}


def _unknown(given: Iterable[str], known: Sequence[Parameter], what: str) -> Iterator[str]:
    """A sentence for each name that is none of the known ones."""
    names = [one.name for one in known]
    for name in given:
        if name not in names:
            yield _sentence(f"{_quoted(name)} is no {what}{suggest(name, names)}")


def whole(least: int, most: int) -> tuple[Schema, Callable[[str], int]]:
    """The schema and the parser of a whole number in a query."""

    def parse(text: str) -> int:
        if not _WHOLE.fullmatch(text) or not least <= int(text) <= most:
            raise ValueError(f"a whole number from {least} to {most}")
        return int(text)

    return {"type": "integer", "minimum": least, "maximum": most}, parse


def one_of(values: Sequence[str]) -> tuple[Schema, Callable[[str], str]]:
    """The schema and the parser of a word."""

    def parse(text: str) -> str:
        if text not in values:
            raise ValueError(f"one of {', '.join(values)}")
        return str(text)

    return {"type": "string", "enum": list(values)}, parse


def plain() -> tuple[Schema, Callable[[str], str]]:
    """The schema and the parser of a name: no control characters, which no database has in one."""

    def parse(text: str) -> str:
        if not re.fullmatch(_PLAIN, text):
            raise ValueError("1 to 255 plain characters")
        return text

    return {"type": "string", "minLength": 1, "maxLength": 255, "pattern": _PLAIN}, parse


def moment() -> tuple[Schema, Callable[[Any], datetime]]:
    """The schema and the parser of a time as RFC 3339 has it, made UTC."""

    def parse(text: Any) -> datetime:
        try:
            if not isinstance(text, str) or not _MOMENT.fullmatch(text):
                raise ValueError
            found = datetime.fromisoformat(text.upper())
        except ValueError:
            example = "2026-11-21T07:00:00Z (in a query, write a + as %2B)"
            raise ValueError(f"a time such as {example}") from None
        return _to_utc(found)

    return {"type": "string", "format": "date-time"}, parse


def _to_utc(found: datetime) -> datetime:
    try:
        return found.astimezone(UTC)
    except OverflowError:  # a zone can push the first or the last day out of the calendar
        return (datetime.min if found.year == 1 else datetime.max).replace(tzinfo=UTC)


def _read(parameter: Parameter, given: Sequence[str]) -> Any:
    if parameter.many:
        return [_parsed(parameter, part) for text in given for part in text.split(",")]
    if len(given) > 1:
        raise Problem(400, "bad-parameter", f"{parameter.name} is given more than once.")
    return _parsed(parameter, given[0]) if given else None


def _parsed(parameter: Parameter, text: str) -> Any:
    try:
        return parameter.parse(text)
    except ValueError as error:
        detail = f"{parameter.name} must be {error}, not {_quoted(text)}."
        raise Problem(400, "bad-parameter", detail) from None


def _read_member(member: Parameter, given: Mapping[str, Any]) -> Any:
    if member.name not in given:
        if member.required:
            raise _unusable(f"The member {member.name!r} is missing.")
        return None
    try:
        return member.parse(given[member.name])
    except ValueError as error:
        raise _unusable(f"{member.name} must be {error}.") from None


def _unusable(detail: str) -> Problem:
    return Problem(422, "bad-member", detail)


def _sentence(text: str) -> str:
    return text if text.endswith("?") else f"{text}."


def _quoted(text: str) -> str:
    """A client's own words in our sentence, kept short."""
    return repr(text if len(text) <= 80 else f"{text[:80]}...")
