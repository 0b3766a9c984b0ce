"""A demo that was started, and what runs below it."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.processes import Process, ProcessFactory

DEMO = ("taskrow", "demo", "--port", "0")
PAGE = re.compile(r"http://127\.0\.0\.1:(\d+)")


def start_demo(launch: ProcessFactory, *options: str) -> tuple[Process, int]:
    """A demo that greets, and its port."""
    demo = launch.start(*DEMO, *options, log="demo")
    demo.wait_for("Ctrl-C ends the demo")
    found = PAGE.search(demo.output())
    assert found, demo.output()
    return demo, int(found[1])


def children(pid: int) -> list[int]:
    """What this process has started, in order."""
    return [int(pid) for pid in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
