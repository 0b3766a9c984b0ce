"""The whole of an upgrade under way: each pair of versions works together for a while."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.upgrades.site import site
from tests.upgrades.versions import Version


@dataclass
class Seen:
    """What came of it. ``tasks``: how many there were; ``told``: what the old worker logged."""

    tasks: int
    wrongs: list[str]
    told: str


def play(directory: Path, url: str, old: Version, new: Version) -> Seen:
    """Upgrade a database from ``old`` to ``new`` while web processes and workers use it.

    It has the tables of ``old``, and others beside.
    """
    with site(directory, url) as here:
        here.make_effects()
        here.web(old)
        old_worker = here.worker(old)
        here.go_on()
        here.submit_for_later(old, 1.0)
        here.upgrade(new)
        here.go_on(40)  # the old web process and the old worker, on new tables
        here.web(new)
        here.go_on()  # the new web process beside the old one, for the old worker
        here.worker(new)
        here.go_on()
        assert old_worker.stop() == 0, old_worker.output()
        here.go_on()  # both web processes, for the new worker
        return Seen(wrongs=here.wrongs(), tasks=here.tasks, told=old_worker.output())
