"""The commands: ``taskrow --app x worker ...``, and the same as ``flask tasks ...``.

Each is imported when it is first called: a worker does not load what a backup takes, and ``flask``,
which asks for our commands wherever taskrow is installed, loads nothing of it.
"""

from __future__ import annotations

from importlib import import_module

from click import Command, Context
from flask.cli import AppGroup

_PLACES = {
    "backup": "cli_backups:backup",
    "cancel": "cli_tasks:cancel",
    "check": "cli_check:check_command",
    "dev": "dev.command:dev",
    "doctor": "cli_doctor:doctor",
    "list": "cli_tasks:list_command",
    "pause": "cli_lanes:pause",
    "purge": "cli_tasks:purge",
    "queues": "cli_lanes:queues",
    "restore": "cli_backups:restore_command",
    "resume": "cli_lanes:resume",
    "retry": "cli_tasks:retry",
    "schedules": "cli_schedules:schedules",
    "show": "cli_tasks:show",
    "upgrade": "cli_tasks:upgrade_command",
    "worker": "cli_worker:worker",
}


class Commands(AppGroup):
    """A group that knows where its commands are."""

    def list_commands(self, _: Context) -> list[str]:
        return sorted(_PLACES)

    def get_command(self, _: Context, name: str) -> Command | None:
        if name not in _PLACES:
            return None
        module, attribute = _PLACES[name].split(":")
        command: Command = getattr(import_module(f"taskrow.{module}"), attribute)
        return command


commands = Commands("tasks", help="The task queue: its worker and its rows.")
