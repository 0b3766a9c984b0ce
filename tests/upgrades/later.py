"""``python -m tests.upgrades.later SECONDS``: submit tasks that are due then; prints their ids."""

from __future__ import annotations

import sys

from tests.soak.application import app, crash, effect, stumble, work


def main() -> None:
    """Tasks that cross an upgrade while they wait, and one that runs through it."""
    seconds = float(sys.argv[1])
    with app.app_context():
        for task in (effect, crash, stumble, effect):
            print(task.apply_async(countdown=seconds).id)
        for _ in range(2):
            print(work.apply_async((3 * seconds,)).id)


if __name__ == "__main__":
    main()
