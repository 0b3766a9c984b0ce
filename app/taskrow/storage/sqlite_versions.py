"""What is known of versions of SQLite."""

from __future__ import annotations

_FIRST, _FIXED = (3, 7, 0), (3, 51, 3)
_FIXED_BRANCHES = {(3, 50): 7, (3, 44): 6}


def has_wal_reset_bug(version: tuple[int, int, int]) -> bool:
    """Whether a checkpoint that runs beside a commit can damage a file (storage/checkpoints.py)."""
    major, minor, patch = version
    branch = _FIXED_BRANCHES.get((major, minor))
    if branch is not None and patch >= branch:
        return False
    return _FIRST <= version < _FIXED
