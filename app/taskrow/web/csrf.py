"""Flask-WTF's tokens against forged requests: good at the submit, and so good in the worker.

The worker runs the hooks of the application again, and CSRFProtect among them. A token that was
checked before there was a row must not become wrong while its task waits, because it got too old
or SECRET_KEY was changed: the worker puts a new one in its place.
"""

from __future__ import annotations

from flask import current_app, g, request
from werkzeug.datastructures import ImmutableMultiDict

_FORMS = {"application/x-www-form-urlencoded", "multipart/form-data"}


def was_checked() -> bool:
    """Whether CSRFProtect has found the token of the current request good."""
    return "csrf" in current_app.extensions and bool(g.get("csrf_valid"))


def renew_token() -> None:
    """Give the current request a token of now wherever it carries one."""
    from flask_wtf.csrf import generate_csrf

    token = generate_csrf()
    for header in current_app.config["WTF_CSRF_HEADERS"]:
        if header in request.headers:
            request.environ[f"HTTP_{header.upper().replace('-', '_')}"] = token
    if request.mimetype in _FORMS:
        _renew_field(current_app.config["WTF_CSRF_FIELD_NAME"], token)


def _renew_field(field: str, token: str) -> None:
    request.get_data()  # kept for hooks and views that read it raw
    request.form = ImmutableMultiDict(
        (name, token if name.endswith(field) else value)  # a form may have a prefix
        for name, value in request.form.items(multi=True)
    )
