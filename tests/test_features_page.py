"""docs/features.md: each yes of taskrow leads to a test that there is."""

from __future__ import annotations

import ast
import re

from tests.support.pages import DOCS, links_of, rows_of

PAGE = DOCS / "features.md"
PEERS = ["Celery", "Huey", "RQ", "Dramatiq", "Procrastinate", "DBOS"]
LINKED = re.compile(r"\[[^\]]+\]\(\.\./(tests/[\w/]+\.py)#(test_\w+)\)")


def test_each_yes_leads_to_a_test_and_each_no_says_so() -> None:
    seen = 0
    for feature, ours, *peers in rows_of(PAGE):
        if ours == "taskrow":
            assert peers == PEERS
            continue
        assert len(peers) == len(PEERS), feature
        assert all(peers), feature
        assert ours.startswith("no") or LINKED.fullmatch(ours), feature
        seen += 1
    assert seen > 40


def test_every_test_that_is_linked_is_there() -> None:
    for link in links_of(PAGE):
        path, _, name = link.partition("#")
        if not path.startswith("../tests/"):
            assert not path or (DOCS / path).exists(), link
            continue
        functions = ast.parse((DOCS / path).read_text()).body
        names = {found.name for found in functions if isinstance(found, ast.FunctionDef)}
        assert name in names, link
