"""The same tasks in a worker whose endings carry no fence: a mutant for the kill test to catch."""

from __future__ import annotations

from tests.apps.kills import app
from tests.support.flaws import no_fence

__all__ = ["app"]

for one in no_fence():
    one.start()
