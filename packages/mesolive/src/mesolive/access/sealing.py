"""Encryption of stored secrets at rest: AES-256-GCM with keys derived from the server's secret, and key rotation.

The text of a sealed secret names the key that sealed it, and is bound to where it is stored: a row that is copied to
another connection or another name does not open there.
"""

from __future__ import annotations

import base64
import binascii
import secrets

from mesolive.access.secret import ServerSecret

FORMAT = "v1"
NONCE_BYTES = 12
"""As NIST SP 800-38D recommends for random nonces; 2^32 seals with one key are safe."""


class SealedSecretError(Exception):
    """A stored secret cannot be opened; the text gives the reason and nothing of the secret."""


class Sealing:
    """Seals and opens secrets.

    Parameters
    ----------
    current
        The server's secret: it seals, and opens what it has sealed.
    previous
        The secret before a rotation: it only opens. `None` where there was no rotation.
    """

    def __init__(self, current: ServerSecret, previous: ServerSecret | None = None) -> None:
        self._current = _key_id(current)
        known = [current] if previous is None else [previous, current]
        self._keys = {_key_id(secret): secret.derive("connector-secrets") for secret in known}

    def __repr__(self) -> str:
        return "Sealing(…)"

    def seal(self, place: str, text: str) -> str:
        """Return `text` encrypted for a place, such as `connection 7: password`."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        cipher = _cipher(self._keys[self._current])
        sealed = nonce + cipher.encrypt(nonce, text.encode(), place.encode())
        return f"{FORMAT}:{self._current}:{base64.urlsafe_b64encode(sealed).decode()}"

    def open(self, place: str, sealed: str) -> str:
        """Return the text that was sealed for a place.

        Raises
        ------
        SealedSecretError
            When it was sealed with a key that is not known, for another place, or was changed since.
        """
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - as in `_cipher`

        form, _, rest = sealed.partition(":")
        key_id, _, body = rest.partition(":")
        key = self._keys.get(key_id) if form == FORMAT else None
        if key is None:
            raise SealedSecretError("it was encrypted with another server secret")
        try:
            raw = base64.b64decode(body, b"-_", validate=True)
            return _cipher(key).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], place.encode()).decode()
        except (InvalidTag, binascii.Error, ValueError):
            raise SealedSecretError("it was changed or belongs elsewhere") from None

    def is_openable(self, sealed: str) -> bool:
        """Return whether a known secret has sealed it."""
        return sealed.split(":")[1:2] != [] and sealed.split(":")[1] in self._keys

    def is_current(self, sealed: str) -> bool:
        """Return whether it was sealed with the current secret; `False` for one to be sealed again."""
        return sealed.startswith(f"{FORMAT}:{self._current}:")


def _key_id(secret: ServerSecret) -> str:
    return secret.derive("connector-secrets-id").hex()[:16]


def _cipher(key: bytes):  # noqa: ANN202 - a type of the library that is imported below
    # 30 ms and 8 MB: only a server that has connections with secrets pays for it, and no command line does.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

    return AESGCM(key)
