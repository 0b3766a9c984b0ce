"""The lines that a supervisor and its runners write to each other.

One message is one line of text. What is JSON already (arguments, results) is passed on as it is,
neither decoded nor encoded again on its way between the row and the function. There are two lines
for each task, so they are put together and taken apart by hand.

supervisor -> runner, work:     ``run <seq> <attempt> <id> <failures> <retries> <name> <checksum>
                                <json>``
supervisor -> runner, control:  ``recall``; ``cancel``, ``granted`` or ``refused <seq> <attempt>``
runner -> supervisor:           ``<kind> <seq> <attempt> <ms> <json>``
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from json.encoder import encode_basestring_ascii
from typing import Any, NamedTuple

from taskrow.domain.answer import Answer
from taskrow.domain.checksum import checksum_of
from taskrow.storage.claims import Attempt, Claim

READY, WORN, PROGRESS, LOGS, RETURNED = "ready", "worn", "progress", "logs", "returned"
SUCCEEDED, FAILED, CANCELLED, ANSWERED = "succeeded", "failed", "cancelled", "answered"

_NONE = "-"

# A task that ends itself by self.commit(): its transaction begins, holds, or came to nothing; and
# the function is over, whose task was before (the payload says how, where it raised something).
COMMITTING, COMMITTED, UNCOMMITTED, OVER = "committing", "committed", "uncommitted", "over"

# A task waits for another one, and wants to know whether it may; it goes on.
WAITS, GOES_ON = "waits", "goes-on"
GRANTED, REFUSED = "granted", "refused"

CANCEL, RECALL = "cancel", "recall"


class Assignment(NamedTuple):
    """What a runner is told to run. ``call`` is read when it is run: :func:`decode_call`."""

    seq: int
    attempt: int
    call: str

    @property
    def which(self) -> Attempt:
        return self.seq, self.attempt


class Called(NamedTuple):
    """What is called. ``arguments`` is JSON text (domain/payload.py), with its checksum if any."""

    id: str
    failures: int
    retries: int
    name: str
    checksum: int | None
    arguments: str


class Report(NamedTuple):
    """What a runner says of an assignment. ``ms`` is how long it ran, ``payload`` is JSON text."""

    kind: str
    seq: int = 0
    attempt: int = 0
    ms: float = 0.0
    payload: str = ""


def encode_assignment(claim: Claim) -> bytes:
    """The line for a claim. A row edited by hand may hold line breaks; JSON does not need them."""
    args, checksum = claim.args, claim.args_checksum
    if "\n" in args or "\r" in args:
        args, checksum = _on_one_line(args, checksum)
    return (
        f"run {claim.seq} {claim.attempt} {_quoted(claim.id)} {claim.failures} {claim.retries} "
        f"{_quoted(claim.name)} {_NONE if checksum is None else checksum} {args}\n"
    ).encode()


def _on_one_line(args: str, checksum: int | None) -> tuple[str, int | None]:
    """The arguments without line breaks. Their checksum is made anew, where it was right."""
    line = args.replace("\n", " ").replace("\r", " ")
    return line, checksum_of(line) if checksum == checksum_of(args) else checksum


def decode_assignment(line: str) -> Assignment:
    _, seq, attempt, call = line.split(" ", 3)
    return Assignment(int(seq), int(attempt), call)


def decode_call(call: str) -> Called:
    task_id, failures, retries, name, said, arguments = call.split(" ", 5)
    checksum = None if said == _NONE else int(said)
    return Called(
        _unquoted(task_id), int(failures), int(retries), _unquoted(name), checksum, arguments
    )


def _quoted(text: str) -> str:
    """A text in one word: in a row edited by hand even an id may have spaces."""
    return encode_basestring_ascii(text).replace(" ", "\\u0020")


def _unquoted(word: str) -> str:
    return str(json.loads(word)) if "\\" in word else word[1:-1]


def encode_command(verb: str, claim: Claim | None) -> bytes:
    """The line of a word to a runner; ``claim``: which of its attempts it is about."""
    words = (verb,) if claim is None else (verb, *claim.which)
    return f"{' '.join(map(str, words))}\n".encode()


def decode_command(line: str) -> tuple[str, Attempt | None]:
    verb, *which = line.split(" ")
    return verb, (int(which[0]), int(which[1])) if which else None


def encode_report(report: Report) -> bytes:
    kind, seq, attempt, ms, payload = report
    return f"{kind} {seq} {attempt} {ms:.3f} {payload}\n".encode()


def decode_report(line: str) -> Report:
    kind, seq, attempt, ms, payload = line.split(" ", 4)
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

    def feed(self, piece: bytes) -> list[str]:
        """Add a piece; return the lines that are complete now."""
        self._rest += piece
        if b"\n" not in piece:
            return []
        whole, _, self._rest = self._rest.rpartition(b"\n")
        return whole.decode().split("\n")
