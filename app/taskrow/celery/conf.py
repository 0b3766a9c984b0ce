"""``celery.conf``: what has a meaning here is heeded, what has none is told, once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from importlib import import_module
from types import ModuleType
from typing import Any

from taskrow.celery.keys import MAPPED, UNHEEDED, celery_name, is_known, means_nothing
from taskrow.domain.checks import suggest

log = logging.getLogger("taskrow.celery")


class Conf(MutableMapping[str, Any]):
    """Celery's configuration: by attribute, by key, or whole with ``update(app.config)``.

    ``changed`` is called after each change.
    """

    def __init__(self, changed: Callable[[], None] = lambda: None) -> None:
        self._values: dict[str, Any] = {}
        self._sources: list[Mapping[str, Any]] = []
        self._untold: set[str] = set()
        self._told: set[str] = set()
        self._changed = changed

    def __getitem__(self, key: str) -> Any:
        return self._values[celery_name(key) or key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._put(key, value)
        self._changed()

    def __delitem__(self, key: str) -> None:
        del self._values[celery_name(key) or key]
        self._changed()

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __getattr__(self, key: str) -> Any:
        if key.startswith("_"):
            raise AttributeError(key)
        name = celery_name(key) or key
        if name not in self._values and not is_known(name):
            raise AttributeError(f"celery.conf has no {key!r}{suggest(name, sorted(MAPPED))}")
        return self._values.get(name)

    def __setattr__(self, key: str, value: Any) -> None:
        if key.startswith("_"):
            super().__setattr__(key, value)
        else:
            self[key] = value

    def update(self, other: Any = (), /, **more: Any) -> None:
        """Take over a mapping; of a whole Flask config only Celery's keys are judged."""
        if isinstance(other, Mapping):
            self._sources.append(other)
        for key, value in {**dict(other), **more}.items():
            self._put(key, value)
        self._changed()

    def came_from(self, config: Mapping[str, Any]) -> bool:
        """Whether this very mapping was given to :meth:`update`."""
        return any(source is config for source in self._sources)

    def read(self, source: Any, namespace: str | None = None) -> None:
        """``config_from_object``: a mapping, an object, or the name of a module or of one in it."""
        if isinstance(source, str):
            source = _named(source)
        found = source if isinstance(source, Mapping) else _attributes(source)
        prefix = f"{namespace}_".upper() if namespace else ""
        for key, value in found.items():
            if key.upper().startswith(prefix):
                plain = key[len(prefix) :]
                self._put(plain.lower() if prefix else plain, value)
        self._changed()

    def tell(self) -> None:
        """Log what is not heeded and was not told before."""
        new, self._untold = self._untold - self._told, set()
        self._told |= new
        if names := sorted(filter(means_nothing, new)):
            log.warning("there is no broker, so these keys mean nothing: %s", ", ".join(names))
        if names := sorted(name for name in new if name in UNHEEDED or not is_known(name)):
            log.warning("not heeded of celery.conf: %s", ", ".join(map(_near, names)))

    def _put(self, key: str, value: Any) -> None:
        name = celery_name(key)
        self._values[name or key] = value
        if name is not None and name not in MAPPED:
            self._untold.add(name)


def _near(name: str) -> str:
    return name if is_known(name) else f"{name} (unknown{suggest(name, sorted(MAPPED))})"


def _named(path: str) -> Any:
    """What ``package.module``, ``package.module:name`` or ``package.module.Name`` names in code."""
    module, _, name = path.partition(":")
    if name:
        return getattr(import_module(module), name)
    try:
        return import_module(path)
    except ModuleNotFoundError as error:
        parent, _, name = path.rpartition(".")
        if error.name != path or not parent:
            raise
        return getattr(import_module(parent), name)


def _attributes(source: object) -> dict[str, Any]:
    names = (name for name in dir(source) if not name.startswith("_"))
    found = {name: getattr(source, name) for name in names}
    # A module of settings holds what it imported too.
    return {key: v for key, v in found.items() if not callable(v) and not isinstance(v, ModuleType)}
