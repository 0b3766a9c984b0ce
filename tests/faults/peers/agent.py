"""``python -m tests.faults.peers.agent``: a producer in a library's environment, asked by us."""

from __future__ import annotations

from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from bench.answering import answer_all, take_line

from tests.faults.peers.clients.client import Client, open_client


def _answer(client: Client, question: str, given: dict[str, Any]) -> dict[str, Any]:
    match question:
        case "submit":
            return {"id": client.submit(given["task"], given["args"], given["delay"])}
        case "submit_twice":
            return {"id": client.submit_twice(given["task"], given["args"])}
        case "status":
            return asdict(client.status(given["id"]))
        case "plant":
            client.plant(given["pickled"], given["command"])
            return {}
        case "worker":
            return {"arguments": client.worker(given["at_once"]), "ready": client.ready}
        case "versions":
            return {name: version(name) for name in client.packages}
    raise ValueError(f"no such question: {question}")


if __name__ == "__main__":
    line = take_line()
    client = open_client()
    answer_all(line, lambda question, given: _answer(client, question, given))
