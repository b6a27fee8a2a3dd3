"""The settings of a server: one annotated field each, and the check that they can be used together."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from mesolive.log_choices import LogFormat, LogLevel
from mesolive.settings.addresses import is_loopback, is_public_address, redacted_url
from mesolive.settings.fields import Setting, SettingsError
from mesolive.trading.evaluation.fetch_rules import DOCUMENTED_HOSTS, FetchRules

MarketKind = Literal["simulated", "recorded"]
WebSocketsKind = Literal["uvicorn", "picows"]

PROVIDERS = ("Ibkr", "TastyTrade", "Simulated", "Recorded")
"""The kinds of market data providers, as the wire names them: importing the wire's models would cost every command."""

DEFAULT_DATABASE = "sqlite:///.mesolive/mesolive.sqlite3"

MAX_SPEED = 1_000_000.0
"""Market seconds per real second: one month of market time in about 3 s."""

MIN_RECORD_DAYS = 30
"""Minimum idempotency retention, in days: clients were promised that a key works for so long."""

EARLIEST_START = datetime(1992, 1, 1, tzinfo=UTC)
LATEST_START = datetime(2055, 1, 1, tzinfo=UTC)
"""Bounds of market time: the exchange calendar covers a year before the first and all expirations after the last."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a server. Environment variables, options of `serve` and docs are derived from the fields."""

    host: Annotated[str, Setting("Address to listen on. Loopback by default: the API moves money.")] = "127.0.0.1"
    port: Annotated[int, Setting("TCP port to listen on; 0 takes a free one.")] = 8700
    database: Annotated[str, Setting("sqlite:///FILE or postgresql://user:password@host/name.")] = DEFAULT_DATABASE
    market: Annotated[
        MarketKind | None,
        Setting(
            "Run this market alone, on its own time: simulated (a generated chain, or --chain set in motion) or "
            "recorded (a replay).",
            unset="live: the wall clock, and the connectors that are configured",
        ),
    ] = None
    chain: Annotated[
        Path | None,
        Setting(
            "An option chain file (see mesolive chain check): the simulated market starts from its underlying, "
            "expirations, strikes and quotes. With --market recorded: the recording to replay."
        ),
    ] = None
    dividends: Annotated[
        Path | None,
        Setting(
            "CSV table of cash dividends (Symbol, ExDate, Amount): American options are priced with them, in place of "
            "a yield spread over the time."
        ),
    ] = None
    symbol: Annotated[
        str, Setting("Underlying of the generated market: SPX, or the futures ES and MES. A --chain has its own.")
    ] = "SPX"
    start: Annotated[
        datetime | None,
        Setting(
            "Market time at which a simulation begins, ISO 8601. Refused for a database whose market time has begun.",
            unset="a moment at which the market is open",
        ),
    ] = None
    speed: Annotated[float, Setting("Market seconds per real second.")] = 1.0
    seed: Annotated[int, Setting("Seed of the simulated market: the same seed, the same market.")] = 20260102
    insecure: Annotated[bool, Setting("Allow a non-loopback address without TLS.")] = False
    tls_certificate: Annotated[Path | None, Setting("PEM file: serve HTTPS.")] = None
    tls_key: Annotated[Path | None, Setting("PEM file of the certificate's key.")] = None
    allowed_hosts: Annotated[
        tuple[str, ...],
        Setting(
            "Names, comma-separated, under which /health and /metrics answer, besides addresses and this machine's."
        ),
    ] = ()
    public_url: Annotated[
        str | None,
        Setting(
            "Address of the server in front of a proxy, such as https://example.com/mesolive: its origin may use the "
            "Portal, and links begin with it."
        ),
    ] = None
    external_hosts: Annotated[
        tuple[str, ...],
        Setting("Hosts, comma-separated, from which strategies may take data, besides the two that all may use."),
    ] = ()
    external_folder: Annotated[
        Path | None, Setting("Folder below which strategies may name files as external data (file: addresses).")
    ] = None
    notify_hosts: Annotated[
        tuple[str, ...],
        Setting(
            "Hosts of this machine or its own network, comma-separated, to which notifications may be sent, such as an "
            "ntfy of your own."
        ),
    ] = ()
    recordings_folder: Annotated[
        Path | None,
        Setting(
            "Folder whose files and folders are recordings that users may replay in backtests from the Portal.",
            unset="backtests run on the simulated market only",
        ),
    ] = None
    max_backtest_seconds: Annotated[
        float, Setting("Seconds that one backtest from the Portal may take before it is ended.")
    ] = 3600.0
    data_dir: Annotated[
        Path | None, Setting("Folder of the simulated venue's memory.", unset="the database's, else .mesolive")
    ] = None
    secret_key: Annotated[
        str | None,
        Setting(
            "Signs API keys. When unset it is made once and kept beside an SQLite database, readable by its owner.",
            flag=False,
        ),
    ] = None
    previous_secret_key: Annotated[
        str | None,
        Setting(
            "The secret before a rotation of MESOLIVE_SECRET_KEY: opens stored credentials, which are sealed anew.",
            flag=False,
        ),
    ] = None
    quotes_from: Annotated[
        tuple[str, ...],
        Setting(
            "Providers of underlyings where several have them, comma-separated, such as SPX=Ibkr,SPY=TastyTrade.",
            unset="the first live provider that has the underlying",
        ),
    ] = ()
    signals_every: Annotated[float, Setting("Seconds of market time between evaluations of active strategies.")] = 60.0
    log_format: Annotated[LogFormat, Setting("console, json, or auto: console on a terminal, JSON elsewhere.")] = "auto"
    log_level: Annotated[LogLevel, Setting("Minimum log level: debug, info, warning or error.")] = "info"
    enforce_max_adjustments: Annotated[
        bool,
        Setting("Close a position instead of adjusting it beyond MaxAdjustmentCount; true unless set."),
    ] = True
    keep_events_days: Annotated[int, Setting("Days for which events are kept; 0 is for ever.")] = 400
    keep_jobs_days: Annotated[
        int, Setting("Days for which ended preparations and plans never executed are kept; 0 is for ever.")
    ] = 90
    keep_records_days: Annotated[
        int, Setting("Days for which idempotency records are kept; at least 30, 0 is for ever.")
    ] = 90
    max_strategies: Annotated[int, Setting("Strategies that one user may have.")] = 1000
    max_preparations: Annotated[int, Setting("Preparations that one user may have under way.")] = 8
    max_plans: Annotated[int, Setting("Plans never executed that one user may have.")] = 20_000
    max_connections: Annotated[int, Setting("Connections that one user may have to each hub.")] = 1000
    max_calls: Annotated[
        int,
        Setting(
            "Calls of one user that run at once, over all connections; cancels have as many more, orders four times "
            "as many."
        ),
    ] = 8
    max_streams: Annotated[int, Setting("Streams that one user may have open, over all connections.")] = 1000
    websockets: Annotated[
        WebSocketsKind,
        Setting("WebSocket implementation: uvicorn, or picows (faster; needs pip install 'mesolive[picows]')."),
    ] = "uvicorn"

    def __repr__(self) -> str:
        """Return a representation without secrets."""
        hidden = {"secret_key", "previous_secret_key", "database"}
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

    @property
    def portal_url(self) -> str:
        """Where browsers find the Portal, without a trailing slash."""
        return self.url if self.public_url is None else self.public_url.rstrip("/")

    @property
    def public_origin(self) -> str | None:
        """The origin of `public_url`, as browsers name it; `None` without one."""
        if self.public_url is None:
            return None
        parts = urlsplit(self.public_url)
        return f"{parts.scheme}://{parts.netloc}".lower()

    @property
    def public_prefix(self) -> str:
        """The path of `public_url` without a trailing slash; empty without one."""
        return "" if self.public_url is None else urlsplit(self.public_url).path.rstrip("/")

    def check(self) -> Settings:
        """Return the settings when they can be used together.

        Raises
        ------
        SettingsError
            Naming the setting, what was expected and what came.
        """
        if not 0 <= self.port <= 65535:
            raise SettingsError(f"port: expected 0 to 65535, got {self.port}")
        if not 0 < self.speed <= MAX_SPEED:
            raise SettingsError(f"speed: expected a number greater than 0, up to {MAX_SPEED:,.0f}, got {self.speed:g}")
        if self.seed < 0:
            raise SettingsError(f"seed: expected a whole number of 0 or more, got {self.seed}")
        if self.start is not None and not EARLIEST_START <= self.start <= LATEST_START:
            span = f"{EARLIEST_START:%Y-%m-%d} to {LATEST_START:%Y-%m-%d}"
            raise SettingsError(f"start: expected a moment from {span}, got {self.start.isoformat()}")
        if not self.signals_every >= 1:
            raise SettingsError(f"signals_every: expected 1 second or more, got {self.signals_every:g}")
        if not self.max_backtest_seconds >= 1:
            raise SettingsError(f"max_backtest_seconds: expected 1 second or more, got {self.max_backtest_seconds:g}")
        self._check_bounds()
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise SettingsError("tls: --tls-certificate and --tls-key go together; only one was given")
        for name in ("tls_certificate", "tls_key", "chain", "dividends", "external_folder", "recordings_folder"):
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
        if self.market is None and (self.chain is not None or self.start is not None or self.speed != 1.0):
            raise SettingsError(
                "market: --chain, --start and --speed are of a simulated or recorded market; give --market simulated "
                "or --market recorded with them"
            )
        self.preferred_providers()
        self._check_public_url()
        if self.websockets == "picows" and find_spec("picows") is None:
            raise SettingsError("websockets: picows is not installed: pip install 'mesolive[picows]'")
        if self.market == "recorded" and self.chain is None:
            raise SettingsError("chain: a recorded market needs --chain with the recording to replay")
        return self

    def preferred_providers(self) -> dict[str, str]:
        """Return the provider of each underlying that `quotes_from` names; raises `SettingsError` for what is none."""
        known = {name.lower(): name for name in PROVIDERS}
        result: dict[str, str] = {}
        for text in self.quotes_from:
            symbol, _, name = text.partition("=")
            provider = known.get(name.strip().lower())
            if not symbol.strip() or provider is None:
                raise SettingsError(
                    f"quotes_from: expected SYMBOL=PROVIDER with one of {', '.join(PROVIDERS)}, got {text!r}"
                )
            result[symbol.strip().upper()] = provider
        return result

    def _check_public_url(self) -> None:
        if self.public_url is None:
            return
        if not is_public_address(self.public_url):
            raise SettingsError(
                "public_url: expected an address such as https://example.com/mesolive without a user, query and "
                f"fragment, got {redacted_url(self.public_url)!r}"
            )

    def _check_bounds(self) -> None:
        for name in ("keep_events_days", "keep_jobs_days"):
            if (days := getattr(self, name)) < 0:
                raise SettingsError(f"{name}: expected a number of days, or 0 for ever, got {days}")
        if 0 != self.keep_records_days < MIN_RECORD_DAYS:
            text = f"expected {MIN_RECORD_DAYS} days or more, or 0 for ever, got {self.keep_records_days}"
            raise SettingsError(f"keep_records_days: {text}")
        for name in ("max_strategies", "max_preparations", "max_plans", "max_connections", "max_calls", "max_streams"):
            if (number := getattr(self, name)) < 1:
                raise SettingsError(f"{name}: expected 1 or more, got {number}")
