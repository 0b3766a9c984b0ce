"""What is odd but right is taken as it is."""

from __future__ import annotations

from email import message_from_string
from http.client import HTTPMessage
from typing import Any

import pytest

from tests.conformance.client import answer_of
from tests.conformance.raw import head, send, with_body
from tests.conformance.servers import Server
from tests.doors.http import Answer


def echo(server: Server, data: bytes) -> Any:
    """What the view saw of a request."""
    reply = send(server.port, data)
    assert reply.status == 202, reply
    fields = message_from_string(reply.head.partition("\r\n")[2], HTTPMessage)
    return answer_of(server.base, Answer(reply.status, fields, reply.body)).json


@pytest.mark.parametrize("extension", [b"", b";name=value"])
def test_a_body_in_chunks(server: Server, extension: bytes) -> None:
    body = b"3%s\r\nabc\r\n2\r\nde\r\n0\r\n\r\n" % extension
    seen = echo(server, head("POST", "/echo", ["Transfer-Encoding: chunked"]) + body)
    assert bytes.fromhex(seen["body"]) == b"abcde"


def test_a_body_with_every_byte(server: Server) -> None:
    body = bytes(range(256))
    seen = echo(server, with_body("/echo", body, "Content-Type: application/x-thing"))
    assert bytes.fromhex(seen["body"]) == body


def test_what_is_sent_after_the_body_is_not_part_of_it(server: Server) -> None:
    seen = echo(server, with_body("/echo", b"12345") + b"678")
    assert bytes.fromhex(seen["body"]) == b"12345"


@pytest.mark.parametrize("query", ["x=%00", "x=%ff", "x=%ED%A0%80", "%", "x=%zz", "&&=&"])
def test_a_query_with_anything_in_it(server: Server, query: str) -> None:
    assert echo(server, head("POST", f"/echo?{query}", ["Content-Length: 0"]))["rest"] == ""


@pytest.mark.parametrize("path", ["%ff", "%ED%A0%80", "%C3%BC", "a//b", "%2e%2e"])
def test_a_path_with_anything_in_it(server: Server, path: str) -> None:
    assert echo(server, head("POST", f"/echo/{path}", ["Content-Length: 0"]))["rest"]
