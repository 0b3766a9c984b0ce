"""Text as both databases can store it."""

from __future__ import annotations


def storable(text: str) -> str:
    """The text with escapes for a NUL and for lone surrogates."""
    return text.replace("\0", "\\0").encode(errors="backslashreplace").decode()
