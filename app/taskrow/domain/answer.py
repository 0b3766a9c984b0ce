"""The HTTP answer of a task that is a stored request."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """What the view answered: status code, headers in their order, body bytes, sealed cookies."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    cookies: bytes | None = None


class AnsweredWithError(Exception):
    """A view raised, and this is what its client is to get; ``__cause__`` is what it raised."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer)
        self.answer = answer
