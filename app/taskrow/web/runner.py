"""The runner process of a Flask application: ``python -m taskrow.web.runner APP ...``."""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING

from taskrow.starting import begin_start, die_with, end_start

if TYPE_CHECKING:
    from taskrow.engine.queue import QueueEngine


def load_engine(app_path: str | None) -> QueueEngine:
    """Import an application as the flask command does, and return its queue."""
    from flask.cli import ScriptInfo

    from taskrow.web.lookup import engine_of

    app = ScriptInfo(app_import_path=app_path or None).load_app()
    _ = app.logger  # Flask gives it a handler of its own while nobody else listens
    with app.app_context():  # a script with a bare @async_api gets its queue here
        return engine_of(app)


def main() -> None:
    """Serve the supervisor that started this process."""
    app_path, worker, *numbers = sys.argv[1:]
    threads, max_memory, work, control, parent = map(int, numbers)
    die_with(parent)  # before all that takes long: until then it would keep a dead worker's lock
    begin_start()
    from taskrow.dev.reporting import report_modules
    from taskrow.engine.runner import serve

    report_modules()
    os.environ["FLASK_RUN_FROM_CLI"] = "true"  # an app.run() at the end of a script does nothing
    logging.getLogger("taskrow.celery").setLevel(logging.ERROR)  # the supervisor has said it once

    def load() -> QueueEngine:
        engine = load_engine(app_path)
        end_start()
        return engine

    serve(load, worker, work, control, threads=threads, max_memory=max_memory)


if __name__ == "__main__":
    main()
