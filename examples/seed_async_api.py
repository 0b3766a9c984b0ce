"""The script that people paste to run a slow API call in the background, with taskrow in it.

Its own thread, dict, clean-up and status class are gone; the import of ``async_api`` came. What it
answers is the same, and survives a restart of the web server, of the worker and of the machine:

    flask --app seed_async_api run                # one shell
    taskrow --app seed_async_api worker           # another
    curl -i http://127.0.0.1:5000/some/path       # 202 accepted, Location: /status/<id>
    curl -i http://127.0.0.1:5000/status/<id>     # 202 until it is done, then its answer
"""

from __future__ import annotations

import os
import time

from flask import Flask
from flask_restful import Api, Resource

from taskrow import async_api

app = Flask(__name__)
api = Api(app)

SECONDS = float(os.environ.get("SEED_SECONDS", "10"))


class CatchAll(Resource):
    @async_api
    def get(self, path=""):
        # perform some intensive processing
        print("starting processing task, path: '%s'" % path)
        time.sleep(SECONDS)
        print("completed processing task, path: '%s'" % path)
        return f"The answer is: {path}"


api.add_resource(CatchAll, "/<path:path>", "/")


if __name__ == "__main__":
    app.run(debug=True)
