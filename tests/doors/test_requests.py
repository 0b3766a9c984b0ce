"""Door 1: what the client sent is what the view sees, in the worker as in the web."""

from __future__ import annotations

import io
from typing import Any

import pytest

from tests.doors.site import MAX_BODY, Site

TOKEN = "planted-5b1d1e0c"


def test_path_and_query_arrive_with_every_value(site: Site) -> None:
    seen = site.see("/echo/a/b?x=1&x=2&empty=&y=%C3%BC%26")
    assert (seen["rest"], seen["path"]) == ("a/b", "/echo/a/b")
    assert seen["args"] == {"x": ["1", "2"], "empty": [""], "y": ["ü&"]}
    assert seen["url"] == "http://localhost/echo/a/b?x=1&x=2&empty=&y=ü%26"


@pytest.mark.parametrize(
    ("sent", "seen"),
    [
        ("what%3Fnot", "what?not"),
        ("a%23b", "a#b"),
        ("100%25", "100%"),
        ("a%2541", "a%41"),
        ("s%C3%BC%C3%9F", "süß"),
        ("a%20b+c", "a b+c"),
        ("a;b=c:d@e", "a;b=c:d@e"),
        ("x%09y%0D", "x\ty\r"),
        ("http://other/x", "http://other/x"),
    ],
)
def test_a_path_arrives_as_it_was_whatever_is_in_it(site: Site, sent: str, seen: str) -> None:
    assert site.see(f"/echo/{sent}")["rest"] == seen


def test_a_path_with_a_nul_is_refused_and_no_row(site: Site) -> None:
    before = site.count()
    refused = site.app.test_client().post("/echo/nul%00nul")
    assert (refused.status_code, refused.mimetype) == (400, "application/problem+json")
    assert site.count() == before


def test_a_query_that_is_not_escaped_arrives_as_it_was(site: Site) -> None:
    raw = "q=süß".encode().decode("latin-1")  # what a WSGI server hands over for raw bytes
    seen = site.see("/echo/x", environ_overrides={"QUERY_STRING": raw})
    assert seen["args"] == {"q": ["süß"]}


def test_a_json_body_arrives(site: Site) -> None:
    body = {"n": 1, "deep": [{"s": "süß \U0001f600", "nul": "\0"}]}
    assert site.see("/echo/x", "POST", json=body)["json"] == body


def test_a_form_arrives_with_every_value(site: Site) -> None:
    seen = site.see("/echo/x", "POST", data={"a": ["1", "2"], "b": "ü"})
    assert seen["form"] == {"a": ["1", "2"], "b": ["ü"]}


def upload() -> dict[str, Any]:
    return {"note": "ü", "paper": (io.BytesIO(b"line\r\n--line"), "p.txt", "text/plain")}


def test_uploaded_files_arrive(site: Site) -> None:
    seen = site.see("/echo/x", "POST", data=upload())
    assert seen["form"] == {"note": ["ü"]}
    assert seen["files"] == {"paper": ["p.txt", "line\r\n--line"]}


def test_a_form_arrives_though_a_hook_has_read_it_before(site: Site) -> None:
    seen = site.see("/echo/x?read-form", "POST", data={"a": ["1", "2"], "b": "ü&="})
    assert seen["form"] == {"a": ["1", "2"], "b": ["ü&="]}


def test_uploaded_files_arrive_though_a_hook_has_read_them_before(site: Site) -> None:
    seen = site.see("/echo/x?read-form", "POST", data=upload())
    assert seen["form"] == {"note": ["ü"]}
    assert seen["files"] == {"paper": ["p.txt", "line\r\n--line"]}


def test_raw_bytes_arrive_untouched(site: Site) -> None:
    body = bytes(range(256)) * 4
    seen = site.see("/echo/x", "PUT", data=body, content_type="application/x-thing")
    assert seen["body"] == body.hex()


def test_a_body_without_a_length_arrives(site: Site) -> None:
    seen = site.see("/echo/x", "POST", **chunked(b"piece by piece"))
    assert bytes.fromhex(seen["body"]) == b"piece by piece"


def test_headers_and_the_address_of_the_client_arrive(site: Site) -> None:
    headers = [("X-One", "1"), ("Accept-Language", "de"), ("X-Odd", "caf\xe9")]
    seen = site.see("/echo/x", headers=headers, environ_overrides={"REMOTE_ADDR": "198.51.100.7"})
    assert {tuple(pair) for pair in seen["headers"]} >= set(headers)
    assert seen["remote_addr"] == "198.51.100.7"


def test_urls_are_right_below_a_prefix_and_on_another_host(site: Site) -> None:
    accepted = site.submit("/echo/x", base_url="https://ex.org:8443/mounted")
    assert accepted.headers["Location"].startswith("/mounted/status/")
    seen = site.answer(accepted).get_json()
    assert seen["url"] == "https://ex.org:8443/mounted/echo/x"
    assert seen["external"] == "https://ex.org:8443/mounted/echo/there"


def test_a_client_cannot_pretend_to_be_the_worker(site: Site) -> None:
    headers = {"taskrow.in_worker": "1", "Taskrow-In-Worker": "1"}
    assert site.submit("/echo/x", headers=headers).text == "accepted"


def test_the_credentials_of_a_proxy_are_not_the_views(site: Site) -> None:
    seen = site.see("/echo/x", headers={"Proxy-Authorization": f"Basic {TOKEN}"})
    assert "Proxy-Authorization" not in dict(seen["headers"])


@pytest.mark.parametrize("size", [MAX_BODY + 1, 50 * MAX_BODY])
@pytest.mark.parametrize("declared", [True, False], ids=["declared", "chunked"])
def test_a_body_over_the_limit_is_413_and_no_row(site: Site, size: int, declared: bool) -> None:
    before, body = site.count(), b"x" * size
    options: dict[str, Any] = {"data": body} if declared else chunked(body)
    refused = site.app.test_client().post("/echo/x", **options)
    assert refused.status_code == 413
    assert site.count() == before


def test_a_body_just_within_the_limit_is_taken(site: Site) -> None:
    body = b"y" * (MAX_BODY // 4)
    assert site.see("/echo/x", "POST", data=body)["body"] == body.hex()


def chunked(body: bytes) -> dict[str, Any]:
    """What a WSGI server hands over for a chunked body: no length, and a stream that ends."""
    return {"input_stream": io.BytesIO(body), "environ_overrides": {"wsgi.input_terminated": True}}
