"""The lines that a supervisor and its runners write to each other.

One message is one line of text. What is JSON already (arguments, results) is passed on as it is,
neither decoded nor encoded again on its way between the row and the function.

supervisor -> runner, work:     ``run <seq> <attempt> <json>``
supervisor -> runner, control:  ``cancel <seq>``, ``recall``, ``granted <seq>``, ``refused <seq>``
runner -> supervisor:           ``<kind> <seq> <attempt> <ms> <json>``
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from taskrow.domain.answer import Answer
from taskrow.storage.claims import Claim

READY, WORN, PROGRESS, LOGS, RETURNED = "ready", "worn", "progress", "logs", "returned"
SUCCEEDED, FAILED, CANCELLED, ANSWERED = "succeeded", "failed", "cancelled", "answered"

# A task that ends itself by self.commit(): its transaction begins, holds, or came to nothing; and
# the function is over, whose task was before (the payload says how, where it raised something).
COMMITTING, COMMITTED, UNCOMMITTED, OVER = "committing", "committed", "uncommitted", "over"

# A task waits for another one, and wants to know whether it may; it goes on.
WAITS, GOES_ON = "waits", "goes-on"
GRANTED, REFUSED = "granted", "refused"


@dataclass(frozen=True)
class Assignment:
    """What a runner is told to run. ``call`` is JSON text: id, name, failures, retries, args."""

    seq: int
    attempt: int
    call: str


@dataclass(frozen=True)
class Report:
    """What a runner says of an assignment. ``ms`` is how long it ran, ``payload`` is JSON text."""

    kind: str
    seq: int = 0
    attempt: int = 0
    ms: float = 0.0
    payload: str = ""


def encode_assignment(claim: Claim) -> bytes:
    """The line for a claim. A row edited by hand may hold line breaks; JSON does not need them."""
    head = json.dumps(
        {"id": claim.id, "name": claim.name, "failures": claim.failures, "retries": claim.retries}
    )
    args = claim.args.replace("\n", " ").replace("\r", " ")
    return f'run {claim.seq} {claim.attempt} {head[:-1]}, "args": {args}}}\n'.encode()


def decode_assignment(line: bytes) -> Assignment:
    _, seq, attempt, call = line.decode().split(" ", 3)
    return Assignment(int(seq), int(attempt), call)


def encode_report(report: Report) -> bytes:
    return (
        f"{report.kind} {report.seq} {report.attempt} {report.ms:.3f} {report.payload}\n".encode()
    )


def decode_report(line: bytes) -> Report:
    kind, seq, attempt, ms, payload = line.decode().split(" ", 4)
    return Report(kind, int(seq), int(attempt), float(ms), payload)


def encode_answer(answer: Answer) -> dict[str, Any]:
    """An answer as JSON; the body may be any bytes."""
    cookies = None if answer.cookies is None else _to_text(answer.cookies)
    return {
        "status": answer.status,
        "headers": answer.headers,
        "body": _to_text(answer.body),
        "cookies": cookies,
    }


def decode_answer(data: Mapping[str, Any]) -> Answer:
    headers = tuple((name, value) for name, value in data["headers"])
    cookies = None if data["cookies"] is None else base64.b64decode(data["cookies"])
    return Answer(data["status"], headers, base64.b64decode(data["body"]), cookies)


def _to_text(data: bytes) -> str:
    return base64.b64encode(data).decode()


class LineBuffer:
    """Puts lines together from the pieces that a socket gives."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, piece: bytes) -> list[bytes]:
        """Add a piece; return the lines that are complete now."""
        self._rest += piece
        if b"\n" not in piece:
            return []
        *lines, rest = self._rest.split(b"\n")
        self._rest = bytearray(rest)
        return [bytes(line) for line in lines]
