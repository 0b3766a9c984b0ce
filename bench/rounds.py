"""A round: each contender of a group of rows is measured once, in turns.

The order is turned around from round to round, so that the moods of disk and machine hit all alike.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.contenders import BY_NAME, QUICK, Contender
from bench.figures import Figures, Row, Values
from bench.places import Places
from bench.remote import NoAnswer, Remote


@dataclass(frozen=True)
class Group:
    """Rows that are measured together."""

    rows: tuple[Row, ...]
    contenders: tuple[str, ...]
    run: Callable[[Round], None]
    quick: frozenset[str] = QUICK  # of the contenders, those of a quick run


@dataclass
class Round:
    """One round of one group."""

    group: Group
    contenders: Sequence[Contender]
    places: Places
    figures: Figures
    quick: bool
    rows: frozenset[str]  # those that were asked for

    def size(self, full: int, quick: int, contender: Contender | None = None) -> int:
        """How many, in this kind of run; fewer for a slow contender."""
        share = 1.0 if contender is None else contender.share
        return max(20, int((quick if self.quick else full) * share))

    def record(
        self, row: str, contender: Contender, values: Values, variant: str = "", title: str = ""
    ) -> None:
        """Keep a sample, and tell it. ``variant``: of a contender that has several lines in a row.

        A variant's line has a title of its own.
        """
        name, title = f"{contender.name}{variant}", title or contender.title
        self.figures.add(row, name, values)
        self.figures.titles[name] = title
        told = "  ".join(f"{key} {value:,.5g}" for key, value in values.items())
        print(f"{row:<18} {title:<34} {told}", file=sys.stderr, flush=True)

    def each(self) -> Iterator[Contender]:
        """The contenders, one after the other."""
        yield from self.contenders

    @contextmanager
    def noting(self, contender: Contender) -> Iterator[None]:
        """Why a contender cannot be measured stands where its figures would."""
        try:
            yield
        except NoAnswer as why:
            for row in self.group.rows:
                if not self.figures.values(row.name, contender.name, row.columns[0].key):
                    self.figures.note_missing(row.name, contender.name, str(why))
                    self.figures.titles[contender.name] = contender.title
            print(f"{contender.title}: {why}", file=sys.stderr, flush=True)

    @contextmanager
    def open(self, contender: Contender) -> Iterator[Remote]:
        """A contender at work on a fresh store. NoAnswer where it cannot be."""
        with (
            tempfile.TemporaryDirectory(dir=self.places.directory) as directory,
            self.places.store(contender) as (python, url),
            Remote(contender, python, Path(directory), url) as remote,
        ):
            if contender.name not in self.figures.durability:
                answer = remote.ask("durability")
                self.figures.durability[contender.name] = answer["words"]
                self.figures.versions |= answer["versions"]
            yield remote

    @contextmanager
    def all_open(self) -> Iterator[list[Remote]]:
        """All that can be opened, at once: so they can take turns."""
        with ExitStack() as stack:
            remotes = []
            for contender in self.contenders:
                with self.noting(contender):
                    remotes.append(stack.enter_context(self.open(contender)))
            yield remotes


def run_rounds(
    groups: Sequence[Group],
    places: Places,
    *,
    rows: frozenset[str],
    contenders: frozenset[str],
    repeats: int,
    quick: bool,
    keep: Callable[[Figures], None],
) -> Figures:
    """Run all groups, each so many times; ``keep`` is given what there is after each of them."""
    figures = Figures()
    for group in groups:
        wanted = contenders & group.quick if quick else contenders
        chosen = [BY_NAME[name] for name in group.contenders if name in wanted]
        for turn in range(repeats if chosen else 0):
            ordered = chosen if turn % 2 == 0 else chosen[::-1]
            group.run(Round(group, ordered, places, figures, quick, rows))
            keep(figures)
    return figures


def named(names: Sequence[str], groups: Sequence[Group]) -> tuple[list[Group], frozenset[str]]:
    """The groups of the rows with these names, and the rows; of all where none is named."""
    rows: Mapping[str, Group] = {row.name: group for group in groups for row in group.rows}
    wanted = frozenset(names or rows)
    return [g for g in groups if any(row.name in wanted for row in g.rows)], wanted
