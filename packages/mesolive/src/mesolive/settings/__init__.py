"""Server settings: read from the command line, else from `MESOLIVE_…` variables, else the documented defaults."""

from __future__ import annotations

from mesolive.settings.addresses import check_certificate, is_loopback, redacted_url
from mesolive.settings.environment import (
    client_portal_url,
    client_url,
    from_environment,
    help_of,
    known_settings,
    settings_table,
)
from mesolive.settings.fields import KnownSetting, Setting, SettingsError, parse_moment
from mesolive.settings.model import (
    DEFAULT_DATABASE,
    EARLIEST_START,
    LATEST_START,
    MAX_SPEED,
    MIN_RECORD_DAYS,
    PROVIDERS,
    MarketKind,
    Settings,
    WebSocketsKind,
)

__all__ = [
    "DEFAULT_DATABASE",
    "EARLIEST_START",
    "LATEST_START",
    "MAX_SPEED",
    "MIN_RECORD_DAYS",
    "PROVIDERS",
    "KnownSetting",
    "MarketKind",
    "Setting",
    "Settings",
    "SettingsError",
    "WebSocketsKind",
    "check_certificate",
    "client_portal_url",
    "client_url",
    "from_environment",
    "help_of",
    "is_loopback",
    "known_settings",
    "parse_moment",
    "redacted_url",
    "settings_table",
]
