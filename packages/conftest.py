"""What the tests of all packages share."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# An example takes as long as the machine lets it: only a test's own timeout ends it.
settings.register_profile("any_machine", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any_machine")
