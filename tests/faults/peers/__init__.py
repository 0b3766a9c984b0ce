"""The scoreboard's portable cases, for taskrow and its peers by the same code.

A **case** (cases/) is written once against a **stage** (stage.py): a store, a producer that is
asked (agent.py), workers that are killed. Whom it is played for is a **system** (systems.py): a
library with its settings. How a library submits, looks and starts its worker is its **client**
(clients/), which runs in that library's own environment and imports nothing of taskrow.
"""

from __future__ import annotations
