"""The runner process of a Flask application: ``python -m taskrow.web.runner APP ...``."""

from __future__ import annotations

import logging
import os
import sys
from functools import partial

from flask.cli import ScriptInfo

from taskrow.dev.reporting import report_modules
from taskrow.engine.queue import QueueEngine
from taskrow.engine.runner import serve
from taskrow.web.lookup import engine_of


def load_engine(app_path: str | None) -> QueueEngine:
    """Import an application as the flask command does, and return its queue."""
    app = ScriptInfo(app_import_path=app_path or None).load_app()
    _ = app.logger  # Flask gives it a handler of its own while nobody else listens
    with app.app_context():  # a script with a bare @async_api gets its queue here
        return engine_of(app)


def main() -> None:
    """Serve the supervisor that started this process."""
    report_modules()
    app_path, worker, *numbers = sys.argv[1:]
    threads, max_memory, work, control, parent = map(int, numbers)
    os.environ["FLASK_RUN_FROM_CLI"] = "true"  # an app.run() at the end of a script does nothing
    logging.getLogger("taskrow.celery").setLevel(logging.ERROR)  # the supervisor has said it once
    load = partial(load_engine, app_path)
    serve(load, worker, work, control, parent, threads=threads, max_memory=max_memory)


if __name__ == "__main__":
    main()
