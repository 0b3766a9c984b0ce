"""Hours of ordinary work among faults: ``python -m tests.soak --minutes 60``."""
