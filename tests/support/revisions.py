"""Databases as an older taskrow left them, and as a newer one will."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from taskrow.storage.schema import migrations


def migrate(connection: Connection, revision: str, scripts: Path | None = None) -> None:
    """Bring the tables to a revision of our migrations, or of others. No views are made."""
    config = Config()
    config.set_main_option("script_location", str(scripts or migrations()))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
