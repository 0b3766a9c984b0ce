"""``taskrow worker``: the process that runs tasks."""

from __future__ import annotations

import logging
import os
import sys
import time

import click
from flask import current_app
from flask.cli import ScriptInfo, pass_script_info

from taskrow.cli_parts import find_engine, in_application
from taskrow.engine.supervisor import Supervisor
from taskrow.engine.worker_options import WorkerOptions
from taskrow.starting import end_start


@click.command("worker")
@click.option("--runners", type=click.IntRange(1), default=None, help="Processes that run tasks.")
@click.option(
    "--threads",
    type=click.IntRange(1, 1000),
    default=1,
    show_default=True,
    help="Tasks that one runner runs at a time, for tasks that mostly wait.",
)
@click.option("--queues", help="Only these queues, with commas between; by default all.")
@click.option("--burst", is_flag=True, help="Stop when nothing is left to do.")
@click.option(
    "--grace", type=click.FloatRange(0), help="Seconds that tasks may go on after SIGTERM."
)
@click.option(
    "--max-tasks-per-runner",
    "max_tasks",
    type=click.IntRange(1),
    help="Replace a runner after so many tasks.",
)
@click.option(
    "--max-memory-per-runner",
    "max_memory",
    type=click.IntRange(1, 2**20),
    help="Replace a runner that holds more than so many MiB after a task.",
)
@click.option("--log-level", default="INFO", show_default=True)
@pass_script_info
@in_application
def worker(
    info: ScriptInfo,
    *,
    runners: int | None,
    threads: int,
    queues: str | None,
    burst: bool,
    grace: float | None,
    max_tasks: int | None,
    max_memory: int | None,
    log_level: str,
) -> None:
    """Run tasks until stopped (SIGTERM or Ctrl-C: finish first; twice: at once)."""
    _log_to_stderr(log_level)
    engine = find_engine()
    options = WorkerOptions(
        runner_command=_runner_command(info),
        runners=runners or min(4, os.cpu_count() or 1),
        threads=threads,
        max_tasks=max_tasks,
        max_memory=max_memory,
        queues=_names(queues),
        burst=burst,
        grace=engine.settings.grace if grace is None else grace,
        debug=current_app.debug,
    )
    supervisor = Supervisor(engine, options)
    end_start()
    supervisor.run()


def _names(queues: str | None) -> list[str] | None:
    """The queues of a command line, each once: a name that is there twice gets no double share."""
    if queues is None:
        return None
    names = list(dict.fromkeys(name.strip() for name in queues.split(",") if name.strip()))
    if not names:
        raise click.BadParameter("name at least one queue, or leave it out", param_hint="--queues")
    return names


def _runner_command(info: ScriptInfo) -> list[str]:
    path = info.app_import_path or os.environ.get("FLASK_APP") or ""
    if info.create_app is not None and not path:  # a command line of the application's own
        raise click.UsageError("the runners import the application themselves: name it with --app")
    return [sys.executable, "-m", "taskrow.web.runner", path]


def _log_to_stderr(level: str) -> None:
    if logging.getLevelName(level.upper()) not in range(1, 100):
        raise click.BadParameter(f"{level!r} is no log level", param_hint="--log-level")
    handler = logging.StreamHandler()
    formatter = logging.Formatter("%(asctime)s.%(msecs)03dZ %(levelname)-7s %(message)s")
    formatter.default_time_format = "%Y-%m-%dT%H:%M:%S"
    formatter.datefmt = "%Y-%m-%dT%H:%M:%S"
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    log = logging.getLogger("taskrow")
    log.addHandler(handler)
    log.setLevel(level.upper())
    log.propagate = False
