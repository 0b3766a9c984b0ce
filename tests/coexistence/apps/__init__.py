"""Applications of the kind that people have, one for each extension."""

from __future__ import annotations
