"""A module of settings, with what such modules import."""

from __future__ import annotations

import os
from datetime import timedelta

task_default_queue = "module"
result_expires = timedelta(hours=1)
HOME = os.sep


class Settings:
    task_default_queue = "class"
