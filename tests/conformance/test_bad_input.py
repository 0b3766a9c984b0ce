"""Whatever comes over the wire is answered with a 4xx, makes no row, and the server goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.conformance.client import ask
from tests.conformance.conftest import MAX_BODY, House
from tests.conformance.raw import Reply, head, send, with_body
from tests.conformance.servers import Server

HUNG_UP = 0
JSON = "Content-Type: application/json"
MULTIPART = "Content-Type: multipart/form-data; boundary=xyz"
CHUNKED = "Transfer-Encoding: chunked"
PART = b'--xyz\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'


@pytest.fixture(autouse=True)
def _nothing_happened(house: House, server: Server) -> Iterator[None]:
    """No row was made, and the server still answers."""
    before, said = house.count(), len(server.process.output())
    yield
    assert house.count() == before
    assert ask("GET", f"{server.base}/now/created").status == 201
    assert "Traceback" not in server.process.output()[said:]


def refused(reply: Reply, *codes: int) -> None:
    """With one of these codes, or any 4xx; where the application was asked, as a problem."""
    assert reply.status in codes if codes else 400 <= reply.status < 500, reply
    if reply.is_problem:
        assert reply.json["status"] == reply.status


def told(reply: Reply, code: int, kind: str) -> None:
    """The application itself refused, and said why."""
    assert reply.is_problem, reply
    assert (reply.status, reply.json["type"]) == (code, f"urn:taskrow:problem:{kind}")


MULTIPARTS = {
    "no end": PART,
    "nothing but text": b"hello",
    "another boundary": PART.replace(b"xyz", b"abc") + b"--abc--\r\n",
    "an end alone": b"xyz--",
    "empty": b"",
    "a part without a name": b"--xyz\r\nnonsense\r\n\r\n1\r\n--xyz--\r\n",
    "a part without headers": b"--xyz\r\n\r\n1\r\n--xyz--\r\n",
    "cut": (PART + b"--xyz--\r\n")[:20],
}


@pytest.mark.parametrize("body", MULTIPARTS.values(), ids=MULTIPARTS)
def test_a_broken_multipart_body(server: Server, body: bytes) -> None:
    told(send(server.port, with_body("/echo", body, MULTIPART)), 400, "bad-multipart")


def test_a_multipart_body_without_a_boundary(server: Server) -> None:
    whole = with_body("/echo", PART + b"--xyz--\r\n", "Content-Type: multipart/form-data")
    told(send(server.port, whole), 400, "bad-multipart")


@pytest.mark.parametrize("length", ["-1", "+5", "5, 6", "abc", "0x5", "5 5", "1e1", ""])
def test_a_content_length_that_is_none(server: Server, length: str) -> None:
    data = head("POST", "/echo", [f"Content-Length: {length}"]) + b"12345"
    refused(send(server.port, data, hang_up=True))


def test_two_content_lengths(server: Server) -> None:
    data = head("POST", "/echo", ["Content-Length: 5", "Content-Length: 6"]) + b"123456"
    refused(send(server.port, data, hang_up=True))


def test_a_body_that_is_shorter_than_it_says(server: Server) -> None:
    data = head("POST", "/echo", ["Content-Length: 500"]) + b"12345"
    refused(send(server.port, data, hang_up=True), 400, HUNG_UP)


def test_a_body_that_says_it_is_too_large(server: Server) -> None:
    data = head("POST", "/echo", [f"Content-Length: {10**9}"]) + b"12345"
    refused(send(server.port, data, hang_up=True), 413, 400, HUNG_UP)


def test_a_length_beside_chunks(server: Server) -> None:
    data = head("POST", "/echo", ["Content-Length: 3", CHUNKED]) + b"zz\r\nabc\r\n0\r\n\r\n"
    refused(send(server.port, data, hang_up=True), 400, HUNG_UP)


CHUNKS = {
    "no number": b"zz\r\nabc\r\n0\r\n\r\n",
    "a negative number": b"-3\r\nabc\r\n0\r\n\r\n",
    "no end": b"3\r\nabc\r\n",
    "too short": b"9\r\nabc\r\n0\r\n\r\n",
    "too long": b"2\r\nabc\r\n0\r\n\r\n",
    "an endless number": b"f" * 40 + b"\r\nabc\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("body", CHUNKS.values(), ids=CHUNKS)
def test_broken_chunks(server: Server, body: bytes) -> None:
    data = head("POST", "/echo", [CHUNKED]) + body
    refused(send(server.port, data, hang_up=True), 400, HUNG_UP)


def test_chunks_over_the_limit(server: Server) -> None:
    piece = b"%x\r\n%s\r\n" % (MAX_BODY, b"x" * MAX_BODY)
    reply = send(server.port, head("POST", "/echo", [CHUNKED]) + piece * 3 + b"0\r\n\r\n")
    refused(reply, 413)


def test_a_body_over_the_limit(server: Server) -> None:
    told(send(server.port, with_body("/echo", b"x" * (MAX_BODY + 1))), 413, "body-too-large")


def test_ten_thousand_headers(server: Server) -> None:
    refused(send(server.port, head("GET", "/echo", [f"X-{n}: {n}" for n in range(10_000)])))


def test_a_header_of_100_kilobytes(server: Server) -> None:
    refused(send(server.port, head("GET", "/echo", [f"X-Long: {'x' * 100_000}"])))


def test_a_query_of_200_kilobytes(server: Server) -> None:
    refused(send(server.port, head("GET", f"/echo?q={'x' * 200_000}")))


PATHS = ["/echo/%00", "/echo/a%00b?x", b"/echo/\0", "/tasks/%00", "/status/%00"]


@pytest.mark.parametrize("path", PATHS)
def test_a_nul_in_the_path(server: Server, path: str | bytes) -> None:
    refused(send(server.port, head("GET", path)))


@pytest.mark.parametrize("value", [b"a\0b", b"a\rb", b"\x01", b"a\nb: c\0"])
def test_control_characters_in_a_header(server: Server, value: bytes) -> None:
    data = head("GET", "/echo", [b"Idempotency-Key: " + value])
    refused(send(server.port, data))


BODIES = {
    "NaN": b'{"a": NaN}',
    "Infinity": b'{"a": [-Infinity]}',
    "5,000 deep": b"[" * 5000 + b"]" * 5000,
    "5,000 deep, unclosed": b'{"a":' * 5000,
    "a lone surrogate": b'{"a": "\xed\xa0\x80"}',
    "no UTF-8": b'{"a": "\xff"}',
    "a NUL": b'{"a": "\0"}',
    "cut": b'{"a": ',
    "two": b"{} {}",
    "a number of 6,000 digits": b'{"a": ' + b"9" * 6000 + b"}",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_json_that_is_none(server: Server, body: bytes) -> None:
    told(send(server.port, with_body("/echo", body, JSON)), 400, "bad-json")
    call = json.dumps({"name": "tests.conformance.application.add", "args": "?"}).encode()
    refused(send(server.port, with_body("/tasks", call.replace(b'"?"', body), JSON)), 400)


KEYS = {
    "10 kB": b"x" * 10_000,
    "empty": b"",
    "quotes alone": b'""',
    "not ASCII": b"schl\xc3\xbcssel",
    "a control character": b"a\x7fb",
    "a tab": b"a\tb",
}


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_an_idempotency_key_that_is_none(server: Server, key: bytes) -> None:
    data = head("POST", "/echo", [b"Idempotency-Key: " + key, "Content-Length: 0"])
    refused(send(server.port, data), 400, 431)


WAITS = ["wait=-1", "wait=1e9", "wait=", "wait=99999999999999999999", "wait", "wait=1.5", "wait=x"]


@pytest.mark.parametrize("path", ["/echo", "/status/x", "/tasks/x"])
@pytest.mark.parametrize("given", [*WAITS, "wait=\xb2", 'wait="'])
def test_a_wait_that_is_none(server: Server, path: str, given: str) -> None:
    reply = send(server.port, head("GET", path, [f"Prefer: {given}"]))
    refused(reply, 400) if path == "/echo" else refused(reply, 400, 404)


IDS = [
    "1", "-1", "null", "0", "x" * 7000, "%ff%fe", "%ED%A0%80", "..%2f..", "' OR 1=1 --", "%25",
    "0197C5A0-0000-7000-8000-000000000000", "0197c5a0-0000-7000-8000-00000000000g", "{}", "[1]",
    "0197c5a0000070008000000000000000", "\xfc", "%C3%BC", "a;b", "%0d%0aX: y", "%2500", "~", "*",
]  # fmt: skip


@pytest.mark.parametrize("one", IDS)
def test_an_id_in_any_shape(server: Server, one: str) -> None:
    for path in (f"/status/{one}", f"/tasks/{one}", f"/tasks/{one}/result"):
        refused(send(server.port, head("GET", path.replace(" ", "%20"))), 400, 404, 414)
    refused(send(server.port, head("DELETE", f"/tasks/{one}".replace(" ", "%20"))), 400, 404, 414)
