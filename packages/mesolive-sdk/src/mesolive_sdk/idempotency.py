"""Idempotency keys: safe retries of calls that change state."""

from __future__ import annotations

from uuid import uuid4

__all__ = ["new_idempotency_key"]


def new_idempotency_key(prefix: str = "") -> str:
    """Return a key that was never used.

    Keep it until the answer has come: a retry with the same key never carries the operation out twice.

    Parameters
    ----------
    prefix
        What to begin it with, to tell keys apart in a log; at most 90 of the characters `A–Z a–z 0–9 . _ : -`.
    """
    return f"{prefix}-{uuid4()}" if prefix else str(uuid4())
