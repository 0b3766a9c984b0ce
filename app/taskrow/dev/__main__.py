"""A child of ``taskrow dev``: ``python -m taskrow.dev PARENT FILES MODULE ...`` runs a module.

It tells its parent which files it has loaded, and so do the processes that it starts.
"""

from __future__ import annotations

import os
import runpy
import sys

from taskrow.dev.reporting import FILES, report_modules
from taskrow.starting import die_with

if __name__ == "__main__":
    parent, files, module, *words = sys.argv[1:]
    die_with(int(parent))
    os.environ[FILES] = files
    report_modules()
    sys.argv = [module, *words]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
