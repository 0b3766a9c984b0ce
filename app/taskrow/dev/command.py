"""``taskrow dev``: the command."""

from __future__ import annotations

import os

import click
from flask.cli import ScriptInfo, pass_script_info

from taskrow.dev.children import Child
from taskrow.dev.loop import develop, report_file


@click.command("dev")
@click.option("--host", "-h", default="127.0.0.1", show_default=True)
@click.option("--port", "-p", type=click.IntRange(1, 65535), default=5000, show_default=True)
@click.option("--runners", type=click.IntRange(1), default=1, show_default=True)
@click.option("--threads", type=click.IntRange(1, 1000), default=1, show_default=True)
@click.option("--queues", help="Only these queues, with commas between; by default all.")
@click.option(
    "--grace",
    type=click.FloatRange(0),
    default=1.0,
    show_default=True,
    help="Seconds that tasks may go on when the code has changed; then they start again.",
)
@click.option("--log-level", default="INFO", show_default=True)
@pass_script_info
def dev(
    info: ScriptInfo,
    *,
    host: str,
    port: int,
    runners: int,
    threads: int,
    queues: str | None,
    grace: float,
    log_level: str,
) -> None:
    """Run web server and worker together, and again when the code changes. Not for production."""
    serve = ["run", "--host", host, "--port", f"{port}", "--no-reload", "--no-debugger"]
    work = ["worker", "--runners", f"{runners}", "--threads", f"{threads}"]
    work += ["--grace", f"{grace}", "--log-level", log_level]
    work += ["--queues", queues] if queues else []
    app = ["--app", info.app_import_path] if info.app_import_path else []
    reported = report_file()
    child = ["taskrow.dev", f"{os.getpid()}", f"{reported}"]
    try:
        develop(
            [
                Child("web", [*child, "flask", *app, *serve]),
                Child("worker", [*child, "taskrow", *app, *work]),
            ],
            reported,
            grace,
        )
    finally:
        reported.unlink(missing_ok=True)
