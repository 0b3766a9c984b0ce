"""The doors with Flask's debug mode on, as ``flask --debug run`` has it."""

from __future__ import annotations

from tests.apps.doors import create_app

app = create_app(DEBUG=True)
