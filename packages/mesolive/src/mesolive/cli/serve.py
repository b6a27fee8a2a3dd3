"""`mesolive serve`: run the server, with an option for each setting."""

from __future__ import annotations

# Before all others: it imports structlog without Rich, which takes a twelfth of a start.
from mesolive.logs import configure_logs

# isort: split
import logging
import os
import sys
from inspect import Parameter, Signature
from pathlib import Path
from typing import Annotated, Any

import typer

from mesolive import server
from mesolive.app import Application
from mesolive.cli.portal import sign_in_link
from mesolive.settings import (
    KnownSetting,
    MarketKind,
    SettingsError,
    from_environment,
    help_of,
    known_settings,
    redacted_url,
)
from mesolive_sdk.display import visible


def serve(**given: Any) -> None:  # noqa: ANN401 - the options follow from the settings: see `_options`
    """Run the server until Ctrl-C or SIGTERM.

    Without --market it runs on the wall clock with the connectors that are configured (mesolive connector --help). It
    also runs without any, and says so.

    Every option can also be set as a MESOLIVE_… environment variable; the option wins. MESOLIVE_SECRET_KEY, which signs
    API keys and encrypts stored credentials, and MESOLIVE_PREVIOUS_SECRET_KEY can only be set so.
    """
    settings = from_environment({known.name: _value(known, given.get(known.name)) for known in known_settings()})
    configure_logs(getattr(logging, settings.log_level.upper()), settings.log_format)
    server.run(server.serve(settings, announce))


_PARSED_BY_TYPER = (Path, str)


def _options() -> Signature:
    """Return the signature that Typer makes the options from: one for each setting that may be an option."""
    parameters: list[Parameter] = []
    for known in known_settings():
        if not known.described.flag:
            continue
        option = typer.Option(known.option, help=help_of(known.name))
        # Other types are parsed as environment variables are, with the same error messages.
        kind = bool if known.kind is bool else (known.kind if known.kind in _PARSED_BY_TYPER else str) | None
        default = False if known.kind is bool else None
        annotation = Annotated[kind, option]
        parameters.append(Parameter(known.name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation))
    return Signature(parameters)


def _value(known: KnownSetting, given: object) -> object:
    if given is None or given is False:
        return None
    if known.kind in _PARSED_BY_TYPER or known.kind is bool or not isinstance(given, str):
        return given
    try:
        return known.read(given, known.name)
    except SettingsError as error:
        text = str(error).removeprefix(f"{known.name}: ")
        raise typer.BadParameter(text, param_hint=known.option) from None


serve.__signature__ = _options()  # pyright: ignore[reportFunctionMemberAccess]  # what `inspect.signature` looks for
serve.__annotations__ = {entry.name: entry.annotation for entry in _options().parameters.values()}


async def announce(application: Application) -> None:
    """Print where the server listens and what it uses; on a terminal, a link that signs a browser in.

    Written without Rich, which every start of a server would import for these lines alone.
    """
    settings = application.settings
    fields = {
        "listening on": _styled(application.url, bold=True),
        "database": redacted_url(settings.database),
        "market": describe_market(settings.market, settings.chain, application),
        "market time": f"{application.clock.now():%Y-%m-%d %H:%M:%S} UTC, speed {settings.speed:g}",
        "Portal": await _portal_link(application),
    }
    for name, value in fields.items():
        # Only the value that this module styled may hold an escape sequence.
        typer.echo(f"{name:<12} {value if name == 'listening on' else visible(value)}")
    for note in application.market.notes:
        typer.echo(f"{_styled('chain', fg=typer.colors.YELLOW)}  {visible(note)}")
    typer.echo(_styled("Ctrl-C stops it.", dim=True))


def _styled(text: str, **style: Any) -> str:  # noqa: ANN401 - as Typer declares it
    """Return a text of the program's own with a style where a terminal shows it."""
    return typer.style(text, **style) if sys.stdout.isatty() and not os.environ.get("NO_COLOR") else text


async def _portal_link(application: Application) -> str:
    """Return the Portal's address, with a one-time code where a person reads it and it is clear who they are."""
    url = application.settings.portal_url
    users = await application.access.user_names(limit=2)
    if not users:
        return f"{url} (mesolive portal link --user NAME makes the first user, and prints a link that signs in)"
    if len(users) > 1 or not sys.stdout.isatty():
        return f"{url} (mesolive portal link prints a link that signs in)"
    (user,) = users
    return sign_in_link(url, await application.sessions.make_code(user))


def describe_market(kind: MarketKind | None, chain: Path | None, application: Application) -> str:
    """Return one line on where prices come from."""
    if kind is None:
        enabled = application.connectors.report()
        if not enabled:
            return "live, without a connector: no quotes and no venue; see mesolive connector add --help"
        numbers = {kind: sum(states.values()) for kind, states in enabled.items()}
        return f"live, by {', '.join(f'{kind} ({number})' for kind, number in numbers.items())}"
    source = "" if chain is None else f" from {chain.name}"
    return f"{kind}{source}: {', '.join(application.market_summary())}"
