"""The task function of a new version: where the old one is deployed, this module is not there."""

from __future__ import annotations

import os

from tests.faults.peers.tasks import note

OLD = "PEERS_OLD"  # set in the processes of the old version

if OLD in os.environ:
    raise ModuleNotFoundError("not deployed here yet")


def of_the_new_version(mark: str) -> int:
    return note(mark)
