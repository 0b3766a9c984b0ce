"""How each contender does what it is asked: one lane a module."""

from __future__ import annotations
