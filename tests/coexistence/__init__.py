"""taskrow beside the other extensions of Flask: what they promise still holds."""

from __future__ import annotations
