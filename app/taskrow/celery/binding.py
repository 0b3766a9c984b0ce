"""Which Flask application a Celery object belongs to: found when its first context is pushed."""

from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING, Any

from flask import Flask, appcontext_pushed, current_app, has_app_context

from taskrow.engine.attached import KEY
from taskrow.engine.queue import QueueEngine
from taskrow.errors import NoApplicationError
from taskrow.web.async_api import adopted

if TYPE_CHECKING:
    from taskrow.celery.application import Celery

_made: list[weakref.ref[Celery]] = []
_default: list[weakref.ref[Celery]] = []  # the one that was set, or none
_bound: weakref.WeakSet[Flask] = weakref.WeakSet()
_binding = threading.RLock()


def watch_for_application_of(celery: Celery) -> None:
    """From now on an application that this object belongs to gets its queue."""
    _made[:] = [made for made in _made if made() is not None]
    _made.append(weakref.ref(celery))
    appcontext_pushed.connect(_bind)


def set_default(celery: Celery) -> None:
    """Make it the one that shared tasks fall back on."""
    _default[:] = [weakref.ref(celery)]


def default_celery() -> Celery | None:
    """The one that was set, else the newest."""
    alive = [found for made in (*_default, *reversed(_made)) if (found := made()) is not None]
    return alive[0] if alive else None


def celery_of(app: Flask) -> Celery | None:
    """The Celery object of an application: in its extensions, by its config, name, or the only."""
    own: Any = app.extensions.get("celery")
    alive = [found for made in reversed(_made) if (found := made()) is not None]
    if any(own is celery for celery in alive):
        return own  # type: ignore[no-any-return]
    for celery in alive:
        if celery.conf.came_from(app.config):
            return celery
    for celery in alive:
        if celery.main in (app.name, app.import_name):
            return celery
    return alive[0] if len(alive) == 1 else None


def current_engine() -> QueueEngine:
    """The queue of the current application, else of the default Celery; NoApplicationError."""
    if has_app_context():
        engine = current_app.extensions.get(KEY)
        if isinstance(engine, QueueEngine):
            return engine
    celery = default_celery()
    if celery is None:
        raise NoApplicationError
    return celery.engine()


def _bind(app: Flask, **_: Any) -> None:
    if app in _bound:
        return
    with _binding:
        celery = celery_of(app)
        if app in _bound or celery is None:
            return
        theirs = KEY in app.extensions and app not in adopted
        if not theirs and not app._got_first_request:
            celery.queue.init_app(app)
        if app in celery.queue.applications:
            _bound.add(app)
            celery.configured(app.extensions[KEY])
