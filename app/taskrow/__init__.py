"""taskrow: tasks are rows. A durable task queue for Flask on SQLAlchemy."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from taskrow.public import *  # noqa: F403 - the public names are listed there
else:

    def __getattr__(name):
        """Load the public names with the first that is used.

        pytest imports taskrow.testing, and so this package, wherever it is installed: that must not
        cost every test run the import of Flask and SQLAlchemy.
        """
        if not name.startswith("_") and name in import_module("taskrow.public").__all__:
            return globals().setdefault(name, getattr(import_module("taskrow.public"), name))
        if name == "__all__":
            return import_module("taskrow.public").__all__
        raise AttributeError(f"module 'taskrow' has no attribute {name!r}")
