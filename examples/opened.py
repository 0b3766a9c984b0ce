"""An application that opens ``/tasks``: users list, submit and cancel what is their own.

    flask --app opened run           # one shell
    taskrow --app opened worker      # another
    curl -i -H 'Authorization: Bearer ann-secret' --json '{"name": "add", "args": [1, 2]}' \\
        http://127.0.0.1:5000/tasks
"""

from __future__ import annotations

from flask import Flask

from taskrow import TaskQueue

app = Flask(__name__)
app.config["SECRET_KEY"] = "change me"
queue = TaskQueue(app)

USERS = {"Bearer ann-secret": "ann", "Bearer bob-secret": "bob", "Bearer root-secret": "root"}


@queue.owner
def owner(request):
    return USERS.get(request.headers.get("Authorization"))  # None: nobody's


@queue.access
def access(request, verb):
    user = owner(request)
    if user == "root":
        return "all"
    return "own" if user and verb in ("list", "submit", "cancel") else None  # no "retry", "logs"


@queue.task(http=True, name="add")  # without http=True nobody can submit it by name
def add(a, b):
    return a + b
