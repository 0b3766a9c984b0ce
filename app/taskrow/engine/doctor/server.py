"""The doctor's look at a PostgreSQL server."""

from __future__ import annotations

from collections.abc import Iterator

from taskrow.engine.clock import Clock
from taskrow.engine.doctor.diagnosis import Diagnosis, bad, ok, span, warn
from taskrow.storage.conditions import Server, ask_server
from taskrow.storage.database import Database

_APART = 2.0  # seconds
_CROWDED = 0.9
_LONG = 60.0  # seconds


def look_at_server(database: Database, clock: Clock) -> Iterator[Diagnosis]:
    """Everything about the server that it tells itself."""
    with database.read() as connection:
        before, server, after = clock(), ask_server(connection), clock()
    yield ok("PostgreSQL", server.version)
    yield _clock((server.now - before).total_seconds(), (server.now - after).total_seconds())
    yield _connections(server)
    yield _transactions(server)


def _clock(ahead: float, behind: float) -> Diagnosis:
    """By how much its clock is ahead of ours at most, and at least."""
    if ahead > -_APART and behind < _APART:
        return ok("its clock", "agrees with the one here")
    apart = f"{span(abs(ahead))} {'ahead of' if behind > 0 else 'behind'} the one here"
    return warn(
        "its clock", apart, "set both by NTP; what is scheduled runs by the workers' clocks"
    )


def _connections(server: Server) -> Diagnosis:
    says = f"{server.connections} of {server.most_connections} are in use"
    if server.connections < _CROWDED * server.most_connections:
        return ok("connections", says)
    return bad(
        "connections", says, "raise max_connections, or run fewer processes (up to 15 for each)"
    )


def _transactions(server: Server) -> Diagnosis:
    if server.idle < _LONG:
        return ok("transactions", "none is left open")
    return warn(
        "transactions",
        f"one has been open for {span(server.idle)} and does nothing: dead rows pile up",
        "find it in pg_stat_activity, and set idle_in_transaction_session_timeout",
    )
