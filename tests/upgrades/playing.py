"""The whole of an upgrade under way: each pair of versions works together for a while."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.upgrades.killing import Kills, kill_in_use
from tests.upgrades.site import site
from tests.upgrades.versions import Version


@dataclass
class Seen:
    """What came of it. ``tasks``: how many there were; ``kills``: of upgrades before the one."""

    tasks: int
    wrongs: list[str]
    kills: Kills | None


def play(
    directory: Path, url: str, old: Version, new: Version, *, kill_every: int | None = None
) -> Seen:
    """Upgrade a database from ``old`` to ``new`` while web processes and workers use it.

    It has the tables of ``old``, and others beside. ``kill_every``: upgrades that are killed at
    every so many-th operation come first; for the next version alone.
    """
    kills = None
    with site(directory, url) as here:
        here.make_effects()
        here.web(old)
        old_worker = here.worker(old)
        here.go_on()
        if kill_every is not None:
            kills = kill_in_use(directory, url, new, every=kill_every)
            here.go_on()
        here.submit_for_later(old, 1.0)
        here.upgrade(new)
        here.go_on(20)  # the old web process and the old worker, on new tables
        here.web(new)
        here.go_on()  # the new web process beside the old one, for the old worker
        here.worker(new)
        here.go_on()
        assert old_worker.stop() == 0, old_worker.output()
        here.go_on()  # both web processes, for the new worker
        return Seen(wrongs=here.wrongs(), tasks=here.tasks, kills=kills)
