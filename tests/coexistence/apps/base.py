"""What the applications here have in common: settings, and something to keep a worker busy."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from flask import Flask, Response, jsonify, request

from taskrow import TaskQueue, in_worker

queue = TaskQueue()  # most of them share it, and each has its own database


def hold(gate: str) -> None:
    """Runs until the file ``gate`` is there."""
    while not Path(gate).exists():
        threading.Event().wait(0.01)


queue.task(name="hold")(hold)


def new_app(name: str, config: dict[str, Any], **options: Any) -> Flask:
    """An application with settings from the environment (FLASK_...) and from its caller."""
    app = Flask(name, **options)
    app.config.from_prefixed_env()
    app.config.from_mapping(config)
    return app


def place() -> str:
    return "worker" if in_worker() else "web"


def tell(**more: Any) -> Response:
    """An answer that says where it was made."""
    return jsonify(place=place(), path=request.path, **more)
