"""``taskrow demo`` as a person meets it: the command, the page in a real browser, the kills."""

from __future__ import annotations
