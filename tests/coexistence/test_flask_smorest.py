"""flask-smorest: schemas, its format of errors and its OpenAPI document, above ours or below."""

from __future__ import annotations

import pytest

from tests.coexistence.site import Site, Visitor

APP = "tests.coexistence.apps.smorest:create_app"
PET = {"id": 7, "name": "dog", "made_in": "worker"}


@pytest.mark.parametrize("url", ["/pets/", "/pets/below"], ids=["above", "below"])
def test_an_answer_goes_through_its_schema(visitor: Visitor, url: str) -> None:
    accepted = visitor.submit(url, "POST", json={"name": "dog"})
    assert accepted.text == "accepted"
    made = visitor.answer(accepted)
    assert (made.status_code, made.json) == (201, PET)


def test_each_method_is_a_task_of_its_own(site: Site, visitor: Visitor) -> None:
    assert visitor.see("/pets/?name=dog") == [PET]
    task = site.task_of(visitor.submit("/pets/", "POST", json={"name": "dog"}))
    assert (task.name, task.priority) == ("view:pets.Pets.post", 2)


def test_a_plain_function_is_one_too(visitor: Visitor) -> None:
    assert visitor.see("/pets/plain") == PET


def test_wrong_arguments_are_refused_at_once_where_the_schema_stands_above(
    site: Site, visitor: Visitor
) -> None:
    before = site.count()
    refused = visitor.open("/pets/", "POST", json={"colour": "red"})
    assert (refused.status_code, site.count()) == (422, before)
    assert refused.json is not None
    assert set(refused.json["errors"]["json"]) == {"name", "colour"}


def test_wrong_arguments_are_the_answer_where_the_schema_stands_below(visitor: Visitor) -> None:
    refused = visitor.ask("/pets/below", "POST", json={"colour": "red"})
    assert refused.status_code == 422
    assert refused.json is not None
    assert (refused.json["code"], refused.json["status"]) == (422, "Unprocessable Entity")
    assert set(refused.json["errors"]["json"]) == {"name", "colour"}


@pytest.mark.parametrize("url", ["/pets/", "/pets/below"], ids=["above", "below"])
def test_an_abort_has_its_format(visitor: Visitor, url: str) -> None:
    refused = visitor.ask(url, "POST", json={"name": "cat"})
    assert refused.status_code == 409
    assert refused.json == {
        "code": 409,
        "status": "Conflict",
        "message": "there is a cat",
        "errors": {"made_in": "worker"},
    }


def test_what_taskrow_refuses_has_its_format_too(visitor: Visitor) -> None:
    """flask-smorest handles every HTTP error of an application, and so ours."""
    unknown = visitor.open("/status/nothing")
    assert unknown.status_code == 404
    assert unknown.json is not None
    assert (unknown.json["code"], unknown.json["status"]) == (404, "Not Found")


def test_its_openapi_document_tells_of_the_answer_and_of_the_202(visitor: Visitor) -> None:
    document = visitor.open("/openapi-pets.json").get_json()
    for path in ("/pets/", "/pets/below"):
        operation = document["paths"][path]["post"]
        assert operation["responses"].keys() >= {"201", "202", "422"}
        assert "#/components/schemas/Pet" in str(operation["requestBody"])
