"""The curves of a soak as one small SVG, written by hand: the soak needs no drawing library."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from math import floor, log10

from tests.soak.chaos import CUT, RUNNER, STOP, SUPERVISOR, WEB, WORKER
from tests.soak.record import Line
from tests.soak.shell import TABLES

_WIDTH, _HEIGHT, _LEFT, _TOP, _GAP = 400, 150, 48, 40, 64
_COLOURS = ("#1f6fb4", "#e08214", "#2e8b57", "#7b4fa3")
_FAULTS = {  # what each kind is called here, and its colour
    WORKER: ("whole worker", "#c0392b"),
    SUPERVISOR: ("supervisor alone", "#e08214"),
    RUNNER: ("runner", "#2e8b57"),
    WEB: ("web server", "#1f6fb4"),
    STOP: ("worker stopped", "#7f7f7f"),
    CUT: ("connections cut", "#7b4fa3"),
}
_GROUPS = ("web", "workers", "spared web", "spared worker")
_MOST_POINTS = 360  # of a line: more cannot be seen
_RECOVERY = "seconds until a killed worker's task ran again"
_STYLE = (
    "text{font:10px sans-serif;fill:#444}.t{font-size:12px;font-weight:bold}"
    "path{fill:none;stroke-width:1.2}.g{stroke:#ddd;stroke-width:.6}"
)


@dataclass(frozen=True)
class Panel:
    """One picture: its place, and the largest minute and value in it."""

    title: str
    column: int
    row: int
    minutes: float
    top: float

    def x(self, minute: float) -> float:
        left = _LEFT + self.column * (_WIDTH + _GAP)
        return left + _WIDTH * minute / self.minutes

    def y(self, value: float) -> float:
        bottom = _TOP + self.row * (_HEIGHT + _GAP) + _HEIGHT
        return bottom - _HEIGHT * value / self.top

    def frame(self) -> Iterator[str]:
        """Title, grid and numbers."""
        yield _text(self.x(0), self.y(self.top) - 22, self.title, more=' class="t"')
        for value in _ticks(self.top):
            level = self.y(value)
            yield f'<path class="g" d="M{self.x(0):.1f} {level:.1f}H{self.x(self.minutes):.1f}"/>'
            yield _text(self.x(0) - 4, level + 3, f"{value:,g}", more=' text-anchor="end"')
        for minute in _ticks(self.minutes):
            words = f"{minute:g} min" if minute == 0 else f"{minute:g}"
            yield _text(self.x(minute), self.y(0) + 14, words, more=' text-anchor="middle"')

    def line(self, samples: Sequence[Line], name: str, colour: str) -> str:
        """A curve through the samples, thinned out."""
        kept = samples[:: max(1, len(samples) // _MOST_POINTS)]
        points = (f"{self.x(one['minute']):.1f} {self.y(one[name]):.1f}" for one in kept)
        return f'<path stroke="{colour}" d="M{"L".join(points)}"/>'

    def legend(self, names: Sequence[str], colours: Sequence[str]) -> Iterator[str]:
        """Each name in its colour, above the picture."""
        left = self.x(0)
        for name, colour in zip(names, colours, strict=False):
            yield _text(left, self.y(self.top) - 8, name, more=f' style="fill:{colour}"')
            left += 5.4 * len(name) + 12


def draw(lines: dict[str, list[Line]]) -> str:
    """The whole picture: memory, descriptors, sizes, rows, work with its faults, and recovery."""
    samples = lines["sample"]
    minutes = max(line["minute"] for line in (*samples, *lines["fault"]))
    curves: tuple[tuple[str, int, int, list[str]], ...] = (
        ("memory (PSS), MiB", 0, 0, [f"{group} PSS" for group in _GROUPS]),
        ("descriptors", 1, 0, [f"{group} descriptors" for group in _GROUPS]),
        (
            "size of the database, MiB",
            0,
            1,
            [name for name in ("file", "WAL", "database") if name in samples[0]],
        ),
        ("rows", 1, 1, [f"rows of {table}" for table in TABLES]),
        ("tasks finished, and the faults", 0, 2, ["finished"]),
    )
    parts: list[str] = []
    for title, column, row, names in curves:
        highest = max(sample[name] for sample in samples for name in names)
        panel = Panel(title, column, row, minutes, 1.1 * highest or 1.0)
        parts += _curves(panel, names, samples)
    longest = max([2.5, *(line["seconds"] for line in lines["again"])])
    parts += _marks(Panel("", 0, 2, minutes, 1.0), lines["fault"])
    parts += _recovery(Panel(_RECOVERY, 1, 2, minutes, longest), lines["again"])
    width, height = 2 * (_WIDTH + _GAP) + 10, _TOP + 3 * (_HEIGHT + _GAP) + 24
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">'
    ground = '<rect width="100%" height="100%" fill="#fff"/>'
    return "\n".join([head, f"<style>{_STYLE}</style>{ground}", *parts, "</svg>\n"])


def _curves(panel: Panel, names: Sequence[str], samples: Sequence[Line]) -> Iterator[str]:
    yield from panel.frame()
    if len(names) > 1:
        yield from panel.legend([_plain(name) for name in names], _COLOURS)
    for name, colour in zip(names, _COLOURS, strict=False):
        yield panel.line(samples, name, colour)


def _marks(panel: Panel, faults: Sequence[Line]) -> Iterator[str]:
    """A row of strokes for each kind of fault that there was, below the curve."""
    happened = {fault["fault"] for fault in faults}
    for row, kind in enumerate(kind for kind in _FAULTS if kind in happened):
        name, colour = _FAULTS[kind]
        level = panel.y(0) + 22 + 11 * row
        strokes = "".join(
            f"M{panel.x(fault['minute']):.1f} {level:.1f}v8"
            for fault in faults
            if fault["fault"] == kind
        )
        yield f'<path stroke="{colour}" d="{strokes}"/>'
        yield _text(panel.x(panel.minutes) + 4, level + 7, name, f' style="fill:{colour}"')


def _plain(curve: str) -> str:
    """Without what the title of its panel says."""
    return curve.removesuffix(" PSS").removesuffix(" descriptors").removeprefix("rows of ")


def _recovery(panel: Panel, again: Sequence[Line]) -> Iterator[str]:
    yield from panel.frame()
    yield from panel.legend(*zip(_FAULTS[WORKER], _FAULTS[SUPERVISOR], strict=True))
    for line in again:
        place = f'cx="{panel.x(line["minute"]):.1f}" cy="{panel.y(line["seconds"]):.1f}"'
        yield f'<circle {place} r="2" fill="{_FAULTS[line["fault"]][1]}"/>'


def _ticks(top: float) -> Iterator[float]:
    """Round numbers from 0 up to ``top``, about four of them."""
    rough = top / 4
    power = 10 ** floor(log10(rough))
    step = power * next(round_ for round_ in (1, 2, 5, 10) if power * round_ >= rough)
    return (step * number for number in range(int(top / step) + 1))


def _text(x: float, y: float, words: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}"{more}>{escape(words)}</text>'
