"""The settings of an application."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from taskrow.domain.settings import PREFIX, Settings, read_settings
from taskrow.domain.task import FINAL, Status
from taskrow.errors import SettingsError

NOW = datetime(2026, 11, 21, 7, tzinfo=UTC)
URL = "sqlite:////tmp/tasks.db"
DAY = 24 * 3600


def read(**given: Any) -> Settings:
    config = {PREFIX + name.upper(): value for name, value in given.items()}
    return read_settings(config, database_url=URL)


def kept(settings: Settings, status: Status, retention: float | None = None) -> float:
    return (settings.purge_at(status, retention, NOW) - NOW).total_seconds()


def test_only_keys_with_the_prefix_are_read() -> None:
    config = {"SECRET_KEY": "x", "TASKROW_GRACE": 1, "taskrow_x": 1}
    settings = read_settings(config, database_url=URL)
    assert (settings.grace, settings.database_url) == (1, URL)


def test_what_the_application_sets_beats_the_default() -> None:
    assert read(database_url="postgresql://h/d").database_url == "postgresql://h/d"


def test_an_unknown_key_names_the_nearest_one() -> None:
    with pytest.raises(SettingsError, match=r"'TASKROW_RETENTON' .*mean 'TASKROW_RETENTION'"):
        read(retenton=5)


WRONG = [b"x", [], {}, True, -1, float("nan"), float("inf"), 2**40, ""]
RIGHT = {"secret_headers": [], "eager": True, "join_session": True}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (field.name, value)
        for field in fields(Settings)
        for value in WRONG
        if value != RIGHT.get(field.name, "nothing")
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_by_its_key(field: str, value: object) -> None:
    with pytest.raises(SettingsError, match=f"^TASKROW_{field.upper()} must be ") as caught:
        read(**{field: value})
    assert repr(value) in str(caught.value)


@pytest.mark.parametrize("field", ["lease", "max_payload", "busy_timeout"])
def test_a_number_must_be_there(field: str) -> None:
    with pytest.raises(SettingsError, match=f"^TASKROW_{field.upper()} must be a number"):
        read(**{field: None})


def test_a_heartbeat_fits_twice_into_a_lease() -> None:
    assert read(lease=10, heartbeat=5).heartbeat == 5
    with pytest.raises(SettingsError, match="TASKROW_HEARTBEAT must be at most half"):
        read(lease=10, heartbeat=6)


def test_finished_tasks_are_kept_a_day_and_failed_ones_a_week() -> None:
    settings = read()
    assert kept(settings, Status.SUCCEEDED) == kept(settings, Status.CANCELLED) == DAY
    assert kept(settings, Status.FAILED) == 7 * DAY


def test_one_retention_covers_every_outcome() -> None:
    assert {kept(read(retention=300), status) for status in FINAL} == {300}


def test_failed_tasks_can_have_a_retention_of_their_own() -> None:
    settings = read(retention=300, retention_failed=900)
    assert [kept(settings, status) for status in (Status.SUCCEEDED, Status.FAILED)] == [300, 900]
    alone = read(retention_failed=900)
    assert [kept(alone, status) for status in (Status.SUCCEEDED, Status.FAILED)] == [DAY, 900]


def test_the_retention_of_the_function_beats_them_all() -> None:
    settings = read(retention=300, retention_failed=900)
    assert {kept(settings, status, 5.0) for status in FINAL} == {5}


def test_a_retention_of_nothing_is_a_retention() -> None:
    assert kept(read(retention=0), Status.FAILED) == 0
    assert kept(read(retention=300), Status.SUCCEEDED, 0) == 0


def test_the_longest_retention_still_gives_a_time() -> None:
    settings = read(retention=2**31 - 1)
    assert settings.purge_at(Status.FAILED, None, NOW) == NOW + timedelta(seconds=2**31 - 1)
    for more in (2**31, 2**39):
        with pytest.raises(SettingsError, match="TASKROW_RETENTION"):
            read(retention=more)


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(AttributeError):
        read().lease = 1  # type: ignore[misc]
