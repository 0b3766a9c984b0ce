"""The ``Prefer`` header (RFC 7240): how long a client likes to wait for the answer itself."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flask import request

from taskrow.web.problems import Problem

_SECONDS = re.compile(r'"?(\d{1,18})"?')


@dataclass(frozen=True)
class Preferences:
    """What the client prefers. wait: seconds, as far as they are granted; None: not asked for."""

    wait: int | None = None
    respond_async: bool = False

    @property
    def applied(self) -> dict[str, str]:
        """The header that says which preferences were honoured."""
        words = ["respond-async"] if self.respond_async else []
        words += [f"wait={self.wait}"] if self.wait is not None else []
        return {"Preference-Applied": ", ".join(words)} if words else {}


_NONE = Preferences()


def preferences(longest: float) -> Preferences:
    """Those of the current request. Problem 400 when the seconds are none; others are ignored."""
    given = request.environ.get("HTTP_PREFER")  # where a server puts all such headers together
    if given is None:
        return _NONE
    asked: dict[str, str] = {}
    for part in given.split(","):
        name, _, value = part.partition(";")[0].partition("=")
        asked.setdefault(name.strip().lower(), value.strip())  # RFC 7240: the first one counts
    wait = None
    if "wait" in asked:
        seconds = _SECONDS.fullmatch(asked["wait"])
        if seconds is None:
            raise Problem(
                400, "bad-preference", "Prefer: wait takes whole seconds, such as wait=10."
            )
        wait = int(min(int(seconds[1]), longest))
    return Preferences(wait, "respond-async" in asked)
