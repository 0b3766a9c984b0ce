"""What identifies a client: kept sealed while its task waits and runs, erased when it is over.

Sealed with keys derived from SECRET_KEY (domain/sealing.py) and bound to the task. Cookies that a
view sets are sealed with a key that also takes the submitter's session: only a client that holds
this session can be given them.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Any

from flask import Flask, current_app, request, session
from flask.json.tag import TaggedJSONSerializer

from taskrow.domain.sealing import Sealer
from taskrow.errors import CredentialsError

_ALWAYS = frozenset({"authorization", "cookie"})
_PURPOSE = "credentials"


class Credentials:
    """The secret headers of a request, and its session as text (empty: there is none)."""

    def __init__(self, headers: Sequence[tuple[str, str]], session: str) -> None:
        self.headers, self.session = list(headers), session

    def seal(self, task_id: str) -> bytes:
        """Bytes for the row. CredentialsError where the application has no SECRET_KEY."""
        plain = json.dumps({"headers": self.headers, "session": self.session})
        return _sealer(self.names).seal(plain.encode(), task_id)

    @property
    def names(self) -> list[str]:
        """Which headers these are; the names are no secret."""
        return [name for name, _ in self.headers]

    def restore_session(self) -> None:
        """In the worker: a session that has expired while its task waited stands as it was."""
        if self.session and not session:
            session.update(TaggedJSONSerializer().loads(self.session))
            session.modified = False


@lru_cache
def secret_names(more: tuple[str, ...]) -> frozenset[str]:
    """Which headers identify their client, in lower case; ``more`` are the application's own."""
    return _ALWAYS | {name.lower() for name in more}


def credentials_of(headers: Sequence[tuple[str, str]]) -> Credentials | None:
    """Those of the current request, by its secret headers; None where it carries none."""
    return Credentials(headers, session_text()) if headers else None


def open_credentials(sealed: bytes, task_id: str) -> Credentials:
    """Open what :meth:`Credentials.seal` made. CredentialsError where the keys do not fit."""
    plain = _sealer([]).open(sealed, task_id)
    if plain is None:
        raise CredentialsError(
            "the credentials of this task cannot be opened: the worker must have the SECRET_KEY of "
            "the web process that stored them, or have it in SECRET_KEY_FALLBACKS"
        )
    told = json.loads(plain)
    return Credentials([(name, value) for name, value in told["headers"]], told["session"])


def session_text() -> str:
    """The session of the current request as text; empty where the client holds none."""
    if not request.headers.get("Cookie") or not session:
        return ""
    try:
        return TaggedJSONSerializer().dumps(dict(session))
    except TypeError:  # a session that is kept on the server may hold anything
        return ""


def seal_cookies(cookies: Sequence[str], session: str, task_id: str) -> bytes | None:
    """Set-Cookie headers for the client that holds the session; None where nobody does."""
    if not cookies or not session:
        return None
    return _sealer([], session).seal(json.dumps(list(cookies)).encode(), task_id)


def open_cookies(sealed: bytes | None, task_id: str) -> tuple[str, ...]:
    """The Set-Cookie headers of a task, if the current client is who submitted it."""
    if sealed is None or not (held := session_text()):
        return ()
    plain = _sealer([], held).open(sealed, task_id)
    return () if plain is None else tuple(json.loads(plain))


def digest(*parts: str) -> str:
    """A short text that stands for others, and does not tell them to who reads the rows."""
    key = next(iter(_secrets(current_app)), "")
    key = key.encode() if isinstance(key, str) else key
    return hmac.digest(key, json.dumps(parts).encode(), "sha256").hex()


def _sealer(names: Sequence[str], session: str = "") -> Sealer:
    secrets = _secrets(current_app)
    if not secrets:
        raise CredentialsError(
            f"this request carries {' and '.join(names) or 'credentials'}, and there is no key to "
            "keep them safe with: set SECRET_KEY, to the same value in the web and in the worker"
        )
    return Sealer(secrets, f"{_PURPOSE} {sha256(session.encode()).hexdigest()}")


def _secrets(app: Flask) -> list[Any]:
    """The newest first: it seals; the others only open."""
    key, older = app.config.get("SECRET_KEY"), app.config.get("SECRET_KEY_FALLBACKS")
    return [secret for secret in [key, *(older or [])] if secret] if key else []
