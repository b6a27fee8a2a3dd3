"""Server secret: a random value in a file or the environment, and the keys derived from it for each purpose."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import stat
from pathlib import Path

SECRET_FILE = "secret.key"  # noqa: S105 - a file's name
MIN_LENGTH = 32


class UnusableSecretError(Exception):
    """No usable secret; the text gives the reason and never the secret."""


class ServerSecret:
    """Derives the keys that sign tokens.

    Parameters
    ----------
    value
        The secret itself, of `MIN_LENGTH` characters or more.

    Raises
    ------
    UnusableSecretError
        When it is too short to be one.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        if len(value) < MIN_LENGTH:
            raise UnusableSecretError(f"the server's secret has {len(value)} characters; {MIN_LENGTH} are needed")
        self._value = value.encode()

    def __repr__(self) -> str:
        return "ServerSecret(…)"

    def derive(self, purpose: str) -> bytes:
        """Return 32 bytes for a purpose; other purposes, and the secret itself, cannot be derived from them."""
        return hmac.digest(self._value, purpose.encode(), hashlib.sha256)


def load_secret(directory: Path | None, given: str | None = None) -> ServerSecret:
    """Return the secret that was given, or the one kept in a directory, made there at the first start.

    Parameters
    ----------
    directory
        Where the database's file is; `None` where there is no such place.
    given
        The value of `MESOLIVE_SECRET_KEY`.

    Raises
    ------
    UnusableSecretError
        When there is neither, when others can read the file, or when it holds no secret.
    """
    if given:
        return ServerSecret(given)
    if directory is None:
        raise UnusableSecretError("set MESOLIVE_SECRET_KEY: this database has no directory that could keep a secret")
    file = directory / SECRET_FILE
    try:
        if not file.exists():
            _create(file)
        if stat.S_IMODE(file.stat().st_mode) & 0o077:
            raise UnusableSecretError(f"{file} can be read by others; run: chmod 600 {file}")
        return ServerSecret(file.read_text(encoding="ascii").strip())
    except (OSError, UnicodeDecodeError) as error:
        raise UnusableSecretError(f"{file} cannot be used: {error.__class__.__name__}") from error


def _create(file: Path) -> None:
    """Make the file in one step: two servers that start at once agree on one secret, and no half of it is ever read."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(secrets.token_hex(32) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        try:
            os.link(draft, file)
        except FileExistsError:
            return  # another process was first
    finally:
        draft.unlink()
