"""Views for people who open the database: what runs, what waits, what failed, what happened.

They hold no state, so they are made anew at each upgrade instead of being migrated. Each reads one
status at a time, so that the partial indexes serve it whatever the number of finished rows.
"""

from __future__ import annotations

from sqlalchemy import Connection
from sqlalchemy import text as sql

NAMES = ("v_running", "v_queue", "v_failed", "v_recent", "v_schedules")


def _number_sqlite(name: str) -> str:
    place = f"progress, '$.meta.{name}'"
    return f"CASE WHEN json_type({place}) IN ('integer', 'real') THEN json_extract({place}) END"


def _number_postgresql(name: str) -> str:
    place = f"'{{meta,{name}}}'"
    return (
        f"CASE json_typeof({_SOUND} #> {place})"
        f" WHEN 'number' THEN ({_SOUND} #>> {place})::numeric END"
    )


# A task may say what it likes of itself, and one odd row must not break the view of all others:
# text that no database can show (a NUL, a lone surrogate) stands in JSON as an escape.
_SOUND = r"(CASE WHEN progress !~ '\\u(0000|d[89a-f])' THEN progress::json END)"
_SQLITE = {
    "percent": f"CASE WHEN {_number_sqlite('total')} > 0 THEN CAST("
    f"100 * {_number_sqlite('current')} / {_number_sqlite('total')} AS INTEGER) || ' %' END",
    "says": r"CASE WHEN progress NOT LIKE '%\ud%' THEN json_extract(progress, '$.meta.status') END",
    "error": "json_extract(error, '$.type') || ': ' || json_extract(error, '$.message')",
    "since": "round((julianday('now') - julianday({0})) * 86400, 1)",
    "between": "round((julianday({1}) - julianday({0})) * 86400, 3)",
    "clock": "replace(substr({0}, 1, 19), 'T', ' ')",
}
_POSTGRESQL = {
    "percent": f"CASE WHEN {_number_postgresql('total')} > 0 THEN trunc("
    f"100 * {_number_postgresql('current')} / {_number_postgresql('total')}) || ' %' END",
    "says": f"{_SOUND} #>> '{{meta,status}}'",
    "error": "(error::json ->> 'type') || ': ' || (error::json ->> 'message')",
    "since": "round(extract(epoch FROM now() - {0})::numeric, 1)",
    "between": "round(extract(epoch FROM {1} - {0})::numeric, 3)",
    "clock": "to_char({0} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')",
}


def create_views(connection: Connection) -> None:
    """Make every view anew."""
    drop_views(connection)
    words = _SQLITE if connection.dialect.name == "sqlite" else _POSTGRESQL
    for name, query in _queries(words).items():
        connection.execute(sql(f"CREATE VIEW {name} AS {query}"))


def drop_views(connection: Connection) -> None:
    """Take the views away, so that a migration may change the tables below them."""
    for name in NAMES:
        connection.exec_driver_sql(f"DROP VIEW IF EXISTS {name}")


def _queries(words: dict[str, str]) -> dict[str, str]:
    def since(column: str) -> str:
        return words["since"].format(column)

    def between(start: str, end: str) -> str:
        return words["between"].format(start, end)

    def clock(column: str) -> str:
        return words["clock"].format(column)

    def text(word: str) -> str:
        return words[word]

    def waiting(status: str) -> str:
        return (
            f"SELECT queue, '{status}' AS status, count(*) AS tasks,"
            f" {since('min(created_at)')} AS oldest_s"
            f" FROM tasks WHERE status = '{status}' GROUP BY queue"
        )

    return {
        "v_running": f"""
SELECT id, name, attempt, {text("percent")} AS progress, {text("says")} AS says,
  {since("started_at")} AS for_s, worker
FROM tasks WHERE status = 'running' ORDER BY seq""",
        "v_queue": " UNION ALL ".join(map(waiting, ("running", "queued", "scheduled"))),
        "v_failed": f"""
SELECT id, name, attempt, {clock("finished_at")} AS finished, {text("error")} AS error
FROM tasks WHERE status = 'failed' ORDER BY finished_at DESC LIMIT 200""",
        "v_recent": f"""
SELECT id, name, status, attempt, {clock("created_at")} AS submitted,
  {between("run_at", "started_at")} AS wait_s, {between("started_at", "finished_at")} AS ran_s,
  CASE status WHEN 'running' THEN {text("percent")} END AS progress,
  substr(
    COALESCE({text("error")}, 'HTTP ' || response_status, result, {text("says")}, ''), 1, 40
  ) AS outcome
FROM tasks LEFT JOIN task_requests ON task_seq = seq ORDER BY seq DESC LIMIT 50""",
        "v_schedules": f"""
SELECT name, rule, timezone, task_name, source,
  CASE WHEN disabled_reason IS NOT NULL THEN 'disabled: ' || disabled_reason
    WHEN paused_at IS NOT NULL THEN 'paused' ELSE 'on' END AS state,
  {clock("next_at")} AS next, {clock("last_fired_at")} AS last_fired
FROM schedules ORDER BY next_at IS NULL, next_at, name""",
    }
