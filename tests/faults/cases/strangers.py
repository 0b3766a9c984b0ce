"""Clients that look where they may not, forge what others send, and send scripts."""

from __future__ import annotations

import json
from typing import Any

from tests.conformance.client import ask, post, task_id
from tests.doors.http import Answer
from tests.faults.board import case
from tests.faults.scene import APP, Scene, Web

_CLOSED = "tests.faults.closed"
_SCRIPT = "<script>alert(1)</script>"
_JSON = ("application/json", "application/problem+json")


@case(40, "nobody asked, ids are guessed, data is hostile", expected="401/403, 404, escaped")
def strangers(scene: Scene) -> str:
    refusing = scene.web()
    doors = _closed_doors(refusing, task_id(refusing.submit()))
    guesses = _guessed(refusing, task_id(refusing.submit()))
    refusing.process.end_group()
    closed = scene.web(app=_CLOSED)
    doors += _of_a_closed_application(scene, closed)
    forged = _forged(scene, closed)
    closed.process.end_group()
    answers = _hostile_data(scene)
    return (
        f"{doors} closed doors, {guesses} guesses, {forged} forged forms; in {answers} answers a "
        "script comes back as JSON alone"
    )


def _closed_doors(web: Web, real: str, **headers: str) -> int:
    """Nobody lists, submits by name, cancels or retries; how many doors were tried."""
    told = {name.replace("_", "-"): text for name, text in headers.items()}
    doors = [("GET", "/tasks"), ("POST", "/tasks"), ("DELETE", f"/tasks/{real}")]
    doors += [("POST", f"/tasks/{real}/{verb}") for verb in ("cancel", "retry")]
    seen = {door: ask(*_at(web, door), b"{}", told | _IS_JSON).status for door in doors}
    assert set(seen.values()) <= {401, 403}, seen
    return len(seen)


_IS_JSON = {"Content-Type": "application/json"}


def _at(web: Web, door: tuple[str, str]) -> tuple[str, str]:
    verb, path = door
    return verb, f"{web.base}{path}"


def _guessed(web: Web, real: str) -> int:
    """Ids near a real one; how many were tried."""
    last = int(real[-12:], 16)
    near = [f"{real[:-12]}{(last + step) % 16**12:012x}" for step in (-1, 1, 2, 1000)]
    seen = {one: ask("GET", f"{web.base}/tasks/{one}").status for one in (*near, "1", "0")}
    assert set(seen.values()) == {404}, seen
    return len(seen)


# -- nothing was opened ----------------------------------------------------------------------------


def _of_a_closed_application(scene: Scene, web: Web) -> int:
    """Its owner sees a task but for its logs, others do not, and nobody changes it."""
    worker = scene.worker("--runners", "1", app=_CLOSED)
    mine = task_id(post(f"{web.base}/view", _SCRIPT.encode(), X_Owner="me"))
    assert scene.final(mine).status == "succeeded"
    assert worker.stop() == 0
    assert [_SCRIPT in one.text for one in scene.engine.attempt_logs(mine)] == [True]
    paths = (f"/status/{mine}", f"/tasks/{mine}", f"/tasks/{mine}/result")
    told = [ask("GET", f"{web.base}{path}", headers={"X-Owner": "me"}) for path in paths]
    assert [answer.status for answer in told[:2]] == [201, 200]
    assert told[1].json["logs"] is None, "what its task logged is shown to a client"
    for who in ({"X-Owner": "another"}, {}):
        seen = [ask("GET", f"{web.base}{path}", headers=who).status for path in paths]
        assert set(seen) == {404}, seen
    doors = sum(_closed_doors(web, mine, **who) for who in ({"X_Owner": "me"}, {}))
    task = scene.task(mine)
    assert (task.status, task.attempt) == ("succeeded", 1)
    return doors + 2 * len(paths) + 1


def _forged(scene: Scene, web: Web) -> int:
    """Forms without the token of their own session are refused, without a row; how many."""
    (cookie, token), (_, another) = _session(web), _session(web)
    before = scene.count()
    origin = {"Cookie": cookie, "Origin": "https://elsewhere.example"}
    forgeries = [origin | given for given in ({}, {_TOKEN: another}, {_TOKEN: "x"})]
    seen = [ask("POST", f"{web.base}/form", b"", headers).status for headers in forgeries]
    assert set(seen) == {400}, seen
    assert scene.count() == before
    own = {"Cookie": cookie, _TOKEN: token}
    assert ask("POST", f"{web.base}/form", b"", own).status == 202
    assert scene.count() == before + 1
    return len(seen)


_TOKEN = "X-CSRFToken"


def _session(web: Web) -> tuple[str, str]:
    """The cookie of a new session, and its token."""
    answer = ask("GET", f"{web.base}/token")
    return str(answer.headers["Set-Cookie"]).partition(";")[0], answer.text


# -- what others sent ------------------------------------------------------------------------------


def _hostile_data(scene: Scene) -> int:
    """A script in arguments, queue, progress, logs, error and result is told as JSON alone."""
    web = scene.web({"FAULTS_OPEN": "1"})
    scene.worker("--runners", "1")
    echoed, waiting = _submit(web, "echo"), _submit(web, "echo", queue=_SCRIPT)
    shouted = scene.submit("shout", _SCRIPT)
    assert scene.final(echoed).status == "succeeded"
    assert scene.final(shouted).status == "failed"
    documents = {one: _get(web, f"/tasks/{one}").json for one in (echoed, waiting, shouted)}
    assert documents[echoed]["result"] == [_SCRIPT]
    assert documents[waiting]["queue"] == _SCRIPT
    failed = documents[shouted]
    assert failed["error"]["message"] == failed["progress"]["status"] == _SCRIPT
    assert _SCRIPT in failed["logs"][0]["text"]
    assert _get(web, f"/status/{shouted}").json["status"] == _SCRIPT
    paths = ["/tasks", f"/tasks?queue={_SCRIPT}", f"/tasks/{_SCRIPT}", f"/status/{_SCRIPT}"]
    for one in documents:
        paths += [f"/status/{one}", f"/tasks/{one}", f"/tasks/{one}/result"]
    for path in paths:
        _must_be_json(_get(web, path))
    return len(paths)


def _submit(web: Web, name: str, **options: Any) -> str:
    """A task with a script as its argument, by name over HTTP."""
    call = {"name": f"{APP}.{name}", "args": [[_SCRIPT]]} | options
    return task_id(ask("POST", f"{web.base}/tasks", json.dumps(call).encode(), _IS_JSON))


def _get(web: Web, path: str) -> Answer:
    return ask("GET", f"{web.base}{path}", headers={"Accept": "text/html"})


def _must_be_json(answer: Answer) -> None:
    """A browser shows it as text, whatever is in it; an error page says nothing of it."""
    kind = answer.headers["Content-Type"].split(";")[0]
    assert kind in _JSON or _SCRIPT not in answer.text, (kind, answer.text)
    assert kind in _JSON or answer.status == 404, (kind, answer.status)
