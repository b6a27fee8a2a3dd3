"""Every table of the server on one `metadata`; one module per subject."""

from __future__ import annotations

import importlib

from mesolive.store.tables.base import metadata

SUBJECTS = (
    "access",
    "connectors",
    "idempotency",
    "journal",
    "notifications",
    "samples",
    "server",
    "settlements",
    "signals",
    "strategy_versions",
    "trading",
)
"""The modules of this package that define tables."""

for _subject in SUBJECTS:
    importlib.import_module(f"{__name__}.{_subject}")

__all__ = ["SUBJECTS", "metadata"]
