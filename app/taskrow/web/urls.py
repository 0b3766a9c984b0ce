"""The URLs of a task, as Flask's ``url_for`` builds them.

It takes 15 microseconds for each; a monitor's whole answer should take few more than "hello" does.
So it is asked once for every place that an application is mounted at, and only the id is put in.
"""

from __future__ import annotations

from flask import Flask, current_app, has_request_context, request, url_for

_KEY = "taskrow.urls"
_ANY_ID = "00000000-0000-7000-8000-000000000000"
_MOST = 64  # places: where an application is mounted can be what a client says

_Known = dict[tuple[str, str], tuple[str, str]]


def task_url(endpoint: str, task_id: str) -> str:
    """Where an endpoint of ours ("status", "task", "result") is for a task."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    if not has_request_context() or not _builds_by_itself(app):
        return url_for(f"taskrow.{endpoint}", task_id=task_id)
    known: _Known = app.extensions.setdefault(_KEY, {})
    place = endpoint, request.environ.get("SCRIPT_NAME", "")
    if place not in known:
        if len(known) >= _MOST:
            known.clear()
        before, after = url_for(f"taskrow.{endpoint}", task_id=_ANY_ID).split(_ANY_ID)
        known[place] = before, after
    before, after = known[place]
    return f"{before}{task_id}{after}"


def _builds_by_itself(app: Flask) -> bool:
    """Whether nothing but the place and the id decides what a URL is.

    Hosts do where it matches them, and functions of the application's own where it has such.
    """
    matches_hosts = app.url_map.host_matching or app.subdomain_matching
    return not (matches_hosts or app.url_default_functions.get(None))
