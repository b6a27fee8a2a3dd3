"""Browser sessions: one-time sign-in codes, session cookies, expiry, revocation and recent proof of identity.

A browser presents a code or an API key once and gets a random cookie. The database keeps a digest of it. A session ends
by sign-out, by revocation (its own or that of the key it began with), after `IDLE` without use, or after `LIFE`.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Row, and_, delete, insert, or_, select, update

from mesolive.access.context import Role, UserContext
from mesolive.access.keys import Access
from mesolive.access.refusals import RefusedSignIns
from mesolive.clock import Clock, WallClock
from mesolive.errors import forbidden, not_found
from mesolive.store.database import Database, WriteTransaction
from mesolive.store.tables.access import api_keys, portal_codes, portal_sessions, users
from mesolive_sdk.models import AccessChange

IDLE = timedelta(hours=12)
LIFE = timedelta(days=7)
CODE_LIFE = timedelta(minutes=10)
RETENTION = timedelta(days=90)
"""How long sessions are kept after their end, for the record."""

RECENT = timedelta(minutes=15)
"""How long after a key or a code was presented a session may do what moves limits of live accounts."""

SEEN_STEP = timedelta(minutes=1)
"""Accuracy of the time of last use: each use does not cost a write."""

MAX_SESSIONS = 100
"""Sessions of one user that are not ended; a new one ends the one that was used least recently."""

MAX_AGENT = 200
MAX_ADDRESS = 64
MAX_SECRET = 200
"""The maximum length of a cookie or a code in characters; those of this server have 43 and 22."""

SIGN_IN_AGAIN = "SignInAgain"
"""`Error.Code` when an action needs a sign-in of the last minutes."""


class SessionInfo(Struct, frozen=True):
    """A session as stored, without its cookie.

    Attributes
    ----------
    session_id
        Safe to show and to log.
    key_id
        The API key that it began with; `None` where it began with a code.
    user_agent, address
        The browser and its address, as they were at sign-in.
    proved_at
        When a key or a code was presented last.
    """

    session_id: str
    user_id: int
    user_name: str
    key_id: str | None
    role: Role
    user_agent: str
    address: str
    created_at: datetime
    proved_at: datetime
    seen_at: datetime
    expires_at: datetime
    ended_at: datetime | None

    @property
    def user(self) -> UserContext:
        """The caller of the session."""
        name = f"session:{self.session_id}"
        return UserContext(self.user_id, self.user_name, name, self.expires_at, self.role, self.session_id)


class NewSession(Struct, frozen=True):
    """A session that has just begun, with its cookie, which does not show in its representation."""

    info: SessionInfo
    cookie: str

    def __repr__(self) -> str:
        return f"NewSession(info={self.info!r}, cookie=…)"


class Sessions:
    """Begins, finds, lists and ends sessions of browsers.

    Parameters
    ----------
    database
        Where sessions and codes are.
    access
        Verifies API keys.
    clock
        Wall time.

    Attributes
    ----------
    refused
        Counts the sign-ins that were refused, and tells of them.
    """

    def __init__(self, database: Database, access: Access, clock: Clock | None = None) -> None:
        self._database = database
        self._access = access
        self._clock = clock or WallClock()
        self._seen: dict[str, datetime] = {}
        self._has_users = False
        self.refused = RefusedSignIns(database, access.announcer, self._clock)

    async def has_users(self) -> bool:
        """Return whether the server has a user; one that has been there stays."""
        self._has_users = self._has_users or bool(await self._access.user_names(limit=1))
        return self._has_users

    async def make_code(self, user_name: str, role: Role = Role.TRADE) -> str:
        """Return a code that signs a browser in as a user, once, within `CODE_LIFE`.

        Raises
        ------
        ServiceError
            `NotFound` when there is no such user.
        """
        user = await self._access.user(user_name)
        code = secrets.token_urlsafe(16)
        now = self._clock.now()
        async with self._database.write() as tx:
            await tx.execute(delete(portal_codes).where(portal_codes.c.expires_at < now - CODE_LIFE))
            await tx.execute(
                insert(portal_codes).values(
                    digest=digest_of(code),
                    user_id=user.user_id,
                    role=role.value,
                    created_at=now,
                    expires_at=now + CODE_LIFE,
                )
            )
        return code

    async def sign_in_with_code(self, code: str, user_agent: str, address: str) -> NewSession | None:
        """Return a new session, or `None` for a code that is unknown, used or too old."""
        if not code or len(code) > MAX_SECRET:
            return None
        now = self._clock.now()
        async with self._database.write() as tx:
            # The update is the check: of two browsers with the same code one changes the row.
            used = await tx.execute(
                update(portal_codes)
                .where(
                    portal_codes.c.digest == digest_of(code),
                    portal_codes.c.used_at.is_(None),
                    portal_codes.c.expires_at > now,
                )
                .values(used_at=now)
            )
            if used.rowcount != 1:
                return None
            row = await tx.first(
                select(portal_codes.c.user_id, portal_codes.c.role, users.c.name)
                .join(users, users.c.id == portal_codes.c.user_id)
                .where(portal_codes.c.digest == digest_of(code))
            )
            assert row is not None  # noqa: S101 - it was changed just above
            return await self._begin(tx, row.user_id, row.name, None, Role(row.role), user_agent, address, now + LIFE)

    async def sign_in_with_key(self, token: str, user_agent: str, address: str) -> NewSession | None:
        """Return a new session for an API key, or `None` when the key does not work."""
        user = await self._access.authenticate(token, address)
        if user is None:
            return None
        expires = self._clock.now() + LIFE
        if user.expires_at is not None:
            expires = min(expires, user.expires_at)
        async with self._database.write() as tx:
            return await self._begin(
                tx, user.user_id, user.user_name, user.key_id, user.role, user_agent, address, expires
            )

    async def find(self, cookie: str | None) -> SessionInfo | None:
        """Return the session of a cookie, or `None` when it is unknown, has ended, or its key was revoked."""
        if not cookie or len(cookie) > MAX_SECRET:
            return None
        now = self._clock.now()
        async with self._database.read() as tx:
            row = await tx.first(
                _SESSIONS.where(portal_sessions.c.digest == digest_of(cookie), *self._works(now)),
            )
        if row is None:
            return None
        info = _info(row)
        if info.key_id is not None and info.key_id in self._database.emergency.revoked_keys():
            return None
        if now - info.seen_at >= SEEN_STEP:
            self._seen[info.session_id] = now
        return info

    async def ended(self, session_ids: Collection[str]) -> set[str]:
        """Return which of these sessions work no more; those that do count as used, see `note_use`."""
        now = self._clock.now()
        async with self._database.read() as tx:
            rows = await tx.all(
                select(portal_sessions.c.session_id, portal_sessions.c.key_id, portal_sessions.c.seen_at)
                .outerjoin(api_keys, api_keys.c.key_id == portal_sessions.c.key_id)
                .where(portal_sessions.c.session_id.in_(sorted(session_ids)), *self._works(now, idle=False))
            )
        revoked = set(self._database.emergency.revoked_keys())
        working = {row.session_id: row.seen_at for row in rows if row.key_id not in revoked}
        self._seen.update({session_id: now for session_id, seen_at in working.items() if now - seen_at >= SEEN_STEP})
        return set(session_ids) - working.keys()

    async def note_use(self) -> None:
        """Store when the sessions that were found to work since the last call were used.

        Apart from `find`, which must not wait for a write: a browser that is signed in can cancel orders also while the
        database cannot be written.
        """
        seen = dict(self._seen)
        if not seen:
            return
        async with self._database.write() as tx:
            for session_id, at in seen.items():
                await tx.execute(
                    update(portal_sessions).where(portal_sessions.c.session_id == session_id).values(seen_at=at)
                )
        for session_id, at in seen.items():
            if self._seen.get(session_id) == at:
                del self._seen[session_id]

    async def list(self, user_id: int | None = None, limit: int = 1000) -> list[SessionInfo]:
        """Return the sessions that work, of a user or of all users; those used last come first."""
        query = _SESSIONS.where(*self._works(self._clock.now())).order_by(
            portal_sessions.c.seen_at.desc(), portal_sessions.c.session_id
        )
        if user_id is not None:
            query = query.where(portal_sessions.c.user_id == user_id)
        async with self._database.read() as tx:
            return [_info(row) for row in await tx.all(query.limit(limit))]

    async def end(self, session_id: str, user_id: int | None = None, by: str | None = None) -> None:
        """End a session: its connections end within seconds. Ending it again changes nothing.

        Parameters
        ----------
        user_id
            Whose it must be; `None` for whoever it is.
        by
            The key or session that asks for it; `None` for the command line.

        Raises
        ------
        ServiceError
            `NotFound` when there is no such session of that user.
        """
        owned = portal_sessions.c.session_id == session_id
        if user_id is not None:
            owned = and_(owned, portal_sessions.c.user_id == user_id)
        async with self._database.write() as tx:
            if await tx.first(select(portal_sessions.c.session_id).where(owned)) is None:
                raise not_found(f"session {session_id!r}")
            await self._end(tx, and_(owned, portal_sessions.c.ended_at.is_(None)), by)

    async def _end(self, tx: WriteTransaction, which: ColumnElement[bool], by: str | None) -> None:
        now = self._clock.now()
        ended = await tx.all(update(portal_sessions).where(which).values(ended_at=now).returning(portal_sessions))
        for row in ended:
            await self._append_event(tx, AccessChange.SessionEnded, row, by)

    async def end_aged(self, connected: Collection[str] = ()) -> list[str]:
        """End the sessions whose time is over, or that were not used for `IDLE`, and notify their users.

        Parameters
        ----------
        connected
            Sessions with an open connection, which is a use.

        Returns
        -------
        list of str
            The sessions that were ended. Those that ended more than `LIFE` ago, while no server ran, get no event.
        """
        now = self._clock.now()
        idle = portal_sessions.c.seen_at <= now - IDLE
        if connected:
            idle = and_(idle, portal_sessions.c.session_id.not_in(sorted(connected)))
        revoked = select(api_keys.c.key_id).where(api_keys.c.revoked_at.is_not(None))
        aged = and_(
            portal_sessions.c.ended_at.is_(None),
            or_(portal_sessions.c.expires_at <= now, idle),
            # The end of those was reported as that of their key.
            or_(portal_sessions.c.key_id.is_(None), portal_sessions.c.key_id.not_in(revoked)),
        )
        async with self._database.read() as tx:
            if await tx.first(select(portal_sessions.c.session_id).where(aged).limit(1)) is None:
                return []
        async with self._database.write() as tx:
            ended = await tx.all(update(portal_sessions).where(aged).values(ended_at=now).returning(portal_sessions))
            for row in ended:
                if min(row.expires_at, row.seen_at + IDLE) > now - LIFE:
                    await self._append_event(tx, AccessChange.SessionExpired, row, None)
        return [row.session_id for row in ended]

    async def _append_event(self, tx: WriteTransaction, change: AccessChange, row: Row[Any], by: str | None) -> None:
        await self._access.announcer.announce(
            tx,
            row.user_id,
            change,
            self._clock.now(),
            Role(row.role),
            key_id=row.key_id,
            session_id=row.session_id,
            address=row.address,
            user_agent=row.user_agent,
            by=by,
        )

    async def prove(self, session: SessionInfo, token: str) -> bool:
        """Note that a signed-in browser presented an API key of its user again; return whether the key works."""
        user = await self._access.authenticate(token)
        if user is None or user.user_id != session.user_id or user.role is not Role.TRADE:
            return False
        async with self._database.write() as tx:
            row = await tx.first(
                update(portal_sessions)
                .where(portal_sessions.c.session_id == session.session_id)
                .values(proved_at=self._clock.now())
                .returning(portal_sessions)
            )
            if row is not None:
                await self._append_event(tx, AccessChange.SignedInAgain, row, user.key_id)
        return True

    async def require_recent_sign_in(self, user: UserContext) -> None:
        """Check that a browser has presented a key or a code within `RECENT`; callers with an API key always have.

        Raises
        ------
        ServiceError
            `Forbidden` with the code `SignInAgain`.
        """
        if user.session_id is None:
            return
        async with self._database.read() as tx:
            proved_at = await tx.scalar(
                select(portal_sessions.c.proved_at).where(portal_sessions.c.session_id == user.session_id)
            )
        if proved_at is None or self._clock.now() - proved_at > RECENT:
            minutes = int(RECENT.total_seconds() // 60)
            raise forbidden(
                f"this needs a sign-in within the last {minutes} minutes: present a key again", SIGN_IN_AGAIN
            )

    async def _begin(
        self,
        tx: WriteTransaction,
        user_id: int,
        user_name: str,
        key_id: str | None,
        role: Role,
        user_agent: str,
        address: str,
        expires_at: datetime,
    ) -> NewSession:
        now = self._clock.now()
        cookie = secrets.token_urlsafe(32)
        info = SessionInfo(
            session_id=secrets.token_hex(8),
            user_id=user_id,
            user_name=user_name,
            key_id=key_id,
            role=role,
            user_agent=user_agent[:MAX_AGENT],
            address=address[:MAX_ADDRESS],
            created_at=now,
            proved_at=now,
            seen_at=now,
            expires_at=expires_at,
            ended_at=None,
        )
        await tx.execute(delete(portal_sessions).where(portal_sessions.c.expires_at < now - RETENTION))
        await self._make_room(tx, user_id)
        await tx.execute(
            insert(portal_sessions).values(
                session_id=info.session_id,
                digest=digest_of(cookie),
                user_id=user_id,
                key_id=key_id,
                role=role.value,
                user_agent=info.user_agent,
                address=info.address,
                created_at=now,
                proved_at=now,
                seen_at=now,
                expires_at=expires_at,
            )
        )
        await self._access.announcer.announce(
            tx,
            user_id,
            AccessChange.SignedIn,
            now,
            role,
            key_id=key_id,
            session_id=info.session_id,
            address=info.address,
            user_agent=info.user_agent,
            by=info.user.key_id,
        )
        return NewSession(info, cookie)

    async def _make_room(self, tx: WriteTransaction, user_id: int) -> None:
        """End the sessions of a user that were used least recently, so that one more fits."""
        rows = await tx.all(
            select(portal_sessions.c.session_id)
            .where(portal_sessions.c.user_id == user_id, portal_sessions.c.ended_at.is_(None))
            .order_by(portal_sessions.c.seen_at.desc())
            .offset(MAX_SESSIONS - 1)
            .limit(MAX_SESSIONS)
        )
        if rows:
            await self._end(tx, portal_sessions.c.session_id.in_([row.session_id for row in rows]), None)

    def _works(self, now: datetime, *, idle: bool = True) -> list[Any]:
        conditions = [
            portal_sessions.c.ended_at.is_(None),
            portal_sessions.c.expires_at > now,
            or_(portal_sessions.c.key_id.is_(None), api_keys.c.revoked_at.is_(None)),
        ]
        if idle:  # an open connection is a use: only sessions without one become idle
            conditions.append(portal_sessions.c.seen_at > now - IDLE)
        return conditions


_SESSIONS = (
    select(portal_sessions, users.c.name.label("user_name"))
    .join(users, users.c.id == portal_sessions.c.user_id)
    .outerjoin(api_keys, api_keys.c.key_id == portal_sessions.c.key_id)
)


def digest_of(secret: str) -> str:
    """Return the digest of a cookie or a code that the database stores; they are random, so that no salt is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _info(row: Row[Any]) -> SessionInfo:
    return SessionInfo(
        session_id=row.session_id,
        user_id=row.user_id,
        user_name=row.user_name,
        key_id=row.key_id,
        role=Role(row.role),
        user_agent=row.user_agent,
        address=row.address,
        created_at=row.created_at,
        proved_at=row.proved_at,
        seen_at=row.seen_at,
        expires_at=row.expires_at,
        ended_at=row.ended_at,
    )
