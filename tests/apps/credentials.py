"""A view that is told secrets, and tells only that it knows them."""

from __future__ import annotations

import threading
from hashlib import sha256
from pathlib import Path

from flask import Flask, request

from taskrow import TaskQueue

NAMES = ("Authorization", "Cookie", "X-Api-Key")

app = Flask(__name__)
app.config["SECRET_KEY"] = "the key of this application"
app.config.from_prefixed_env()
queue = TaskQueue(app)


def proof(secrets: dict[str, str]) -> str:
    return sha256("\n".join(secrets[name] for name in NAMES).encode()).hexdigest()


@app.post("/prove")
@queue.async_api
def prove() -> str:
    while not Path(request.args["gate"]).exists():
        threading.Event().wait(0.01)
    if "fail" in request.args:
        raise RuntimeError("asked to")
    return proof({name: request.headers[name] for name in NAMES})
