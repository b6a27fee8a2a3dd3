"""Terminal output: escaped control characters, ASCII JSON, contract names."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mesolive_sdk.models import LiveContract

__all__ = ["contract_text", "json_text", "visible"]

_ORDERING = frozenset("\u061c\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that end lines or turn the direction of what follows: a name with one shows what it is not."""
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")


def visible(text: str, *, lines: bool = False) -> str:
    r"""Return a text from outside with its control characters written out, such as `\x1b`.

    A terminal carries out escape sequences: a name could move the cursor, hide a line or set the window's title.

    Parameters
    ----------
    lines
        Keep line feeds.
    """
    if text.isprintable():
        return text
    return "".join(
        character if not _controls(character) or (lines and character == "\n") else _written_out(character)
        for character in text
    )


def json_text(value: object, *, indent: int = 2) -> str:
    """Return a value as the wire has it in JSON: indented, in ASCII, so that every output can encode it."""
    import msgspec  # noqa: PLC0415 - for the rest of the module, which writes plain texts, it need not be loaded

    from mesolive_sdk import wire  # noqa: PLC0415 - as above

    text = msgspec.json.format(wire.encode_json(value), indent=indent).decode()
    return _NOT_ASCII.sub(lambda match: json.dumps(match[0])[1:-1], text)


def contract_text(contract: LiveContract) -> str:
    """Return a contract's text, such as `SPXW 2026-02-20 6400 Put`."""
    expiration = "" if contract.Expiration is None else f"{contract.Expiration:%Y-%m-%d}"
    strike = "" if contract.Strike is None else f"{contract.Strike.normalize():f}"
    kind = "" if contract.OptionType is None else contract.OptionType.value
    return " ".join(part for part in (contract.Root or contract.Underlying.Symbol, expiration, strike, kind) if part)


def _controls(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Cs"} or character in _ORDERING


def _written_out(character: str) -> str:
    code = ord(character)
    return {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(character) or (
        f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
    )
