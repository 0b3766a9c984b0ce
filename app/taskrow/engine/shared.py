"""Task functions that belong to no queue of their own: every queue of the process knows them."""

from __future__ import annotations

from taskrow.engine.registry import Registry

shared = Registry()
