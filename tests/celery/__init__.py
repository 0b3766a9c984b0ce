"""Celery's words: what a project finds that is ported by its imports."""

from __future__ import annotations
