"""There are no signals: every name of Celery's says so."""

from __future__ import annotations

from taskrow.celery.missing import sentence


def __getattr__(name: str) -> object:
    if name.startswith("_"):
        raise AttributeError(name)
    raise ImportError(sentence("signals", name), name=__name__)
