"""Where the checkout is, and the recorded market data beside it."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[5]
"""The checkout."""

DOCS = ROOT / "docs"
PACKAGES = ROOT / "packages"
SHARED_DATA = ROOT.parent / "shared" / "data"
"""Recorded market data beside the checkout; tests that need it are marked `shared_data`."""
