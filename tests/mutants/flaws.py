"""Flaws in taskrow's own code: what is cut out of a copy of it, and which harness must notice."""

from __future__ import annotations

from tests.mutants.flaw import Flaw

_NO_GATE = [
    ("storage/gate.py", "        if self._try_both():\n            return\n", "        return\n")
]
_ALL_OPEN = [
    (
        "web/access.py",
        "self.may(request, verb) if self.may is not None else None",
        'self.may(request, verb) if self.may is not None else "all"',
    )
]
FLAWS = (
    # -- who may write, and when ------------------------------------------------------------------
    Flaw(
        name="no gate",
        edits=_NO_GATE,
        tests=["storage/test_gate.py::test_who_has_just_written_lets_the_next_one_pass"],
    ),
    Flaw(
        name="no gate before checkpoints",
        edits=_NO_GATE,
        tests=["storage/test_log_reset.py"],
    ),
    Flaw(
        name="transactions begin deferred",
        edits=[("storage/writer.py", '"BEGIN IMMEDIATE"', '"BEGIN"')],
        tests=["storage/test_outsiders.py"],
    ),
    Flaw(
        name="a transaction that the disk undid is taken for committed",
        edits=[
            (
                "storage/writer.py",
                "            _must_stand(connection)\n            self.may_stand = True\n"
                '            drive(connection, "COMMIT")\n',
                "            if driver_of(connection).in_transaction:\n"
                '                drive(connection, "COMMIT")\n',
            )
        ],
        tests=["storage/test_commits.py"],
    ),
    Flaw(
        name="path not watched",
        edits=[("storage/writer.py", "            self._file.must_be_there()\n", "")],
        case=30,
        words="from the void",
    ),
    Flaw(
        name="checkpoints whenever SQLite likes",
        edits=[("storage/sqlite.py", "wal_autocheckpoint = 0", "wal_autocheckpoint = 10")],
        tests=["storage/test_checkpoints.py"],
    ),
    Flaw(
        name="files that others may read",
        edits=[
            (
                "storage/gate.py",
                "os.open(path, flags, 0o600)",
                "os.open(path, flags, 0o644)",
            )
        ],
        tests=["storage/test_sqlite_file.py::test_every_file_is_for_its_owner_alone"],
    ),
    # -- transitions ------------------------------------------------------------------------------
    Flaw(
        name="claim without status check",
        edits=[
            (
                "storage/claims.py",
                "_QUEUED = select(tasks.c.seq).where(status_is(Status.QUEUED))",
                "_QUEUED = select(tasks.c.seq).where(tasks.c.seq > 0)",
            )
        ],
        tests=["storage/test_claim.py::test_nothing_but_a_queued_task_is_claimed"],
    ),
    Flaw(
        name="attempts do not rise",
        edits=[("storage/claims.py", "attempt=tasks.c.attempt + 1", "attempt=tasks.c.attempt + 0")],
        histories=200,
    ),
    Flaw(
        name="reclaim of who has given news",
        edits=[
            ("storage/finish.py", ", tasks.c.heartbeat == ending.claim.heartbeat)", ")"),
        ],
        tests=["storage/test_fence.py::test_a_worker_that_gave_news_meanwhile_keeps_its_task"],
    ),
    Flaw(
        name="silence counts while nobody can write",
        edits=[("engine/upkeep.py", "max(since, self._could_write_since)", "max(since, 0.0)")],
        tests=[
            "engine/test_reclaim.py"
            "::test_what_was_while_the_worker_itself_could_not_write_is_not_silence"
        ],
    ),
    Flaw(
        name="a missing sign of life is a death",
        edits=[("storage/liveness.py", "_is_locked(sign) and sign.exists()", "_is_locked(sign)")],
        tests=[
            "storage/test_liveness.py"
            "::test_whether_a_worker_lives_whose_sign_was_deleted_is_not_known"
        ],
    ),
    Flaw(
        name="a time that is none is an error",
        edits=[("storage/types.py", "        return UNREADABLE\n", "        raise\n")],
        tests=["engine/test_damaged_rows.py"],
    ),
    Flaw(
        name="retry of what is not over",
        edits=[
            (
                "storage/upkeep.py",
                ".where(tasks.c.id == task_id, tasks.c.finished_at.is_not(None))",
                ".where(tasks.c.id == task_id)",
            )
        ],
        tests=["storage/test_guards.py"],
    ),
    Flaw(
        name="purge without guard",
        edits=[
            (
                "storage/purge.py",
                "tasks.c.seq.in_(seqs), tasks.c.finished_at <= finished_before)",
                "tasks.c.seq.in_(seqs))",
            )
        ],
        tests=["storage/test_purge.py"],
    ),
    Flaw(
        name="purge without a second look",
        edits=[
            (
                "storage/purge.py",
                "delete(tasks).where(tasks.c.seq.in_(picked), tasks.c.finished_at.is_not(None))",
                "delete(tasks).where(tasks.c.seq.in_(picked))",
            )
        ],
        tests=["storage/test_held_rows.py"],
    ),
    Flaw(
        name="a due time fires twice",
        edits=[
            (
                "storage/schedules.py",
                "    if not _take_place(connection, schedule.name, one.due_at, one.task.id):\n"
                "        return False\n",
                "    _take_place(connection, schedule.name, one.due_at, one.task.id)\n",
            )
        ],
        tests=["storage/test_schedules.py"],
    ),
    Flaw(
        name="credentials stay when the task is over",
        edits=[
            (
                "storage/credentials.py",
                "    with _overwriting(connection):\n"
                "        connection.execute(delete(task_credentials).where(mine))\n",
                "",
            )
        ],
        tests=["doors/test_credentials.py"],
    ),
    # -- workers ----------------------------------------------------------------------------------
    Flaw(
        name="results of a full disk dropped",
        edits=[
            (
                "engine/exchanges.py",
                "        take = self._engine.database.write(",
                "        del self._intake.endings[: len(give.endings)]\n"
                "        take = self._engine.database.write(",
            )
        ],
        case=26,
        words="it was begun as ['1 ",
    ),
    Flaw(
        name="a dead worker is not noticed before its lease",
        edits=[
            (
                "engine/upkeep.py",
                "self._liveness.find_gone({c.worker for c in others}, moment)",
                "set[str]()",
            )
        ],
        case=5,
        words="it was begun again only after",
    ),
    Flaw(
        name="poison runs for ever",
        edits=[("engine/endings.py", "losses=claim.losses + 1,", "losses=0,")],
        case=14,
        words="it was begun as ['1', '2', '3'",
    ),
    Flaw(
        name="timeouts are not kept",
        edits=[("engine/supervisor.py", "        self._crew.kill_overdue(moment)\n", "")],
        case=17,
        words="it is still running",
    ),
    Flaw(
        name="unknown names fail",
        edits=[
            (
                "engine/endings.py",
                "status=Status.SCHEDULED, error=error, run_at=now + _UNKNOWN_LATER)",
                'status=Status.FAILED, error=error, outcome="failed", purge_at=now)',
            )
        ],
        case=24,
        words="it is not put back, but ('failed', 1)",
    ),
    Flaw(
        name="at_most_once is forgotten",
        edits=[
            (
                "engine/endings.py",
                "0 if engine.options_of(claim.name).at_most_once else claim.crash_limit",
                "claim.crash_limit",
            )
        ],
        tests=["engine/test_losing.py"],
    ),
    Flaw(
        name="arguments are not checked",
        edits=[
            (
                "domain/checksum.py",
                "checksum is not None and checksum != checksum_of(text, body)",
                "checksum == -1",
            )
        ],
        case=32,
        words="('succeeded', 1)",
    ),
    Flaw(
        name="what nobody opened is open",
        edits=_ALL_OPEN,
        tests=["doors/test_rest_changes.py"],
    ),
    Flaw(
        name="what nobody opened is open, to a stranger",
        edits=_ALL_OPEN,
        case=40,
        words="is shown to a client",
    ),
    # -- room and versions ------------------------------------------------------------------------
    Flaw(
        name="free-space floor ignored",
        edits=[("engine/limits.py", "self._free < self._least_free", "self._free < 0")],
        tests=["doors/test_limits.py::test_a_disk_that_is_nearly_full_is_a_507"],
    ),
    Flaw(
        name="queue-depth limit ignored",
        edits=[
            ("engine/limits.py", "        if self._room < tasks:\n", "        if self._room < 0:\n")
        ],
        tests=["doors/test_limits.py::test_a_full_queue_is_a_503"],
    ),
    Flaw(
        name="an upgrade in pieces",
        edits=[
            (
                "storage/schema.py",
                '    command.upgrade(config, "head")\n',
                "    for revision in known_revisions():\n"
                "        command.upgrade(config, revision)\n"
                '        connection.exec_driver_sql("COMMIT")\n'
                '        connection.exec_driver_sql("BEGIN IMMEDIATE")\n',
            )
        ],
        tests=["upgrades/test_killed.py"],
    ),
    Flaw(
        name="newer tables are used",
        edits=[
            (
                "storage/schema.py",
                "    if is_newer(revision):\n        raise SchemaError(\n",
                "    if is_newer(revision):\n        return False\n"
                "    if revision == place:\n        raise SchemaError(\n",
            )
        ],
        case=34,
        words="the worker goes on",
    ),
)
