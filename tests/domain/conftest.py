"""How hypothesis works here: nothing is kept between runs, and a slow machine is no failure."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile(
    "taskrow", database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("taskrow")
