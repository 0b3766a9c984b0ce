"""Celery's settings by name: what each comes to here."""

from __future__ import annotations

MAPPED = frozenset(
    {
        "beat_schedule", "imports", "include", "result_expires", "task_acks_late",
        "task_always_eager", "task_default_priority", "task_default_queue",
        "task_default_retry_delay", "task_eager_propagates", "task_ignore_result", "task_routes",
        "task_soft_time_limit", "task_time_limit", "task_track_started", "timezone",
    }
)  # fmt: skip

# Their absence changes what happens, so it is told.
UNHEEDED = frozenset({"task_annotations", "task_default_rate_limit"})

_OF_A_BROKER = frozenset(
    {
        "accept_content", "enable_utc", "loader", "result_accept_content", "set_as_current",
        "task_acks_on_failure_or_timeout",
        "task_compression", "task_create_missing_queues", "task_create_missing_queue_type",
        "task_default_delivery_mode", "task_default_exchange", "task_default_exchange_type",
        "task_default_queue_type", "task_default_routing_key", "task_inherit_parent_priority",
        "task_protocol", "task_publish_retry", "task_publish_retry_policy",
        "task_queue_max_priority", "task_queues", "task_reject_on_worker_lost",
        "task_remote_tracebacks", "task_send_sent_event", "task_serializer",
        "task_store_eager_result", "task_store_errors_even_if_ignored",
    }
)  # fmt: skip
_OF_PARTS_THAT_ARE_NOT_HERE = (
    "arangodb_", "azureblockblob_", "beat_", "broker_", "cache_", "cassandra_", "control_",
    "cosmosdbsql_", "couchbase_", "couchdb_", "database_", "dynamodb_", "elasticsearch_", "event_",
    "gcs_", "mongodb_", "redis_", "result_", "s3_", "security_", "worker_",
)  # fmt: skip
_BEFORE_4 = {  # the names of the older style that are more than a prefix away
    "CELERY_TASK_RESULT_EXPIRES": "result_expires",
    "CELERYD_TASK_TIME_LIMIT": "task_time_limit",
    "CELERYD_TASK_SOFT_TIME_LIMIT": "task_soft_time_limit",
    "CELERY_EAGER_PROPAGATES_EXCEPTIONS": "task_eager_propagates",
    "CELERY_MAX_CACHED_RESULTS": "result_cache_max",
    "CELERY_MESSAGE_COMPRESSION": "result_compression",
    "CELERY_SEND_EVENTS": "worker_send_task_events",
    "CELERY_SEND_TASK_SENT_EVENT": "task_send_sent_event",
    "CELERY_DISABLE_RATE_LIMITS": "worker_disable_rate_limits",
    "CELERY_REDIRECT_STDOUTS": "worker_redirect_stdouts",
    "CELERY_REDIRECT_STDOUTS_LEVEL": "worker_redirect_stdouts_level",
}
_PREFIXES = {"CELERYD_": "worker_", "CELERYBEAT_": "beat_", "BROKER_": "broker_", "CELERY_": ""}


def celery_name(key: str) -> str | None:
    """A key as Celery spells it today; None: it is no key of Celery's (the whole config comes)."""
    if not key.isupper():
        return key if key.islower() else None
    if key in _BEFORE_4:
        return _BEFORE_4[key]
    for prefix, now in _PREFIXES.items():
        if key.startswith(prefix):
            name = now + key.removeprefix(prefix).lower()
            return f"task_{name}" if not is_known(name) and is_known(f"task_{name}") else name
    return None


def is_known(name: str) -> bool:
    """Whether Celery has such a key."""
    return name in MAPPED or name in UNHEEDED or means_nothing(name)


def means_nothing(name: str) -> bool:
    """Whether a key speaks of a broker, a result store or a process that is not here."""
    if name in MAPPED:
        return False
    return name in _OF_A_BROKER or name.startswith(_OF_PARTS_THAT_ARE_NOT_HERE)
