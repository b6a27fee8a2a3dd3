"""`mesolive apikey`: create, list and revoke API keys."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Column

from mesolive.access.context import Role
from mesolive.access.keys import DEFAULT_DAYS, ApiKey, NewApiKey
from mesolive.cli.access import opened_access
from mesolive.cli.emergency import carry_out
from mesolive.cli.options import DatabaseUrl
from mesolive.cli.output import Console, Table
from mesolive.cli.text import echo
from mesolive.clock import WallClock
from mesolive.settings import Settings, from_environment
from mesolive.store.emergency import RevocationNote

apikey_app = typer.Typer(no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Write JSON to standard output.")]


@apikey_app.command()
def create(
    user: Annotated[str, typer.Option(help="User of the key; created if new.")],
    label: Annotated[str | None, typer.Option(help="Label of the key, such as its use.")] = None,
    expires_days: Annotated[int, typer.Option(help="Days until the key expires.")] = DEFAULT_DAYS,
    watch: Annotated[bool, typer.Option("--watch", help="The key is read-only.")] = False,
    agent: Annotated[
        bool, typer.Option("--agent", help="The key links `mesolive agent` to the server, and permits nothing else.")
    ] = False,
    database: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Create an API key and print its token, once.

    Standard output is the token alone, so that it can be captured: TOKEN=$(mesolive apikey create --user me)
    """
    if watch and agent:
        raise typer.BadParameter("expected --watch or --agent, got both", param_hint="--agent")
    role = Role.WATCH if watch else Role.AGENT if agent else Role.TRADE
    made = asyncio.run(_create(from_environment({"database": database}), user, label, expires_days, role))
    if as_json:
        echo(json.dumps({**_fields(made.key), "Token": made.token}, indent=2))
        return
    until = "" if made.key.expires_at is None else f", good until {made.key.expires_at:%Y-%m-%d}"
    echo(f"API key {made.key.key_id} of {user}{until}. It is not shown again:", err=True)
    echo(made.token)


@apikey_app.command(name="list")
def list_keys(
    user: Annotated[str | None, typer.Option(help="Only this user's keys.")] = None,
    database: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """List API keys, newest first. Tokens are not stored and cannot be shown."""
    keys = asyncio.run(_list(from_environment({"database": database}), user))
    if as_json:
        echo(json.dumps([_fields(key) for key in keys], indent=2))
        return
    table = Table(Column("key", no_wrap=True), "user", "label", "created, UTC", "expires", "state")
    for key in keys:
        table.add_row(
            key.key_id,
            escape(key.user_name),
            escape(key.label or ""),
            f"{key.created_at:%Y-%m-%d %H:%M}",
            "" if key.expires_at is None else f"{key.expires_at:%Y-%m-%d}",
            state_of(key, datetime.now(UTC)) + _ROLE_WORDS[key.role],
        )
    Console().print(table)


@apikey_app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(help="The key's id, as `apikey list` shows it.")],
    database: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Revoke an API key. A running server notices within seconds, and ends the connections that are open.

    It works on a full disk and while another process holds the database: the server reads it from a file beside it.
    """
    settings = from_environment({"database": database})
    note = RevocationNote(key_id, WallClock().now())
    done = carry_out(settings.database, note, lambda: _revoke(settings, key_id))
    if done.noted_in is not None:
        if as_json:
            echo(json.dumps({"KeyId": key_id, "State": "revoked", "NotedIn": done.noted_in}))
        else:
            echo(f"API key {key_id} is revoked. {done.explanation}")
    elif as_json:
        echo(json.dumps({"KeyId": key_id, "State": "revoked"}))
    else:
        echo(f"API key {key_id} is revoked.")


def state_of(key: ApiKey, now: datetime) -> str:
    """Return `works`, `expired` or `revoked`."""
    if key.revoked_at is not None:
        return "revoked"
    return "expired" if key.expires_at is not None and key.expires_at <= now else "works"


_ROLE_WORDS = {Role.TRADE: "", Role.WATCH: ", watch only", Role.AGENT: ", for an agent"}


def _fields(key: ApiKey) -> dict[str, str | None]:
    return {
        "KeyId": key.key_id,
        "User": key.user_name,
        "Label": key.label,
        "Role": key.role.value,
        "CreatedAt": key.created_at.isoformat(),
        "ExpiresAt": None if key.expires_at is None else key.expires_at.isoformat(),
        "RevokedAt": None if key.revoked_at is None else key.revoked_at.isoformat(),
    }


async def _create(settings: Settings, user: str, label: str | None, days: int, role: Role) -> NewApiKey:
    async with opened_access(settings) as (access, _):
        return await access.create_key(user, label, days, role)


async def _list(settings: Settings, user: str | None) -> list[ApiKey]:
    async with opened_access(settings) as (access, _):
        return await access.list_keys(user)


async def _revoke(settings: Settings, key_id: str) -> None:
    async with opened_access(settings) as (access, _):
        await access.revoke(key_id)
