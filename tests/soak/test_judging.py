"""The soak's own judgement: it must notice what it is for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.soak.chaos import STOP, WORKER, Fault
from tests.soak.curves import judge, of_processes
from tests.soak.marks import Mark, begun_again, due_twice
from tests.soak.record import Record, read
from tests.soak.report import report


@pytest.mark.parametrize(("a_minute", "flat"), [(0.0, True), (-1.0, True), (1.0, False)])
def test_a_curve_that_grows_is_not_flat(a_minute: float, flat: bool) -> None:
    samples = [
        {"minute": float(minute), "web PSS": 60.0 + a_minute * minute} for minute in range(60)
    ]
    (curve,) = judge(samples)
    assert (curve.name, curve.flat) == ("web PSS", flat)


def test_a_start_and_a_peak_are_no_growth() -> None:
    sizes = [1.0] * 10 + [60.0] * 30 + [500.0] + [60.0] * 19
    (curve,) = judge([{"web PSS": size} for size in sizes])
    assert curve.flat


def test_a_few_samples_are_not_judged() -> None:
    assert judge([{"web PSS": 1.0}, {"web PSS": 100.0}]) == []


def test_the_first_later_attempt_tells_how_soon_a_task_ran_again() -> None:
    marks = [Mark("a", 1, 9.0, ""), Mark("b", 3, 12.0, ""), Mark("a", 2, 10.5, "")]
    hit = Fault(WORKER, 10.0, 1, {"a": 1, "b": 2})
    idle = Fault(WORKER, 11.0, 2)
    assert begun_again([hit, idle], marks) == [(hit, 0.5)]


def test_a_due_time_with_two_tasks_is_wrong() -> None:
    twice = [Mark("a", 1, 0.0, "noon"), Mark("a", 2, 1.0, "noon"), Mark("b", 1, 2.0, "one")]
    assert due_twice(twice) == []
    assert due_twice([*twice, Mark("c", 1, 3.0, "one")]) == ["what was due at one is ['b', 'c']"]


def test_a_process_that_is_gone_has_no_size() -> None:
    assert of_processes("web", [2**22 + 1]) == {
        "web PSS": 0.0,
        "web RSS": 0.0,
        "web descriptors": 0.0,
    }


def test_a_record_of_a_soak_that_was_ended_early_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = Record(tmp_path)
    record.add("fault", {"fault": STOP, "minute": 0.5})
    assert not report(read(tmp_path))
    assert "ended early, after 1 faults" in capsys.readouterr().out
