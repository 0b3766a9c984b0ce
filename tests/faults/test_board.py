"""The scoreboard: each of its cases holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults import conftest
from tests.faults.__main__ import OF, read_options
from tests.faults.board import Case, all_cases
from tests.faults.clients import clients
from tests.faults.needs import Unavailable
from tests.faults.scene import scene


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "case", all_cases(), ids=lambda case: f"{case.number}-{case.play.__name__}"
)
def test_survived(case: Case, tmp_path: Path) -> None:
    with scene(tmp_path) as here:
        case.play(here)


def test_there_are_forty() -> None:
    assert [case.number for case in all_cases()] == list(range(1, OF + 1))


@pytest.mark.parametrize(
    ("in_ci", "outcome"), [(True, Unavailable), (False, pytest.skip.Exception)]
)
def test_what_cannot_be_tried_is_skipped_but_not_in_ci(
    monkeypatch: pytest.MonkeyPatch, in_ci: bool, outcome: type[BaseException]
) -> None:
    monkeypatch.setattr(conftest, "MUST_NOT_SKIP", in_ci)
    call = conftest.pytest_runtest_call()
    next(call)
    with pytest.raises(outcome, match="a thing"):
        call.throw(Unavailable("it needs a thing"))


def test_a_number_that_no_case_has_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        read_options(["--only", "1", "99"])
    assert ended.value.code == 2
    assert "there is no case 99: they have the numbers 1 to 40" in capsys.readouterr().err


def test_what_a_client_raises_reaches_the_case() -> None:
    def ask() -> None:
        raise ValueError("refused")

    with pytest.raises(ValueError, match="refused"), clients(ask):
        pass
