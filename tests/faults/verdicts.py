"""What comes of a case of the scoreboard."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from tests.faults.board import Case
from tests.faults.needs import Unavailable
from tests.faults.scene import scene

PASS, FAIL, SKIP = "PASS", "FAIL", "SKIP"


def judge(case: Case) -> tuple[str, str, float]:
    """Play a case on a fresh scene: its verdict, what was seen, and how many seconds it took."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="taskrow-fault-") as place:
        try:
            with scene(Path(place)) as here:
                verdict, saw = PASS, case.play(here)
        except Unavailable as why:
            verdict, saw = SKIP, str(why)
        except Exception as error:  # noqa: BLE001 - whatever it was, the case did not hold
            verdict, saw = FAIL, f"{type(error).__name__}: {error}"
    return verdict, saw, time.monotonic() - began
