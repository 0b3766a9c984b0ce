"""Door 1: every way to write a view becomes a task."""

from __future__ import annotations

from werkzeug.exceptions import MethodNotAllowed

from taskrow.domain.task import Status
from tests.doors.site import Site


def test_a_view_answers_202_accepted_and_where_to_look(site: Site) -> None:
    accepted = site.submit("/echo/here")
    task_id = accepted.headers["Location"].removeprefix("/status/")
    assert accepted.text == "accepted"
    assert accepted.headers["Retry-After"] == "1"
    assert site.engine.get(task_id).name == "view:views.echo"


def test_a_plain_view_runs_in_the_worker(site: Site) -> None:
    assert site.see("/echo/here")["in_worker"] is True


def test_the_imported_decorator_uses_the_queue_that_is_there(site: Site) -> None:
    assert site.ask("/imported/ada").text == "hello ada, in the worker"


def test_an_async_view_is_awaited_in_the_worker(site: Site) -> None:
    assert site.see("/async/7") == {"number": 7, "in_worker": True}


def test_one_method_of_a_view_class_is_a_task_and_the_other_is_not(site: Site) -> None:
    direct = site.app.test_client().put("/methods/7")
    assert direct.json == {"number": 7, "in_worker": False}
    assert site.see("/methods/7") == {"number": 7, "in_worker": True}


def test_methods_of_a_restful_resource_keep_their_own_marshalling(site: Site) -> None:
    made = site.ask("/rest/things/hat", "POST", json={"size": 7})
    assert (made.status_code, made.headers["X-Made"]) == (201, "hat")
    assert made.json == {"made": "hat", "of": {"size": 7}}
    assert site.see("/rest/things/hat") == {"what": "hat", "in_worker": True}
    gone = site.ask("/rest/things/hat", "DELETE")
    assert (gone.status_code, gone.data) == (204, b"")


def test_the_abort_of_a_restful_resource_is_its_answer(site: Site) -> None:
    refused = site.ask("/rest/things/conflict")
    assert (refused.status_code, refused.json) == (409, {"message": "taken"})


def test_a_blueprint_with_a_prefix_keeps_it(site: Site) -> None:
    accepted = site.submit("/own/boom")
    assert site.task_of(accepted).name == "view:own_page.boom"


def test_every_method_reaches_the_view_but_head_only_looks(site: Site) -> None:
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        assert site.see("/echo/x", method)["method"] == method
    before = site.count()
    look = site.app.test_client().head("/echo/x")
    assert (look.status_code, "Location" in look.headers) == (202, False)
    assert site.count() == before


def test_what_does_not_reach_the_view_is_no_task(site: Site) -> None:
    before, client = site.count(), site.app.test_client()
    assert client.post("/steps").status_code == MethodNotAllowed.code
    assert client.options("/steps").status_code == 200
    assert client.get("/echo/x?stop=web").text == "stopped in the web"
    assert site.count() == before


def test_hooks_and_the_decorators_around_the_view_run_in_the_worker(site: Site) -> None:
    assert site.see("/steps") == [
        "before_request in the worker",
        "the decorator above in the worker",
        "the decorator below in the worker",
    ]


def test_a_hook_can_answer_instead_of_the_view(site: Site) -> None:
    stopped = site.ask("/echo/x?stop=worker")
    assert (stopped.status_code, stopped.text) == (403, "stopped in the worker")


def test_after_request_sees_the_answer_in_the_worker_and_again_on_its_way_out(site: Site) -> None:
    assert site.submit("/steps").headers.getlist("X-After") == ["web"]
    assert site.ask("/steps").headers.getlist("X-After") == ["worker", "web"]


def test_a_view_that_answered_has_succeeded_whatever_the_code(site: Site) -> None:
    for kind in ("text", "conflict", "own response", "sorry"):
        assert site.task_of(site.submit(f"/later/{kind}")).status is Status.SUCCEEDED
