"""The worker process of a checkout: ``python worker.py --app x:app``, by default for the demo."""

from __future__ import annotations

import argparse
import os

from taskrow.__main__ import main

if __name__ == "__main__":
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    app = os.environ.get("FLASK_APP", "taskrow.demo.application")
    parser.add_argument("--app", "-A", default=app)
    known, others = parser.parse_known_args()
    main(["--app", known.app, "worker", *others], prog_name="worker.py")
