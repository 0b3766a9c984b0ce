"""The worker process of a checkout: ``python worker.py --app x:app``, by default for the demo."""

from __future__ import annotations

import sys

from taskrow.__main__ import main

if __name__ == "__main__":
    main(["worker", *sys.argv[1:]], prog_name="taskrow")
