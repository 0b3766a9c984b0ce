"""What a contender's process can be asked: each module one kind of measuring."""

from __future__ import annotations
