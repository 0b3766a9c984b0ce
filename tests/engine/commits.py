"""The table of effects that the commit tests count, and how they wait."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import select

from taskrow.engine.queue import QueueEngine
from tests.apps.commits import Base, Effect

APP = "tests.apps.commits:app"


def make_effects(engine: QueueEngine) -> None:
    """The user's table, in taskrow's database."""
    engine.database.write(Base.metadata.create_all)


def effects(engine: QueueEngine) -> Counter[str]:
    """How often each task had its effect."""
    with engine.database.read() as connection:
        return Counter(connection.execute(select(Effect.task)).scalars().all())
