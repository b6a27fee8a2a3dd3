"""One frozen settings object: from the command line, else a `MESOLIVE_…` variable, else the default explained here."""

from __future__ import annotations

import ipaddress
import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, get_args

from mesolive.logs import LogFormat, LogLevel
from mesolive.trading.evaluation.external_fetch import DOCUMENTED_HOSTS, FetchRules

MarketKind = Literal["simulated", "recorded"]

DEFAULT_DATABASE = "sqlite:///.mesolive/mesolive.sqlite3"

FASTEST = 1_000_000.0
"""Market seconds per real second: a month passes in three."""

LEAST_RECORD_DAYS = 30
"""What clients were promised: a key is good for so long."""

WHOLE = frozenset(
    {
        "port",
        "seed",
        "keep_events_days",
        "keep_jobs_days",
        "keep_records_days",
        "max_strategies",
        "max_preparations",
        "max_plans",
        "max_connections",
    }
)
"""Settings that are whole numbers."""

EARLIEST_START = datetime(1992, 1, 1, tzinfo=UTC)
LATEST_START = datetime(2055, 1, 1, tzinfo=UTC)
"""Between these the exchange's calendar knows a year of the past and every expiration that is listed."""


class SettingsError(Exception):
    """A setting cannot be used; the text names it and says what was expected."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a server is started with.

    Attributes
    ----------
    host
        Address to listen on. Loopback by default: the API moves money.
    port
        TCP port; 0 lets the system choose one.
    database
        URL of the database: `sqlite:///FILE` or `postgresql://user:password@host/name`.
    market
        Where prices come from: `simulated` (a generated chain, or `chain` set in motion) or `recorded` (a replay).
    chain
        An exchange chain export to start the simulated market from, or the recording to replay.
    start
        Market time at which the simulation begins; the market's own choice when unset.
    speed
        Market seconds per real second.
    seed
        Seed of the simulated market: the same seed gives the same market.
    insecure
        Allows a non-loopback address without TLS.
    tls_certificate, tls_key
        PEM files; with them the server speaks HTTPS.
    external_hosts
        Hosts from which strategies may take external data by https, besides the two that everybody may use.
    external_folder
        Folder below which strategies may name files as external data (`file:` addresses); none when unset.
    data_dir
        Folder of what the server keeps beside its database, which is the simulated venue's memory. When unset, that of
        the database's file, or `.mesolive` in the current directory where the database is a server.
    secret_key
        Signs API keys; when unset it is made once and kept, readable by its owner only, beside the database.
    signals_every
        Seconds of market time between evaluations of what is active.
    log_format
        `console` for people, `json` for programs, `auto` for console on a terminal and JSON elsewhere.
    log_level
        The least that is logged: `debug`, `info`, `warning` or `error`.
    enforce_max_adjustments
        Whether an adjustment beyond a strategy's `MaxAdjustmentCount` closes the position instead; without it the
        count is reported only.
    keep_events_days
        For how many days events are kept; 0 is for ever.
    keep_jobs_days
        The same for preparation jobs that have ended, and plans that were never executed.
    keep_records_days
        The same for idempotency records; at least 30.
    max_strategies, max_preparations, max_plans, max_connections
        How many strategies one user may have, how many preparations under way, how many plans that were never executed,
        and how many connections to each hub.
    """

    host: str = "127.0.0.1"
    port: int = 8700
    database: str = DEFAULT_DATABASE
    market: MarketKind = "simulated"
    chain: Path | None = None
    start: datetime | None = None
    speed: float = 1.0
    seed: int = 20260102
    insecure: bool = False
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    external_hosts: tuple[str, ...] = ()
    external_folder: Path | None = None
    data_dir: Path | None = None
    secret_key: str | None = None
    signals_every: float = 60.0
    enforce_max_adjustments: bool = False
    log_format: LogFormat = "auto"
    log_level: LogLevel = "info"
    keep_events_days: int = 400
    keep_jobs_days: int = 90
    keep_records_days: int = 90
    max_strategies: int = 1000
    max_preparations: int = 8
    max_plans: int = 20_000
    max_connections: int = 1000

    def __repr__(self) -> str:
        """Leave out what must not be logged."""
        hidden = {"secret_key", "database"}
        shown = ", ".join(f"{f.name}={getattr(self, f.name)!r}" for f in fields(self) if f.name not in hidden)
        return f"Settings({shown}, database={redacted_url(self.database)!r})"

    @property
    def fetch_rules(self) -> FetchRules:
        """Where strategies may take external data from."""
        return FetchRules(hosts=DOCUMENTED_HOSTS.union(self.external_hosts), folder=self.external_folder)

    @property
    def tls(self) -> bool:
        """Whether the server speaks HTTPS."""
        return self.tls_certificate is not None

    @property
    def url(self) -> str:
        """The base URL that clients on this machine use."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"

    def check(self) -> Settings:
        """Return the settings when they can be used together.

        Raises
        ------
        SettingsError
            Naming the setting, what was expected and what came.
        """
        if not 0 <= self.port <= 65535:
            raise SettingsError(f"port: expected 0 to 65535, got {self.port}")
        if not 0 < self.speed <= FASTEST:
            raise SettingsError(f"speed: expected a number greater than 0, up to {FASTEST:,.0f}, got {self.speed:g}")
        if self.seed < 0:
            raise SettingsError(f"seed: expected a whole number of 0 or more, got {self.seed}")
        if self.start is not None and not EARLIEST_START <= self.start <= LATEST_START:
            span = f"{EARLIEST_START:%Y-%m-%d} to {LATEST_START:%Y-%m-%d}"
            raise SettingsError(f"start: expected a moment from {span}, got {self.start.isoformat()}")
        if not self.signals_every >= 1:
            raise SettingsError(f"signals_every: expected 1 second or more, got {self.signals_every:g}")
        self._check_bounds()
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise SettingsError("tls: --tls-certificate and --tls-key go together; only one was given")
        for name in ("tls_certificate", "tls_key", "chain", "external_folder"):
            path: Path | None = getattr(self, name)
            if path is not None and not path.exists():
                raise SettingsError(f"{name}: no such file: {path}")
        if self.data_dir is not None and self.data_dir.exists() and not self.data_dir.is_dir():
            raise SettingsError(f"data_dir: expected a folder, got a file: {self.data_dir}")
        if not (is_loopback(self.host) or self.insecure or self.tls):
            raise SettingsError(
                f"host: {self.host} is reachable from other machines and the connection would not be encrypted; "
                "give --tls-certificate and --tls-key, or --insecure behind a proxy of your own that encrypts"
            )
        if self.market == "recorded" and self.chain is None:
            raise SettingsError("chain: a recorded market needs --chain with the recording to replay")
        return self

    def _check_bounds(self) -> None:
        for name in ("keep_events_days", "keep_jobs_days"):
            if (days := getattr(self, name)) < 0:
                raise SettingsError(f"{name}: expected a number of days, or 0 for ever, got {days}")
        if 0 != self.keep_records_days < LEAST_RECORD_DAYS:
            text = f"expected {LEAST_RECORD_DAYS} days or more, or 0 for ever, got {self.keep_records_days}"
            raise SettingsError(f"keep_records_days: {text}")
        for name in ("max_strategies", "max_preparations", "max_plans", "max_connections"):
            if (number := getattr(self, name)) < 1:
                raise SettingsError(f"{name}: expected 1 or more, got {number}")


def check_certificate(certificate: Path, key: Path) -> None:
    """Let a certificate and its key pass that a server can use.

    Raises
    ------
    SettingsError
        When they are none, do not belong together, or the key has a password.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # Without the empty password a key that has one would ask for it on the terminal.
        context.load_cert_chain(certificate, key, password="")
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"tls: {certificate} and {key} cannot be used: expected PEM files of a certificate and its own key, "
            f"the key without a password ({error})"
        ) from None


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach a server bound to `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def redacted_url(url: str) -> str:
    """Return `url` without the password that it may carry."""
    scheme, separator, rest = url.partition("://")
    credentials, at, host = rest.rpartition("@")
    if not at:
        return url
    user, colon, _ = credentials.partition(":")
    return f"{scheme}{separator}{user}{':***' if colon else ''}@{host}"


def parse_moment(text: str) -> datetime:
    """Return the moment written in ISO 8601; without a zone it is taken as UTC.

    Raises
    ------
    SettingsError
        When the text is no moment.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise SettingsError(f"start: expected a moment such as 2026-01-05T15:00:00Z (ISO 8601), got {text!r}") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


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
    for entry in fields(Settings):
        value = given.get(entry.name)
        if value is None:
            text = environ.get(f"MESOLIVE_{entry.name.upper()}")
            if text is None or text == "":
                continue
            value = _read(entry.name, text)
        values[entry.name] = value
    return Settings(**values).check()  # pyright: ignore[reportArgumentType]  # read by name and type just above


_CHOICES: Mapping[str, tuple[str, ...]] = {
    "market": get_args(MarketKind),
    "log_format": get_args(LogFormat),
    "log_level": get_args(LogLevel),
}


def _read(name: str, text: str) -> object:
    variable = f"MESOLIVE_{name.upper()}"
    if name in WHOLE:
        try:
            return int(text)
        except ValueError:
            raise SettingsError(f"{variable}: expected a whole number, got {text!r}") from None
    if name in {"speed", "signals_every"}:
        try:
            return float(text)
        except ValueError:
            raise SettingsError(f"{variable}: expected a number, got {text!r}") from None
    if name in {"insecure", "enforce_max_adjustments"}:
        if text.lower() not in {"0", "1", "true", "false", "yes", "no"}:
            raise SettingsError(f"{variable}: expected true or false, got {text!r}")
        return text.lower() in {"1", "true", "yes"}
    if name == "external_hosts":
        return tuple(host.strip().lower() for host in text.split(",") if host.strip())
    if name in {"chain", "data_dir", "tls_certificate", "tls_key", "external_folder"}:
        return Path(text)
    if name == "start":
        return parse_moment(text)
    choices = _CHOICES.get(name)
    if choices is not None and text not in choices:
        raise SettingsError(f"{variable}: expected {' or '.join(choices)}, got {text!r}")
    return text
