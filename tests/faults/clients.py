"""Clients that go on while a case does something else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

_CLIENTS = 3


@contextmanager
def clients(ask: Callable[[], None]) -> Iterator[None]:
    """Some that ask again and again until the block ends; what one of them raises is raised there.

    One that has raised asks no more: a block that waits for it in vain ends with its error, too.
    """
    over = threading.Event()

    def go_on() -> None:
        while not over.is_set():
            ask()

    with ThreadPoolExecutor(_CLIENTS) as pool:
        asking = [pool.submit(go_on) for _ in range(_CLIENTS)]
        try:
            yield
        finally:
            over.set()
            for client in asking:
                client.result()
