"""A script run as ``__main__`` submits under the name by which its worker imports it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.apps import __file__ as apps
from tests.support.processes import ProcessFactory


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_script_submits_what_its_worker_knows(
    database_url: str, tmp_path: Path, start: ProcessFactory
) -> None:
    shutil.copy(Path(apps).parent / "script.py", tmp_path)
    start.worker("--runners", "1", app="script")
    env = os.environ | {"FLASK_TASKROW_DATABASE_URL": database_url}
    for command in (["script.py"], [str(tmp_path / "script.py")], ["-m", "script"]):
        said = subprocess.run(
            [sys.executable, *command], env=env, cwd=tmp_path, capture_output=True, check=True
        )
        assert said.stdout.decode() == "script.greet -> hello ada, from script\n"
