"""A contender's process, from outside: asked in lines of JSON (bench/serve.py)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from bench.contenders import Contender

ROOT = Path(__file__).parents[1]
_PATIENCE = 600.0


class NoAnswer(RuntimeError):  # noqa: N818 - why there is no figure, which is an answer too
    """A contender could not be measured; the message says why."""


class Remote:
    """One contender at work in a directory of its own."""

    def __init__(self, contender: Contender, python: Path, directory: Path, url: str) -> None:
        self.contender = contender
        spec = {
            "lane": contender.lane,
            "directory": str(directory),
            "url": url,
            "options": dict(contender.options),
        }
        self._log = directory / "log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [python, "-m", "bench.serve", json.dumps(spec)],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )

    def __enter__(self) -> Remote:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        if error is None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(20)
        self._end()

    def ask(self, question: str, **given: Any) -> dict[str, Any]:
        """Have it answer one question of bench/serve.py. NoAnswer says why there is none."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        alarm = threading.Timer(_PATIENCE, self._end)
        alarm.start()
        try:
            self._process.stdin.write(json.dumps({"ask": question, "with": given}) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            alarm.cancel()
        return self._understand(json.loads(line) if line else {})

    def _understand(self, said: dict[str, Any]) -> dict[str, Any]:
        if "answer" in said:
            return dict(said["answer"])
        if "not_measured" in said:
            raise NoAnswer(f"not measured: {said['not_measured']}")
        reason = said.get("failed") or self._log.read_text(errors="replace").strip()[-300:]
        raise NoAnswer(f"FAILED: {reason or 'its process ended without a word'}")

    def _end(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
