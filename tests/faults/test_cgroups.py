"""Groups of either version are made of what is mounted; or it is said what is missing.

That the kernel keeps their limits: case 16.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.cgroups import join, make_group
from tests.faults.needs import Unavailable


@pytest.fixture
def second(tmp_path: Path) -> Path:
    """What looks like the root of version 2."""
    place = tmp_path / "unified"
    place.mkdir()
    (place / "cgroup.controllers").write_text("cpu io memory pids\n")
    (place / "cgroup.subtree_control").write_text("cpu pids\n")
    return place


def mounts(place: Path, kind: str, options: str = "rw") -> str:
    return f"proc /proc proc rw 0 0\ncgroup {place} {kind} {options} 0 0\n"


def test_in_version_1_it_has_its_limit(tmp_path: Path) -> None:
    group = make_group(1000, mounts(tmp_path, "cgroup", "rw,memory"))
    assert (group / "memory.limit_in_bytes").read_text() == "1000"
    join(group, 42)
    assert (group / "cgroup.procs").read_text() == "42"


def test_in_version_2_the_controller_is_switched_on_below(second: Path) -> None:
    group = make_group(1000, mounts(second, "cgroup2"))
    assert (second / "cgroup.subtree_control").read_text() == "+memory"
    assert (group / "memory.max").read_text() == "1000"


def test_in_version_2_what_is_on_is_left_alone(second: Path) -> None:
    (second / "cgroup.subtree_control").write_text("cpu memory\n")
    make_group(1000, mounts(second, "cgroup2"))
    assert (second / "cgroup.subtree_control").read_text() == "cpu memory\n"


def test_beside_version_2_without_the_controller_version_1_is_taken(
    second: Path, tmp_path: Path
) -> None:
    (second / "cgroup.controllers").write_text("hugetlb\n")
    both = mounts(second, "cgroup2") + mounts(tmp_path, "cgroup", "rw,memory")
    assert (make_group(1000, both) / "memory.limit_in_bytes").exists()


def test_it_says_what_is_missing(second: Path, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="none is mounted"):
        make_group(1000, mounts(tmp_path, "cgroup", "rw,cpu"))
    with pytest.raises(Unavailable, match="needs root, and a group below"):
        make_group(1000, mounts(tmp_path / "gone", "cgroup", "rw,memory"))
    (second / "cgroup.controllers").write_text("cpu\n")
    with pytest.raises(Unavailable, match="none is mounted"):
        make_group(1000, mounts(second, "cgroup2"))
