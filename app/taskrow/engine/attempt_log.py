"""What an attempt says through ``logging``: its newest records, to be kept with the task.

A handler on the root logger gives each record to the attempt in whose context it was made; threads
and tasks of asyncio that run in a copy of that context belong to it, others do not.
"""

from __future__ import annotations

import logging
from collections import deque
from contextvars import ContextVar
from datetime import UTC, datetime

from taskrow.domain.text import storable
from taskrow.domain.times import to_text
from taskrow.errors import SoftTimeout

MOST_RECORDS = 100
MOST_BYTES = 16 * 1024
_HEAD, _TAIL = 1000, 3000  # characters of one record: what it says, and the end of its traceback
_current: ContextVar[AttemptLog | None] = ContextVar("taskrow_attempt_log", default=None)


class AttemptLog:
    """The newest records of one attempt, as lines of text. Made for each; costs little unused."""

    __slots__ = ("_bytes", "_dropped", "_is_over", "_lines", "_news", "_sent_at", "_stored")
    _news: bool
    _sent_at: float

    def __init__(self) -> None:
        self._lines: deque[tuple[str, int]] | None = None  # the rest is there when this is
        self._is_over = False

    def begin(self) -> None:
        """From now on what is logged in this context belongs to it."""
        _current.set(self)

    def end(self) -> str | None:
        """It is over, and keeps nothing more; returns its text, None where it said nothing."""
        self._is_over = True
        return self._text()

    def store(self) -> str | None:
        """Its text so far, which goes with the task's own commit."""
        if self._lines is not None:
            self._stored = self._count()
        return self._text()

    def end_stored(self) -> str | None:
        """As :meth:`end`, but None where it said nothing since :meth:`store`."""
        text = self.end()
        return None if text is None or self._count() == self._stored else text

    def news(self, moment: float, every: float) -> str | None:
        """Its text, where it said more since this was asked; at most every so many seconds."""
        if self._lines is None or not self._news or moment - self._sent_at < every:
            return None
        self._sent_at, self._news = moment, False
        return self._text()

    def add(self, line: str) -> None:
        """One more record, in the handler's lock; the oldest make room for it."""
        if self._is_over:
            return
        lines = self._begin() if self._lines is None else self._lines
        size = len(line.encode()) + 1
        lines.append((line, size))
        self._bytes += size
        self._news = True
        while len(lines) > MOST_RECORDS or self._bytes > MOST_BYTES:
            self._bytes -= lines.popleft()[1]
            self._dropped += 1

    def _begin(self) -> deque[tuple[str, int]]:
        self._bytes = self._dropped = self._stored = 0
        self._sent_at, self._news = 0.0, False
        self._lines = deque()
        return self._lines

    def _count(self) -> int:
        return self._dropped + len(self._lines or ())

    def _text(self) -> str | None:
        if not self._lines:
            return None
        lines = [line for line, _ in self._lines.copy()]
        head = [f"({self._dropped} earlier records were dropped)"] if self._dropped else []
        return "\n".join(head + lines)


class LogKeeper(logging.Handler):
    """The handler that knows the current attempt."""

    def __init__(self, level: str | None) -> None:
        super().__init__()
        self._is_on = level is not None
        self.setLevel(level or logging.NOTSET)
        self._formatter = logging.Formatter("%(levelname)s %(name)s: %(message)s")

    def install(self) -> None:
        """Take the root logger's records.

        Where nobody has configured logging, its level falls to ours, so that there are records;
        an application that has chosen its levels keeps them.
        """
        root = logging.getLogger()
        if self._is_on and not root.handlers and root.level > self.level:
            root.setLevel(self.level)
        self.ensure()

    def ensure(self) -> None:
        """Be there again, after a task that configured logging itself."""
        if self._is_on and self not in logging.root.handlers:
            logging.root.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record; whatever is wrong with it is its own line, and no error."""
        log = _current.get()
        if log is not None:
            log.add(self._line(record))
        last = logging.lastResort
        if last is not None and record.levelno >= last.level and self._is_alone_with(record):
            last.handle(record)  # without us it would have been printed so

    def _line(self, record: logging.LogRecord) -> str:
        try:
            at = to_text(datetime.fromtimestamp(record.created, UTC))
            text = f"{at} {self._formatter.format(record)}"
        except SoftTimeout:
            raise  # it was meant for the task
        except Exception as error:  # noqa: BLE001 - a task may log anything
            kind = type(error).__qualname__
            at = to_text(datetime.now(UTC))
            text = f"{at} {record.levelname} {record.name}: (it cannot be read: {kind} was raised)"
        return _shortened(storable(_shortened(text)))  # an escape is longer than what it is for

    def _is_alone_with(self, record: logging.LogRecord) -> bool:
        logger: logging.Logger | None = logging.getLogger(str(record.name))
        while logger is not None:
            if any(handler is not self for handler in logger.handlers):
                return False
            logger = logger.parent if logger.propagate else None
        return True


def _shortened(text: str) -> str:
    if len(text) <= _HEAD + _TAIL + 100:  # and what was shortened before stays as it is
        return text
    left_out = len(text) - _HEAD - _TAIL
    return f"{text[:_HEAD]}\n... {left_out} characters left out ...\n{text[-_TAIL:]}"
