"""``taskrow``, and ``python -m taskrow``: the command line (command_line.py) as a process."""

from __future__ import annotations

from typing import Any

from taskrow.starting import begin_start, end_start


def main(*args: Any, **options: Any) -> None:
    """Run a command and end the process."""
    begin_start()
    from taskrow.command_line import commands

    try:
        commands(*args, **options)
    finally:
        end_start()


if __name__ == "__main__":
    main()
