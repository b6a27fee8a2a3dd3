"""Damages frames as a careless network or a hostile peer might."""

from __future__ import annotations

import random


def damaged(source: random.Random, frame: bytes) -> bytes:
    """Return a frame with a few of its bytes changed, dropped, added, repeated or cut off."""
    data = bytearray(frame)
    for _ in range(source.randint(1, 3)):
        at = source.randrange(len(data) + 1)
        match source.randrange(6):
            case 0:
                data[at : at + 1] = bytes((source.randrange(256),))
            case 1:
                del data[at : at + source.randrange(8)]
            case 2:
                data[at:at] = source.randbytes(source.randrange(8))
            case 3:
                start = source.randrange(len(data) + 1)
                data[at:at] = data[start : start + 40]
            case 4:
                data[at:at] = source.choice((b'"\\ud800"', b"[" * 1500, b"\x91" * 1500, b"\x1e", b"1e999", b"\xff"))
            case _:
                del data[at:]
    return bytes(data)
