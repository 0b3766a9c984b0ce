"""The commands on one application, run in the process of the test."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from click.testing import CliRunner, Result
from flask import Flask
from flask.cli import FlaskGroup, ScriptInfo

from taskrow.command_line import commands as taskrow
from taskrow.engine.queue import QueueEngine
from tests.doors.site import APP


@dataclass
class Shell:
    """Runs commands on one application, in this process: fast, and its output is complete."""

    app: Flask
    spelling: str

    def run(self, *words: str) -> Result:
        info = ScriptInfo(app_import_path=APP, create_app=lambda: self.app)
        if self.spelling == "taskrow":
            return CliRunner().invoke(taskrow, words, obj=info)
        return CliRunner().invoke(FlaskGroup(), ["tasks", *words], obj=info)

    def say(self, *words: str) -> str:
        result = self.run(*words)
        assert result.exit_code == 0, result.output
        return result.output

    def json(self, *words: str) -> Any:
        return json.loads(self.say(*words, "--json"))

    def refuse(self, *words: str) -> str:
        """The one sentence with which a command ends that could not do it."""
        result = self.run(*words)
        assert result.exit_code == 1, (result.exit_code, result.output)
        assert result.output.startswith("Error: ")
        assert result.output.count("\n") == 1
        return result.output

    @property
    def engine(self) -> QueueEngine:
        engine: QueueEngine = self.app.extensions["taskrow"]
        return engine
