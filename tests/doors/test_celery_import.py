"""The Celery example as its author wrote it, but for the import: it runs as it did."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from taskrow.domain.task import Status
from taskrow.engine.queue import QueueEngine
from tests.doors.http import get, request
from tests.doors.site import soon
from tests.doors.test_celery_example import FOLDER, submitted
from tests.support.processes import ProcessFactory

OURS = "from taskrow import TaskQueue\n", "celery = TaskQueue(app)\n"
ITS_AUTHORS = (
    "from celery import Celery\n",
    'celery = Celery(app.name, broker=app.config["CELERY_BROKER_URL"])\n'
    "celery.conf.update(app.config)\n",
)


@pytest.fixture
def app_file(tmp_path: Path) -> str:
    """The example with its author's two lines back in it, and ``taskrow.`` before ``celery``."""
    folder = tmp_path / "example"
    shutil.copytree(FOLDER, folder)
    text = (folder / "app.py").read_text()
    for ours, original in zip(OURS, ITS_AUTHORS, strict=True):
        assert ours in text
        text = text.replace(ours, original)
    ported = text.replace("from celery import", "from taskrow.celery import")
    changed = [line for line in ported.splitlines() if line not in text.splitlines()]
    assert changed == ["from taskrow.celery import Celery"]
    (folder / "app.py").write_text(ported)
    return str(folder / "app.py")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_it_runs_with_nothing_but_its_import_changed(
    engine: QueueEngine, start: ProcessFactory, app_file: str
) -> None:
    _, url = start.web(app=app_file)
    accepted = request("POST", f"{url}/longtask")
    assert (accepted.status, accepted.json) == (202, {})
    where = url + accepted.headers["Location"]
    pending = {"state": "PENDING", "current": 0, "total": 1, "status": "Pending..."}
    assert get(where).json == pending

    worker = start.worker("--runners", "2", app=app_file, env={"FLASK_STEP_SECONDS": "0.02"})
    progress = soon(lambda: told if (told := get(where).json)["total"] > 1 else None)
    assert progress["state"] == "PROGRESS"
    done = soon(lambda: told if (told := get(where).json)["state"] != "PROGRESS" else None)
    assert (done["state"], done["result"]) == ("SUCCESS", 42)

    form = b"email=ada%40example.com&submit=Send"
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert request("POST", f"{url}/", body=form, headers=kind).status == 302
    worker.wait_for("To: ada@example.com")
    [mail] = submitted(engine, "send_async_email")
    soon(lambda: engine.get(mail.id).status is Status.SUCCEEDED or None)
    assert "there is no broker, so these keys mean nothing: broker_url, result_backend" in (
        worker.output()
    )
    assert "SECRET_KEY" not in worker.output()
