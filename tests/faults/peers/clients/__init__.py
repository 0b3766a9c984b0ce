"""How each library is used: one client a module, for its own environment."""

from __future__ import annotations
