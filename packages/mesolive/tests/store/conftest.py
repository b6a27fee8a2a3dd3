from __future__ import annotations

from mesolive_testkit.store.fixtures import captured_logs

__all__ = ["captured_logs"]
