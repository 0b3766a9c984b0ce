"""There are no signals: every name of Celery's says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskrow.celery.missing import sentence

if not TYPE_CHECKING:  # a type checker tells by itself

    def __getattr__(name: str) -> object:
        if name.startswith("_"):
            raise AttributeError(name)
        raise ImportError(sentence("signals", name), name=__name__)
