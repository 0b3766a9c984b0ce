"""The portable cases, by what goes wrong."""

from __future__ import annotations

IN_ORDER = ("workers", "tasks", "stores", "strangers", "clocks")
