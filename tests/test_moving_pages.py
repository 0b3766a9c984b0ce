"""docs/from-*.md: the code on them is run, by a web process and a worker, not only shown."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from taskrow.domain.settings import Settings
from taskrow.domain.task import Status
from taskrow.engine.queue import QueueEngine
from taskrow.engine.registry import Registry
from taskrow.storage import queries
from tests.support.pages import DOCS, code_of, links_of, rows_of
from tests.support.processes import ProcessFactory

PAGES = sorted(DOCS.glob("from-*.md"))
NAMES = [page.stem for page in PAGES]
VISIT = """
import json
import page

answers = {}
for rule in page.app.url_map.iter_rules():
    own = rule.endpoint != "static" and not rule.endpoint.startswith("taskrow.")
    if own and not rule.arguments:
        answer = page.app.test_client().get(rule.rule)
        answers[rule.rule] = [answer.status_code, answer.get_json()]
print(json.dumps(answers))
"""


def test_there_is_a_page_for_each_of_those_that_people_come_from() -> None:
    assert NAMES == ["from-celery", "from-executor", "from-huey", "from-rq"]


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_its_code_answers_in_the_web_and_succeeds_in_a_worker(
    page: Path, database_url: str, tmp_path: Path, start: ProcessFactory
) -> None:
    code = code_of(page).replace(
        "app = Flask(__name__)\n", "app = Flask(__name__)\napp.config.from_prefixed_env()\n"
    )
    (tmp_path / "page.py").write_text(code)
    (tmp_path / "visit.py").write_text(VISIT)
    visit = start.start("visit", log="visit", env={"PYTHONPATH": str(tmp_path)})
    assert visit.process.wait(60) == 0, visit.output()
    answers = json.loads(visit.output().splitlines()[-1])
    assert answers
    assert all(status in (200, 202) for status, _ in answers.values()), answers

    engine = QueueEngine(Settings(database_url=database_url), Registry())
    worker = start.worker("--runners", "2", app="page:app", env={"PYTHONPATH": str(tmp_path)})
    with engine.database.read() as connection:
        submitted = queries.list_tasks(connection)
    assert submitted
    for task in submitted:
        ended = engine.watcher.wait(task.id, 60)
        assert ended is not None
        assert ended.status is Status.SUCCEEDED, (ended, worker.output())
    engine.close()


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_what_its_tables_import_can_be_imported(page: Path, tmp_path: Path) -> None:
    cells = [cell for row in rows_of(page) for cell in row[1:]]
    lines = [line for cell in cells for line in re.findall(r"`(from taskrow[^`]*)`", cell)]
    code = "\n".join(lines)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_row_of_its_tables_is_whole_and_its_links_lead_somewhere(page: Path) -> None:
    for row in rows_of(page):
        assert len(row) in (2, 3), row
    for link in links_of(page):
        assert (DOCS / link).exists(), link
