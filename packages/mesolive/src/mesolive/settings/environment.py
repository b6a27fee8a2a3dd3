"""Settings of this process: from the command line, else from `MESOLIVE_…` variables, else the defaults; their help."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cache
from types import UnionType
from typing import Union, get_args, get_origin, get_type_hints

from mesolive.records import replace
from mesolive.settings.fields import KnownSetting
from mesolive.settings.model import Settings


def from_environment(given: Mapping[str, object], environ: Mapping[str, str] | None = None) -> Settings:
    """Return the settings: what was `given` (and is not None), else `MESOLIVE_<NAME>`, else the default.

    Parameters
    ----------
    given
        Values by field name, already of the field's type.
    environ
        The environment; the process's own when omitted.

    Raises
    ------
    SettingsError
        When a variable cannot be read as its field's type, or the settings cannot be used together.
    """
    environ = os.environ if environ is None else environ
    values: dict[str, object] = {}
    for known in known_settings():
        value = given.get(known.name)
        if value is None:
            text = environ.get(known.variable)
            if not text:
                continue
            value = known.read(text, known.variable)
        values[known.name] = value
    return Settings(**values).check()  # pyright: ignore[reportArgumentType]  # read by name and type just above


@cache
def known_settings() -> Sequence[KnownSetting]:
    """Return every setting, in the order in which they are shown."""
    hints = get_type_hints(Settings, include_extras=True)
    known: list[KnownSetting] = []
    for entry in fields(Settings):
        kind, described = get_args(hints[entry.name])
        present = (
            [arg for arg in get_args(kind) if arg is not type(None)]
            if get_origin(kind) in (Union, UnionType)
            else [kind]
        )
        known.append(KnownSetting(entry.name, present[0], entry.default, described))
    return known


def help_of(name: str) -> str:
    """Return the help of a setting with its default, for the options of commands."""
    (known,) = (setting for setting in known_settings() if setting.name == name)
    return f"{known.described.help} [default: {known.shown_default}]" if known.shown_default else known.described.help


def settings_table() -> str:
    """Return the table of all settings for docs/operations.md."""
    lines = ["| variable | option | default | what it is |", "|---|---|---|---|"]
    for known in known_settings():
        option = f"`{known.option}`" if known.described.flag else ""
        default = (
            f"`{known.shown_default}`" if known.default is not None and known.shown_default else known.described.unset
        )
        lines.append(f"| `{known.variable}` | {option} | {default} | {known.described.help} |")
    return "\n".join(lines) + "\n"


def client_url(environ: Mapping[str, str] | None = None) -> str:
    """Return where a client finds the server that this environment's settings start: its port, host and TLS.

    Raises
    ------
    SettingsError
        When a variable cannot be read.
    """
    environ = os.environ if environ is None else environ
    names = ("host", "port", "tls_certificate")
    values = {
        known.name: known.read(text, known.variable)
        for known in known_settings()
        if known.name in names and (text := environ.get(known.variable))
    }
    settings = Settings(**values)  # pyright: ignore[reportArgumentType]  # read by name and type just above
    # A server bound to all addresses is reached at the loopback address.
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared with, not listened on
    return replace(settings, host=everywhere.get(settings.host, settings.host)).url


def client_portal_url(environ: Mapping[str, str] | None = None) -> str:
    """Return where a browser finds the Portal of the server that this environment's settings start.

    Raises
    ------
    SettingsError
        When a variable cannot be read.
    """
    environ = os.environ if environ is None else environ
    return environ.get("MESOLIVE_PUBLIC_URL") or client_url(environ)
