"""Applications that answer on several hosts have their monitors on each of them.

So the Location of a 202 leads to where its client came from, and its cookies are those of there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, current_app, has_request_context, request
from flask.sansio.blueprints import BlueprintSetupState
from werkzeug.routing import BaseConverter

HOST = "taskrow_host"  # the argument, and its converter
_ANY = f"<{HOST}:{HOST}>"


class HostConverter(BaseConverter):
    """Matches every host, or every subdomain: but not what is no subdomain of ours."""

    regex = "(?!<invalid>).*"
    part_isolating = True
    weight = 1000  # after those of the application


class OnEveryHost(BlueprintSetupState):
    """Adds the rules of a blueprint to an application as it matches hosts."""

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Callable[..., Any] | None = None,
        **options: Any,
    ) -> None:
        assert isinstance(self.app, Flask)
        if self.app.url_map.host_matching:
            super().add_url_rule(rule, endpoint, view_func, **options, host=_ANY)
            return
        super().add_url_rule(rule, endpoint, view_func, **options)
        if self.app.subdomain_matching:
            super().add_url_rule(rule, endpoint, view_func, **options, subdomain=_ANY)


def forget_host(_: str | None, values: dict[str, Any] | None) -> None:
    """Views do not ask on which host they are."""
    if values is not None:
        values.pop(HOST, None)


def stay_on_host(_: str, values: dict[str, Any]) -> None:
    """A URL that is built in a request is one of its own host; else of SERVER_NAME."""
    if host := _current_host():
        values.setdefault(HOST, host)


def _current_host() -> str:
    """The host, or the subdomain: what stands for :data:`HOST` in a URL; empty: nothing does."""
    server = current_app.config["SERVER_NAME"] or ""
    host = request.host if has_request_context() else server
    if current_app.url_map.host_matching:
        return host
    return host.removesuffix(server).rstrip(".") if current_app.subdomain_matching else ""
