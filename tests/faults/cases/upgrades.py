"""Upgrades of the tables that are cut short."""

from __future__ import annotations

from tests.faults.board import case
from tests.faults.operations.dying import run_host
from tests.faults.scene import Scene


@case(35, "an upgrade of the tables is killed at each operation", expected="old or new, all there")
def killed_upgrade(scene: Scene) -> str:
    files = scene.path("files")
    kills, old, new = run_host("upgrading", scene.directory, files, files, "0001", "1")
    assert old > 0, "no kill left the old tables"
    assert new > 0, "no kill left the new tables"
    return f"{kills} kills: {old} times the old tables, {new} times the new, the tasks always there"
