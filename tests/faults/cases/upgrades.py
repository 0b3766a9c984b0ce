"""Upgrades of the tables that are cut short."""

from __future__ import annotations

import subprocess
import sys

from tests.faults.board import case
from tests.faults.scene import Scene
from tests.faults.shims import build
from tests.support.processes import PATH

_HOST = "tests.faults.operations.upgrading"


@case(35, "an upgrade of the tables is killed at each operation", expected="old or new, all there")
def killed_upgrade(scene: Scene) -> str:
    shim = build("inject", scene.directory)
    files = scene.path("files")
    host = subprocess.run(
        [sys.executable, "-m", _HOST, shim, files, "0001", "1"],
        env={"LD_PRELOAD": str(shim), "FAULT_DIR": str(files), "PYTHONPATH": PATH},
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert host.returncode == 0, host.stderr[-2000:]
    kills, old, new = map(int, host.stdout.split())
    assert kills == old + new
    return f"{kills} kills: {old} times the old tables, {new} times the new, the tasks always there"
