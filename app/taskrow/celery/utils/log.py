"""Celery's logger of tasks."""

from __future__ import annotations

import logging


def get_task_logger(name: str) -> logging.Logger:
    """A logger for task functions: an ordinary one."""
    return logging.getLogger(name)
