"""Settings of the tastytrade connector."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final, Literal
from urllib.parse import urlsplit

from mesolive.connectors.double_time import CLOCK_OFFSET, LOCAL_HOSTS, offset_problem
from mesolive.connectors.settings_model import ConnectorSettings, Field, Secret

SYMBOL: Final = re.compile(r"[A-Z][A-Z0-9.]{0,9}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TastytradeSettings(ConnectorSettings):
    """Settings of the tastytrade connector."""

    retired: ClassVar[frozenset[str]] = frozenset({"queued_accounts"})

    environment: Annotated[
        Literal["sandbox", "production"], Field("Sandbox trades with pretended money; production with real money.")
    ] = "sandbox"
    client_secret: Annotated[Secret, Field("The client secret of your OAuth application at tastytrade.")]
    refresh_token: Annotated[Secret, Field("The refresh token of your grant; it does not expire.")]
    accounts: Annotated[tuple[str, ...], Field("Accounts to use; by default all of the login.")] = ()
    underlyings: Annotated[tuple[str, ...], Field("Underlyings to quote.")] = ("SPX",)
    market_data: Annotated[bool, Field("Whether it brings market data.")] = True
    days: Annotated[int, Field("Expirations within so many days are quoted; others when something asks for them.")] = (
        200
    )
    strikes_percent: Annotated[float, Field("Strikes within this share of the spot are quoted, in percent.")] = 30.0
    greeks: Annotated[bool, Field("Whether the broker's greeks of watched contracts are kept beside ours.")] = True
    dry_run: Annotated[
        Literal["live", "always", "never"],
        Field("Whether the broker checks each order before it is sent: for real money, always, never."),
    ] = "live"
    api_version: Annotated[
        str, Field("Release of the API, as a date; by default the one that this connector was written for.")
    ] = ""
    rest_url: Annotated[str, Field("Address of the REST API, where it is not the environment's.")] = ""
    stream_url: Annotated[str, Field("Address of the account stream, where it is not the environment's.")] = ""
    quotes_url: Annotated[str, Field("Address of the quotes, where it is not the one that the broker names.")] = ""

    clock_offset: Annotated[float, Field(CLOCK_OFFSET)] = 0.0

    def check(self) -> Mapping[str, str]:
        """Return contradictions by the name of the setting."""
        problems: dict[str, str] = {}
        wrong = [item for item in self.underlyings if not SYMBOL.fullmatch(item)]
        if wrong or not self.underlyings:
            problems["underlyings"] = f"expected symbols such as SPX, got {wrong[0]!r}" if wrong else "names none"
        if not 1 <= self.days <= 1500:
            problems["days"] = f"expected 1 to 1500, got {self.days}"
        if not 0 < self.strikes_percent <= 1000:
            problems["strikes_percent"] = f"expected more than 0 and up to 1000, got {self.strikes_percent:g}"
        if not re.fullmatch(r"(\d{8})?", self.api_version):
            problems["api_version"] = f"expected a date such as 20261012, got {self.api_version!r}"
        if problem := offset_problem(self.clock_offset, urlsplit(self.rest_url).hostname):
            problems["clock_offset"] = problem
        for name in ("rest_url", "stream_url", "quotes_url"):
            url: str = getattr(self, name)
            if problem := _wrong_url(url, "http" if name == "rest_url" else "ws"):
                problems[name] = problem
            elif url and self.environment == "sandbox" and _is_production(url):
                problems[name] = "names a server of production, and the environment is sandbox"
        return problems


def _is_production(url: str) -> bool:
    """Return whether a server moves real money; quotes of both environments are at another company's hosts."""
    host = urlsplit(url).hostname or ""
    return host.endswith(".tastyworks.com") and not host.endswith(".cert.tastyworks.com")


def _wrong_url(url: str, scheme: str) -> str | None:
    """Return why a setting is no address of a server; without encryption only this computer is called."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return "expected an address"
    if parts.scheme not in {scheme, f"{scheme}s"} or not host or parts.username is not None:
        return f"expected an address that begins with {scheme}s://"
    if parts.scheme == scheme and host not in LOCAL_HOSTS:
        return f"expected {scheme}s://: without encryption the secrets of the login could be read on the way"
    return None
