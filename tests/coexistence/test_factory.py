"""The application factory pattern, and the smallest application of all."""

from __future__ import annotations

from pathlib import Path

from tests.coexistence.apps.factory.reports import count
from tests.coexistence.site import Site, Visitor, make_app, open_site
from tests.doors.site import soon

APP = "tests.coexistence.apps.factory:create_app"
NAME = "tests.coexistence.apps.factory"


def test_a_view_of_a_blueprint_is_a_task(visitor: Visitor) -> None:
    assert visitor.see("/reports/2026") == {"year": 2026, "in_worker": True, "app": NAME}
    assert visitor.see("/reports/bare/2026") == {"year": 2026, "in_worker": True}


def test_a_task_function_has_the_application_around_it(site: Site, visitor: Visitor) -> None:
    url = visitor.open("/reports/count/a%20b%20c", "POST").headers["Location"]
    done = soon(lambda: seen if (seen := visitor.open(url).json or {}).get("result") else None)
    assert done["result"] == {"words": 3, "app": NAME}


def test_the_factory_may_be_called_again_in_the_same_process(site: Site, tmp_path: Path) -> None:
    """As tests do: each application submits to its own database."""
    second = make_app(APP, f"sqlite:///{tmp_path / 'second.db'}")
    with second.app_context():
        there = count.delay("a")
    with site.app.app_context():
        here = count.delay("b c")
        assert here.get(20) == {"words": 2, "app": NAME}
    assert site.app.test_client().get(f"/tasks/{there.id}").status_code == 404
    assert second.test_client().get(f"/tasks/{there.id}").status_code == 200
    second.extensions["taskrow"].close()


def test_the_decorator_alone_is_enough(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'tasks.db'}"
    with open_site("tests.coexistence.apps.bare:create_app", tmp_path, url) as site:
        assert site.visitor().ask("/hello/ada").text == "hello ada, in the worker"
