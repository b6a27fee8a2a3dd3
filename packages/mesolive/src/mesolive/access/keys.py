"""API keys: signed tokens (JWT) that name a user, expire, and can be revoked.

A token is shown once, when it is made, and is stored nowhere: the database keeps its id alone.
Tokens expire by the wall clock, whatever the market's time is.
"""

from __future__ import annotations

import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select, update

from mesolive.access.announcing import Announcer
from mesolive.access.context import Role, UserContext
from mesolive.access.secret import SECRET_FILE, ServerSecret, UnusableSecretError, load_secret
from mesolive.clock import Clock, WallClock
from mesolive.errors import not_found, validation
from mesolive.lean_imports import without
from mesolive.store.database import Database, Transaction, WriteTransaction
from mesolive.store.tables.access import api_keys, users
from mesolive_sdk.models import AccessChange

# Keys are signed by HMAC. For PyJWT's other algorithms it would import 49 modules.
with without("cryptography"):
    import jwt

ALGORITHM = "HS256"
ISSUER = "mesolive"
DEFAULT_DAYS = 365
MAX_DAYS = 3650
MAX_NAME = 64
MAX_LABEL = 200
MAX_TOKEN = 2048
"""The maximum length of a token in characters; tokens of this server have about 300."""

KEYS_PER_QUERY = 500

_KEY_ID = re.compile(r"[0-9a-f]{16}", re.ASCII)
_USER_ID = re.compile(r"[0-9]{1,18}", re.ASCII)
"""The formats of ids in signed tokens; any other id is rejected before it reaches the database."""

USE_STEP = timedelta(minutes=5)
"""Accuracy of the time of last use of a key: each use does not cost a write."""

MAX_ADDRESS = 64

CACHED_KEYS = 1024
CACHE_SECONDS = 5.0
"""Seconds for which an accepted key is cached: a key that another process revokes works that much longer."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key as stored, without its token.

    Attributes
    ----------
    key_id
        The token's id; safe to show.
    user_name
        Whose key it is.
    label
        The owner's label of the key.
    created_at, expires_at
        From when to when it works.
    revoked_at
        When it was revoked, or `None`.
    role
        What it may do.
    last_used_at, last_address
        When a connection was open with it last, to some minutes, and from where; `None` for never, and not known.
    """

    key_id: str
    user_name: str
    label: str | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    role: Role = Role.TRADE
    last_used_at: datetime | None = None
    last_address: str | None = None


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """A key that was just made, with its token. The token does not show in its representation.

    Attributes
    ----------
    key
        The key as stored.
    token
        The token that clients present; it is not stored and cannot be shown again.
    """

    key: ApiKey
    token: str

    def __repr__(self) -> str:
        return f"NewApiKey(key={self.key!r}, token=…)"


class Access:
    """Creates, lists, revokes and authenticates API keys.

    Parameters
    ----------
    database
        Where users and keys are.
    secret
        Signs the tokens.
    clock
        Wall time.
    monotonic
        Seconds that only grow: the age of what is cached.
    """

    def __init__(
        self,
        database: Database,
        secret: ServerSecret,
        clock: Clock | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._key = secret.derive("api-keys")
        self._kid = secret.derive("api-keys-id").hex()[:16]
        self._clock = clock or WallClock()
        self._monotonic = monotonic
        self._accepted: OrderedDict[str, tuple[float, UserContext]] = OrderedDict()
        self._used: dict[str, tuple[datetime, str | None]] = {}
        self._presented: dict[str, str | None] = {}
        self._revocations = 0
        self.announcer = Announcer()
        """Tells the owner's event log of keys and sessions."""

    async def user(self, name: str) -> UserContext:
        """Return the user of that name, for what is done on their behalf without a key, as the command line does.

        Raises
        ------
        ServiceError
            `NotFound` when there is none.
        """
        async with self._database.read() as tx:
            row = await tx.first(select(users.c.id).where(users.c.name == name))
        if row is None:
            raise not_found(f"user {name!r}")
        return UserContext(row.id, name, "")

    async def user_names(self, limit: int = 1000) -> list[str]:
        """Return the names of the users, oldest first."""
        async with self._database.read() as tx:
            rows = await tx.all(select(users.c.name).order_by(users.c.id).limit(limit))
        return [row.name for row in rows]

    async def create_user(self, name: str) -> None:
        """Make a user without a key; one of that name may be there already.

        Raises
        ------
        ServiceError
            `ValidationError` when the name is out of bounds.
        """
        if problems := _name_problems(name):
            raise validation(problems)
        async with self._database.write() as tx:
            if await _user_id(tx, name) is None:
                await _create_user(tx, name, self._clock.now().replace(microsecond=0))

    async def create_key(
        self,
        user_name: str,
        label: str | None = None,
        days: int = DEFAULT_DAYS,
        role: Role = Role.TRADE,
        by: str | None = None,
    ) -> NewApiKey:
        """Make a key for a user; a user who is new is made too.

        Parameters
        ----------
        user_name
            1 to 64 printable characters.
        label
            What the key is for; up to 200 characters.
        days
            How long it works, 1 to 3650.
        role
            What it may do.
        by
            The key or session that asks for it; `None` for the command line.

        Raises
        ------
        ServiceError
            `ValidationError` when an argument is out of bounds.
        """
        problems = _name_problems(user_name)
        if label is not None and (len(label) > MAX_LABEL or not label.isprintable()):
            problems["Label"] = [
                f"expected at most {MAX_LABEL} printable characters, got {len(label)} characters: {label[:20]!r}"
            ]
        if not 1 <= days <= MAX_DAYS:
            problems["ExpiresDays"] = [f"expected 1 to {MAX_DAYS}, got {days}"]
        if problems:
            raise validation(problems)
        now = self._clock.now().replace(microsecond=0)
        key = ApiKey(secrets.token_hex(8), user_name, label, now, now + timedelta(days=days), None, role)
        async with self._database.write() as tx:
            user_id = await _user_id(tx, user_name) or await _create_user(tx, user_name, now)
            await tx.execute(
                insert(api_keys).values(
                    key_id=key.key_id,
                    user_id=user_id,
                    label=label,
                    created_at=key.created_at,
                    expires_at=key.expires_at,
                    role=role.value,
                )
            )
            await self.announcer.announce(
                tx, user_id, AccessChange.KeyCreated, now, role, key_id=key.key_id, label=label, by=by
            )
        return NewApiKey(key, self._sign(user_id, key))

    async def list_keys(self, user_name: str | None = None, limit: int = 1000) -> list[ApiKey]:
        """Return the keys of a user, or of all users, newest first; at most `limit`."""
        query = (
            select(api_keys, users.c.name)
            .join(users, users.c.id == api_keys.c.user_id)
            .order_by(api_keys.c.created_at.desc(), api_keys.c.key_id)
            .limit(limit)
        )
        if user_name is not None:
            query = query.where(users.c.name == user_name)
        async with self._database.read() as tx:
            rows = await tx.all(query)
        return [
            ApiKey(
                key_id=row.key_id,
                user_name=row.name,
                label=row.label,
                created_at=row.created_at,
                expires_at=row.expires_at,
                revoked_at=row.revoked_at,
                role=Role(row.role or Role.TRADE),
                last_used_at=row.last_used_at,
                last_address=row.last_address,
            )
            for row in rows
        ]

    async def revoke(self, key_id: str, by: str | None = None) -> None:
        """Revoke a key: at once in this process, within `CACHE_SECONDS` in others.

        Revoking it again changes nothing.

        Parameters
        ----------
        by
            The key or session that asks for it; `None` for the command line.

        Raises
        ------
        ServiceError
            `NotFound` when there is no such key.
        """
        async with self._database.write() as tx:
            if await tx.first(select(api_keys.c.key_id).where(api_keys.c.key_id == key_id)) is None:
                raise not_found(f"API key {key_id!r}")
            await self.store_revocation(tx, key_id, self._clock.now(), by)

    async def store_revocation(self, tx: WriteTransaction, key_id: str, at: datetime, by: str | None = None) -> None:
        """Store the revocation of a key within a transaction; an earlier revocation keeps its time."""
        row = await tx.first(
            update(api_keys)
            .where(api_keys.c.key_id == key_id, api_keys.c.revoked_at.is_(None))
            .values(revoked_at=at)
            .returning(api_keys.c.user_id, api_keys.c.label, api_keys.c.role)
        )
        tx.after_commit(lambda: self._forget(key_id))
        if row is not None:
            role = Role(row.role or Role.TRADE)
            await self.announcer.announce(
                tx, row.user_id, AccessChange.KeyRevoked, at, role, key_id=key_id, label=row.label, by=by
            )

    async def authenticate(self, token: str, address: str | None = None) -> UserContext | None:
        """Return the user of a token, or `None` when the token is invalid, expired, revoked, or that of an agent.

        Parameters
        ----------
        address
            From where it is presented; `None` where that is not known.
        """
        user = await self._identify(token, address)
        return None if user is None or user.role is Role.AGENT else user

    async def authenticate_agent(self, token: str, address: str | None = None) -> UserContext | None:
        """Return the user of an agent's token, or `None` when it does not work or is no agent's."""
        user = await self._identify(token, address)
        return user if user is not None and user.role is Role.AGENT else None

    async def _identify(self, token: str, address: str | None) -> UserContext | None:
        claims = self._verify(token)
        if claims is None:
            return None
        key_id, user_id, expires_at = claims
        if key_id in self._database.emergency.revoked_keys():
            return None
        cached = self._accepted.get(key_id)
        if cached is not None and cached[0] > self._monotonic() and cached[1].user_id == user_id:
            self._accepted.move_to_end(key_id)
            self._presented[key_id] = address
            return cached[1]
        revocations = self._revocations
        async with self._database.read() as tx:
            row = await tx.first(
                select(users.c.id, users.c.name, api_keys.c.role)
                .join(api_keys, api_keys.c.user_id == users.c.id)
                .where(api_keys.c.key_id == key_id, users.c.id == user_id, api_keys.c.revoked_at.is_(None))
            )
        if row is None:
            return None
        user = UserContext(row.id, row.name, key_id, expires_at, Role(row.role or Role.TRADE))
        self._presented[key_id] = address
        if revocations == self._revocations:  # else the row may have been read before a revocation
            self._accepted[key_id] = (self._monotonic() + CACHE_SECONDS, user)
            self._accepted.move_to_end(key_id)
            while len(self._accepted) > CACHED_KEYS:
                self._accepted.popitem(last=False)
        return user

    async def revoked(self, key_ids: Collection[str]) -> set[str]:
        """Return which of these keys have been revoked, by any process, and drop them from the cache."""
        wanted = sorted(key_ids)
        working: set[str] = set()
        async with self._database.read() as tx:
            for first in range(0, len(wanted), KEYS_PER_QUERY):
                part = wanted[first : first + KEYS_PER_QUERY]
                rows = await tx.all(
                    select(api_keys.c.key_id).where(api_keys.c.key_id.in_(part), api_keys.c.revoked_at.is_(None))
                )
                working.update(row.key_id for row in rows)
        gone = set(wanted) - (working - set(self._database.emergency.revoked_keys()))
        for key_id in gone:
            self._forget(key_id)
        return gone

    async def note_use(self, connected: Mapping[str, str | None]) -> None:
        """Store which keys are used now: those that were presented since the last call, and those of connections.

        A key is written at most every `USE_STEP`, and when it is used from another address.

        Parameters
        ----------
        connected
            By key of an open connection from where it comes; `None` where that is not known.
        """
        presented, self._presented = self._presented, {}
        addresses = {**connected, **presented}
        now = self._clock.now()
        due = [
            key_id
            for key_id, address in addresses.items()
            if (used := self._used.get(key_id)) is None or now - used[0] >= USE_STEP or used[1] != address
        ]
        if not due:
            return
        async with self._database.write() as tx:
            for key_id in due:
                values = {"last_used_at": now, "last_address": _bounded(addresses[key_id])}
                used = update(api_keys).where(api_keys.c.key_id == key_id, api_keys.c.revoked_at.is_(None))
                await tx.execute(used.values(values))
        self._used.update({key_id: (now, addresses[key_id]) for key_id in due})

    def _forget(self, key_id: str) -> None:
        self._revocations += 1
        self._accepted.pop(key_id, None)

    def _sign(self, user_id: int, key: ApiKey) -> str:
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "sub": str(user_id),
            "jti": key.key_id,
            "iat": key.created_at,
            "exp": key.expires_at,
        }
        # pyright cannot see one kind of key, which needs a library that we do not.
        return jwt.encode(  # pyright: ignore[reportUnknownMemberType]
            claims, self._key, algorithm=ALGORITHM, headers={"kid": self._kid}
        )

    def _verify(self, token: str) -> tuple[str, int, datetime] | None:
        """Return the key's id, the user's and its end, or `None` for an invalid signature or an expired token."""
        if len(token) > MAX_TOKEN:
            return None
        try:
            decoded = jwt.decode_complete(  # pyright: ignore[reportUnknownMemberType] - as above
                token,
                self._key,
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                # The times are compared below, with the clock that was given.
                options={"require": ["iss", "sub", "jti", "iat", "exp"], "verify_exp": False, "verify_iat": False},
            )
            if decoded["header"].get("kid") != self._kid:
                return None
            claims: dict[str, Any] = decoded["payload"]
            key_id, subject, expires = claims["jti"], claims["sub"], datetime.fromtimestamp(claims["exp"], UTC)
        # JSON may have any type in any place, and more brackets than Python follows, also before the signature.
        except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError, OSError, RecursionError):
            return None
        if not (isinstance(key_id, str) and _KEY_ID.fullmatch(key_id)):
            return None
        if not (isinstance(subject, str) and _USER_ID.fullmatch(subject)) or expires <= self._clock.now():
            return None
        return key_id, int(subject), expires


async def secret_of(database: Database, directory: Path | None, given: str | None) -> ServerSecret:
    """Return the server's secret; see `load_secret`. A new one is made only where no active key exists.

    Raises
    ------
    UnusableSecretError
        When there is none that can be used, or its file is missing beside a database with keys that it signed.
    """
    if not given and directory is not None and not (directory / SECRET_FILE).exists():
        async with database.read() as tx:
            row = await tx.first(select(api_keys.c.key_id).where(api_keys.c.revoked_at.is_(None)).limit(1))
        if row is not None:
            raise UnusableSecretError(
                f"{directory / SECRET_FILE} is missing, and this database has API keys that it signed: put it back "
                "from a backup, or set MESOLIVE_SECRET_KEY (made by openssl rand -hex 32) and make all keys anew"
            )
    return load_secret(directory, given)


def _bounded(address: str | None) -> str | None:
    return None if address is None else address[:MAX_ADDRESS]


def _name_problems(name: str) -> dict[str, list[str]]:
    if 1 <= len(name) <= MAX_NAME and name.isprintable() and name == name.strip():
        return {}
    return {"User": [f"expected 1 to {MAX_NAME} printable characters"]}


async def _user_id(tx: Transaction, name: str) -> int | None:
    return await tx.scalar(select(users.c.id).where(users.c.name == name))


async def _create_user(tx: WriteTransaction, name: str, now: datetime) -> int:
    return await tx.scalar(insert(users).values(name=name, created_at=now).returning(users.c.id))
