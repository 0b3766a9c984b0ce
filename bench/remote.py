"""A process, from outside, that is asked in lines of JSON (bench/answering.py is its inside)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bench.contenders import Contender

ROOT = Path(__file__).parents[1]
_PATIENCE = 600.0


class NoAnswer(RuntimeError):  # noqa: N818 - why there is no figure, which is an answer too
    """A contender could not be measured; the message says why."""


class Asked:
    """A process of ``python -m ...`` in a session of its own.

    log: where everything goes that it says besides its answers.
    environment: more variables for it.
    """

    def __init__(
        self,
        python: Path,
        arguments: Sequence[str],
        log: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [python, "-m", *arguments],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                text=True,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
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
        self.close()

    def ask_within(self, seconds: float, question: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """Have it answer one question. NoAnswer says why there is none; then it may have ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        alarm = threading.Timer(seconds, self.end)
        alarm.start()
        try:
            self._process.stdin.write(json.dumps({"ask": question, "with": dict(given)}) + "\n")
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

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def end(self) -> None:
        """SIGKILL to all of its session."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def close(self) -> None:
        """End it, and let go of its pipes."""
        self.end()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(BrokenPipeError):
                assert pipe is not None
                pipe.close()


class Remote(Asked):
    """One contender at work in a directory of its own; bench/serve.py is its inside."""

    def __init__(self, contender: Contender, python: Path, directory: Path, url: str) -> None:
        self.contender = contender
        spec = {
            "lane": contender.lane,
            "directory": str(directory),
            "url": url,
            "options": dict(contender.options),
        }
        super().__init__(python, ["bench.serve", json.dumps(spec)], directory / "log")

    def ask(self, question: str, **given: Any) -> dict[str, Any]:
        """Have it answer one question of bench/serve.py. NoAnswer says why there is none."""
        return self.ask_within(_PATIENCE, question, given)
