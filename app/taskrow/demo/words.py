"""What a task says that has nothing to say."""

from __future__ import annotations

import random

_VERBS = (
    "Alphabetising", "Calming", "Counting", "Ironing", "Painting", "Persuading", "Polishing",
    "Rehearsing", "Tuning", "Untangling", "Watering", "Winding up",
)  # fmt: skip
_ADJECTIVES = (
    "borrowed", "chequered", "homesick", "invisible", "left-handed", "nocturnal", "polite",
    "slightly damp", "sleepy", "solar-powered", "unhurried", "well-read",
)  # fmt: skip
_NOUNS = (
    "accordions", "comets", "constellations", "haystacks", "lighthouses", "metronomes", "penguins",
    "spreadsheets", "staircases", "teapots", "umbrellas", "weathercocks",
)  # fmt: skip


def new_saying() -> str:
    """``Persuading sleepy penguins``, or something as important."""
    return " ".join(random.choice(words) for words in (_VERBS, _ADJECTIVES, _NOUNS))  # noqa: S311
