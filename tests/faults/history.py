"""What clients and tasks saw, and whether one sequence of events explains it all.

Whoever breaks things on purpose (the simulation, the kill tests, the upgrades, the soak) notes here
what was accepted, begun and told, and asks in the end what is wrong with it. It must be that

- every accepted task is there, and has ended when the faults have stopped;
- no attempt is begun twice, and only the highest one that began ends the task, with its own result;
- whatever succeeds, or is recorded as failed, has begun;
- what is read of a task never goes back (see :meth:`Told.can_follow`), and an end stays as it is;
- the attempts rise by one: each before the end is recorded once, as failed, lost or cancelled.

The last one needs the table of attempts, which says why a number was never begun: its worker died
before. The soak purges while it runs and asks over HTTP, so there it cannot be checked. An attempt
that had begun and was released would begin again under its number: nobody here stops workers for
longer than their grace, and nobody retries by hand.
"""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

Attempt = tuple[str, int, str]  # the id of a task, the number, and what task_attempts says of it
FINAL = {"succeeded", "failed", "cancelled"}
_OF_AN_ATTEMPT = {"running", "succeeded", "failed"}  # the others are of a task between two


@dataclass(frozen=True)
class Told:
    """What somebody read of a task at some moment."""

    status: str
    attempt: int
    result: Any = None

    @property
    def final(self) -> bool:
        return self.status in FINAL

    def can_follow(self, before: Told) -> bool:
        """Whether a task that was so may be so later.

        How many attempts are used up never falls: one that runs is not yet, as it may be released,
        and then the task waits with a number less.
        """
        if before.final:
            return self == before
        used = before.attempt - (before.status == "running")
        return self.attempt - (self.status in _OF_AN_ATTEMPT) >= used


_SUBMITTED = Told("scheduled", 0)


class History:
    """One run. Notes may come from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._accepted: set[str] = set()
        self._told: dict[str, Told] = {}
        self._begun: dict[str, list[int]] = defaultdict(list)
        self._went_back: list[str] = []

    def accepted(self, task_id: str) -> None:
        """A submit returned, or was answered with 202."""
        with self._lock:
            self._accepted.add(task_id)

    def begun(self, task_id: str, attempt: int) -> None:
        """The function of a task noted that it was called."""
        with self._lock:
            self._begun[task_id].append(attempt)

    def told(self, task_id: str, told: Told) -> None:
        """Somebody read the row."""
        with self._lock:
            before = self._told.get(task_id, _SUBMITTED)
            if not told.can_follow(before):
                self._went_back.append(f"{task_id} was {before} and is {told}")
            self._told[task_id] = told

    @property
    def counts(self) -> Counter[str]:
        """How many tasks stand where, as was last told."""
        with self._lock:
            return Counter(
                self._told[one].status if one in self._told else "untold" for one in self._accepted
            )

    @property
    def second_attempts(self) -> int:
        """How many tasks were begun more than once."""
        return sum(len(attempts) > 1 for attempts in self._begun.values())

    @property
    def begins(self) -> int:
        """How many attempts were begun."""
        return sum(len(attempts) for attempts in self._begun.values())

    def wrongs(
        self,
        effects: Iterable[str] | None = None,
        *,
        attempts: Iterable[Attempt] | None = None,
        is_over: bool = True,
    ) -> list[str]:
        """What cannot be, now that everything should be over; or not yet.

        effects: the ids of the tasks whose write was found in the users' own table; whoever returns
        ``"with effect"`` must be there once, and nobody else. attempts: all that is recorded of
        attempts which did not succeed. None: nobody knows.
        """
        wrongs = [*self._went_back, *self._wrong_begins(), *self._wrong_ends()]
        if is_over:
            wrongs += self._unfinished()
        if attempts is not None:
            wrongs += self._wrong_records(attempts)
        if effects is not None:
            wrongs += self._wrong_effects(Counter(effects))
        return wrongs

    def _unfinished(self) -> Iterator[str]:
        for task_id in self._accepted:
            told = self._told.get(task_id)
            if told is None:
                yield f"{task_id} was accepted and is not there"
            elif not told.final:
                yield f"{task_id} is still {told.status}"

    def _wrong_begins(self) -> Iterator[str]:
        for task_id, attempts in self._begun.items():
            # One may be missing (killed before it began) or late (a zombie's): none comes twice.
            if len(set(attempts)) != len(attempts):
                yield f"{task_id} was begun as attempts {attempts}"
            told = self._told.get(task_id)
            if told is not None and told.final and told.attempt < max(attempts):
                yield f"{task_id} ended as attempt {told.attempt}, but {max(attempts)} had begun"

    def _wrong_ends(self) -> Iterator[str]:
        for task_id, told in self._told.items():
            if told.status == "succeeded" and told.attempt not in self._begun.get(task_id, ()):
                yield f"{task_id} succeeded as attempt {told.attempt}, which never began"
            if isinstance(told.result, dict):
                recorded = told.result.get("attempt", told.attempt)
                if recorded != told.attempt:
                    yield f"{task_id} ended as attempt {told.attempt} with the result of {recorded}"

    def _wrong_records(self, recorded: Iterable[Attempt]) -> Iterator[str]:
        outcomes: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for task_id, attempt, outcome in recorded:
            outcomes[task_id].append((attempt, outcome))
        for task_id, told in self._told.items():
            ended = sorted(outcomes[task_id])
            last = told.attempt - (told.status == "succeeded")
            if told.final and [attempt for attempt, _ in ended] != [*range(1, last + 1)]:
                yield f"{task_id} is {told}, and the attempts that did not succeed are {ended}"
            for attempt, outcome in ended:
                if outcome == "failed" and attempt not in self._begun.get(task_id, ()):
                    yield f"{task_id} failed as attempt {attempt}, which never began"

    def _wrong_effects(self, found: Counter[str]) -> Iterator[str]:
        for task_id, times in found.items():
            if times != 1:
                yield f"{task_id} had its effect {times} times"
        for task_id, told in self._told.items():
            should = told.status == "succeeded" and told.result == "with effect"
            if should != (task_id in found):
                yield f"{task_id} is {told}, and has {found[task_id]} effects"
