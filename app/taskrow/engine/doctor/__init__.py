"""What is well around a queue, what is not, and what to do about it: ``taskrow doctor``."""

from __future__ import annotations
