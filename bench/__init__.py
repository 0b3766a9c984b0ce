"""taskrow beside its peers and beside bare sqlite3, in one run on one machine: ``python -m bench``.

What is measured is a **row** (bench/rows), who is measured a **contender** (bench/contenders.py).
Each contender runs in processes of its own, with an interpreter of its own where it has other
dependencies; what such a process does for a row it is **asked** (bench/asks), and how the contender
does it is its **lane** (bench/lanes).
"""

from __future__ import annotations
