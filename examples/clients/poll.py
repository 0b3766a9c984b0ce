"""Wait for what comes of a task: ``python poll.py http://localhost:5000/tasks/<id>/result``."""

from __future__ import annotations

import sys
import time
from urllib.error import HTTPError
from urllib.request import urlopen


def answer_of(url):
    while True:
        try:
            answer = urlopen(url, timeout=60)
        except HTTPError as error:  # an answer too: a view's own 404, a task that failed
            answer = error
        if "AsyncResult" in answer.headers or answer.status not in (202, 503):
            return answer
        time.sleep(int(answer.headers.get("Retry-After", 1)))


if __name__ == "__main__":
    answer = answer_of(sys.argv[1])
    print(answer.status, answer.headers.get("AsyncResult", "-"), answer.read().decode())
