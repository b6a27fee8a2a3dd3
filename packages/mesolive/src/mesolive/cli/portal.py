"""`mesolive portal`: print one-time sign-in links of the web Portal; list and end the sessions of browsers."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Annotated

import typer

from mesolive.access.context import Role
from mesolive.access.keys import Access
from mesolive.access.sessions import CODE_LIFE, SessionInfo
from mesolive.cli.access import opened_access
from mesolive.cli.options import DatabaseUrl
from mesolive.cli.text import echo
from mesolive.errors import ServiceError
from mesolive.settings import Settings, client_portal_url, from_environment
from mesolive_sdk.models import StatusCode

portal_app = typer.Typer(invoke_without_command=True)

MINUTES = int(CODE_LIFE.total_seconds() // 60)

User = Annotated[str | None, typer.Option(help="User who signs in; created if new. Optional where there is only one.")]
Watch = Annotated[bool, typer.Option("--watch", help="The session is read-only.")]
Url = Annotated[str | None, typer.Option(help="Address of the server. [default: MESOLIVE_PUBLIC_URL, else the port's]")]
Json = Annotated[bool, typer.Option("--json", help="Write JSON to standard output.")]


@portal_app.callback()
def portal(context: typer.Context) -> None:
    """Print a link that signs a browser in to the Portal, once; list and end sessions."""
    if context.invoked_subcommand is None:
        link()


@portal_app.command()
def link(user: User = None, watch: Watch = False, url: Url = None, database: DatabaseUrl = None) -> None:
    """Print a link that signs a browser in, once, within ten minutes.

    Standard output is the link alone. The code stands behind the #, so that browsers send it to no server or proxy as a
    part of an address.
    """
    settings = from_environment({"database": database})
    code, name = asyncio.run(_make_code(settings, user, Role.WATCH if watch else Role.TRADE))
    echo(f"Signs in {name}, once, within {MINUTES} minutes:", err=True)
    echo(sign_in_link(url or client_portal_url(), code))


@portal_app.command(name="sessions")
def list_sessions(
    user: Annotated[str | None, typer.Option(help="Only this user's sessions.")] = None,
    database: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """List the browsers that are signed in, those used last first."""
    sessions = asyncio.run(_list(from_environment({"database": database}), user))
    if as_json:
        echo(json.dumps([_fields(session) for session in sessions], indent=2))
        return
    # Here and not above: `mesolive serve` imports this module too.
    from rich.markup import escape  # noqa: PLC0415
    from rich.table import Column  # noqa: PLC0415

    from mesolive.cli.output import Console, Table  # noqa: PLC0415

    table = Table(Column("session", no_wrap=True), "user", "role", "address", "browser", "began, UTC", "used", "ends")
    for session in sessions:
        table.add_row(
            session.session_id,
            escape(session.user_name),
            session.role.value,
            escape(session.address),
            escape(session.user_agent[:60]),
            f"{session.created_at:%Y-%m-%d %H:%M}",
            f"{session.seen_at:%Y-%m-%d %H:%M}",
            f"{session.expires_at:%Y-%m-%d}",
        )
    Console().print(table)


@portal_app.command()
def end(
    session_id: Annotated[str, typer.Argument(help="The session's id, as `portal sessions` shows it.")],
    database: DatabaseUrl = None,
) -> None:
    """Sign a browser out. A running server ends its connections within seconds."""
    asyncio.run(_end(from_environment({"database": database}), session_id))
    echo(f"Session {session_id} has ended.")


def sign_in_link(url: str, code: str) -> str:
    """Return the link that signs a browser in."""
    return f"{url.rstrip('/')}/login#code={code}"


def _fields(session: SessionInfo) -> dict[str, str | None]:
    return {
        "SessionId": session.session_id,
        "User": session.user_name,
        "Role": session.role.value,
        "KeyId": session.key_id,
        "Address": session.address,
        "UserAgent": session.user_agent,
        "CreatedAt": session.created_at.isoformat(),
        "LastUsedAt": session.seen_at.isoformat(),
        "ExpiresAt": session.expires_at.isoformat(),
    }


async def _make_code(settings: Settings, user: str | None, role: Role) -> tuple[str, str]:
    async with opened_access(settings) as (access, sessions):
        name = user or await _only_or_first_user(access)
        try:
            await access.user(name)
        except ServiceError as error:
            if error.status is not StatusCode.NotFound:
                raise
            await access.create_user(name)
        return await sessions.make_code(name, role), name


async def _only_or_first_user(access: Access) -> str:
    """Return the only user; where there is none yet, the name that a person at the terminal gives to the first one."""
    names = await access.user_names(limit=2)
    if len(names) == 1:
        return names[0]
    if names:
        raise typer.BadParameter("there are several users: name who signs in", param_hint="--user")
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise typer.BadParameter("there is no user yet: name the first one", param_hint="--user")
    # Not `typer.prompt`, which writes a space to standard output: that is the link alone.
    typer.echo("There is no user yet. Name of the first one: ", err=True, nl=False)
    name = (await asyncio.to_thread(sys.stdin.readline)).strip()
    if not name:
        raise typer.BadParameter("no name was given", param_hint="--user")
    return name


async def _list(settings: Settings, user: str | None) -> list[SessionInfo]:
    async with opened_access(settings) as (access, sessions):
        return await sessions.list(None if user is None else (await access.user(user)).user_id)


async def _end(settings: Settings, session_id: str) -> None:
    async with opened_access(settings) as (_, sessions):
        await sessions.end(session_id)
