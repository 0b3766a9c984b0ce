"""``taskrow queues``, ``pause`` and ``resume``, for people and with --json."""

from __future__ import annotations

import re

from tests.apps.doors.tasks import add
from tests.support.shell import Shell


def test_queues_are_paused_shown_and_resumed(shell: Shell) -> None:
    assert shell.json("queues") == []
    assert shell.say("queues") == "nothing waits, and no queue is paused\n"
    add.apply_async((1, 2), queue="reports")
    assert shell.say("pause", "reports") == "paused reports\n"
    assert shell.json("pause", "mail") == {"queue": "mail", "paused": True}
    mail, reports = shell.json("queues")
    assert (mail["name"], mail["queued"], mail["oldest_at"]) == ("mail", 0, None)
    assert (reports["queued"], reports["running"], reports["scheduled"]) == (1, 0, 0)
    assert reports["paused_at"] is not None
    assert "reports  1 queued  0 scheduled  0 running, the oldest waits" in shell.say("queues")
    assert shell.say("resume", "reports") == "resumed reports\n"
    assert shell.say("resume", "reports") == "reports was not paused\n"
    assert shell.json("resume", "mail")["was_paused"]
    assert [lane["name"] for lane in shell.json("queues")] == ["reports"]


def test_all_queues_are_paused_and_resumed_together(shell: Shell) -> None:
    add.apply_async((1, 2), queue="reports")
    shell.say("pause", "mail", "--reason", "the \x1b[31mserver")
    assert shell.say("pause", "--all", "--reason", "a move") == "paused all queues\n"
    said = shell.say("queues")
    assert re.search(r"^reports  1 queued .*, paused since .*Z: a move$", said, re.MULTILINE)
    assert re.search(r"^mail .*, paused since .*Z: the \\x1b\[31mserver$", said, re.MULTILINE)
    assert re.search(r"^all queues are paused since .*Z: a move$", said, re.MULTILINE)
    assert shell.say("resume", "mail") == (
        "resumed mail; but all queues are paused: taskrow resume --all\n"
    )
    assert shell.json("pause", "mail") == {"queue": "mail", "paused": True}
    assert shell.say("resume", "--all") == (
        "resumed all queues; paused by name, and still so: mail\n"
    )
    assert shell.json("resume", "--all") == {"queue": None, "paused": False, "was_paused": False}
    for words in (["pause"], ["resume"], ["pause", "mail", "--all"], ["resume", "mail", "--all"]):
        result = shell.run(*words)
        assert result.exit_code == 2
        assert "name one queue, or give --all" in result.output
