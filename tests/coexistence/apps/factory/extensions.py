"""Extensions that wait for their application."""

from __future__ import annotations

from taskrow import TaskQueue

queue = TaskQueue()
