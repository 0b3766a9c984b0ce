"""The inside of a process that is asked in lines of JSON (bench/remote.py is the outside)."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any, TextIO

from bench.lanes.lane import NotMeasured

Answer = Callable[[str, dict[str, Any]], dict[str, Any]]


def take_line() -> TextIO:
    """The line back to who asks; from now on whatever else is said goes elsewhere."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    return answers


def answer_all(answers: TextIO, answer: Answer) -> None:
    """Answer until there are no more questions. ``answer`` gets a question and what comes along."""
    for line in sys.stdin:
        question = json.loads(line)
        answers.write(json.dumps(_answered(answer, question["ask"], question["with"])) + "\n")


def _answered(answer: Answer, question: str, given: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"answer": answer(question, given)}
    except NotMeasured as why:
        return {"not_measured": str(why)}
    except Exception as error:  # noqa: BLE001 - whatever a contender raises is told where it is asked
        return {"failed": f"{error!r}", "traceback": traceback.format_exc()}
