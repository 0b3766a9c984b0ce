"""The soak's own judgement: it must notice what it is for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.soak.chaos import STOP, SUPERVISOR, WORKER, Fault
from tests.soak.curves import judge, of_processes
from tests.soak.marks import Mark, begun_again, due_missed, due_twice
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


def test_the_last_of_those_that_were_hit_tells_how_soon_they_ran_again() -> None:
    marks = [Mark("a", 1, 9.0, ""), Mark("b", 3, 19.0, ""), Mark("a", 2, 10.5, "")]
    marks += [Mark("c", 2, 11.5, ""), Mark("c", 3, 12.0, "")]
    hit = Fault(WORKER, 10.0, 1, {"a": 1, "b": 2, "c": 1})  # b was lost before: it has to wait
    over = Fault(WORKER, 10.0, 1, {"d": 1})
    assert begun_again([hit, Fault(WORKER, 11.0, 2), over], marks) == [(hit, 1.5)]


def test_a_due_time_that_was_left_out_is_wrong() -> None:
    marks = [Mark("a", 1, 0.0, f"2026-11-21T07:00:{second:02d}+00:00") for second in (0, 5, 10, 20)]
    assert due_missed(marks[:3], 5) == []
    assert due_missed(marks, 5) == [
        "nothing was due between 2026-11-21 07:00:10+00:00 and 2026-11-21 07:00:20+00:00"
    ]


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


QUIET = {
    "minutes": 1.0, "accepted": 0, "refused": 9, "ended": {}, "begun more than once": 0, "kills": 0,
    "hits": 0, "faults": {}, "chores": {}, "due times": 0, "wrongs": [], "curves": [],
}  # fmt: skip


def test_a_soak_in_which_nothing_happened_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Record(tmp_path).add("verdict", QUIET)
    assert not report(read(tmp_path))
    said = capsys.readouterr().out
    assert "FAIL most submits were accepted" in said
    assert said.count("NOT JUDGED") == 2


def test_a_supervisors_kill_counts_as_much_as_that_of_a_whole_worker(tmp_path: Path) -> None:
    record = Record(tmp_path)
    record.add("verdict", QUIET | {"accepted": 10, "kills": 1})
    assert report(read(tmp_path))
    record.add("again", {"fault": SUPERVISOR, "seconds": 3.0, "minute": 0.1})
    assert not report(read(tmp_path))
