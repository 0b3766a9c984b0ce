"""There are no signals: every name of Celery's says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskrow.celery.missing import refusing_imports

if not TYPE_CHECKING:  # a type checker tells by itself
    __getattr__ = refusing_imports(__name__, "signals")
