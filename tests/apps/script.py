"""A script that is run as it is, and that a worker imports by its name."""

from __future__ import annotations

from flask import Flask

from taskrow import TaskQueue

app = Flask(__name__)
app.config.from_prefixed_env()
queue = TaskQueue(app)


@queue.task
def greet(name: str) -> str:
    return f"hello {name}, from {__name__}"


if __name__ == "__main__":
    task = greet.delay("ada")
    print(greet.name, "->", task.get(30))
