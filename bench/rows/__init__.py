"""The rows of the table, in groups that are measured together."""

from __future__ import annotations
