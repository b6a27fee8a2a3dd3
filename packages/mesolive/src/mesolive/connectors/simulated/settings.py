"""Settings of the simulated connector: accounts, market time, and switches for its faults."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from mesolive.connectors.settings_model import ConnectorSettings, Field, Secret
from mesolive.venues.simulated.faults import Fault

Refusal = Literal[
    "none", "credentials", "expired", "permission", "settings", "unreachable", "nonsense", "silent", "defect"
]
ACCOUNT = re.compile(r"SIM[A-Z0-9]{1,29}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedSettings(ConnectorSettings):
    """Settings of the simulated connector."""

    accounts: Annotated[tuple[str, ...], Field("Accounts of the login: SIM and capital letters or digits.")] = (
        "SIM1000",
    )
    live_accounts: Annotated[tuple[str, ...], Field("Those that the broker calls accounts of real money.")] = ()
    closed_accounts: Annotated[tuple[str, ...], Field("Those that the login may look at and not trade.")] = ()
    cash: Annotated[Decimal, Field("What each account begins with.")] = Decimal(100_000)
    market_data: Annotated[bool, Field("Whether it brings market data.")] = True
    password: Annotated[Secret | None, Field("Any text; it exercises what a broker's password would.")] = None
    seed: Annotated[int, Field("Seed of the market: the same seed, the same market.")] = 20260102
    spot: Annotated[float, Field("The price of SPX at the beginning.")] = 5000.0
    hours: Annotated[Literal["session", "always"], Field("When the market moves and the venue trades.")] = "session"
    start: Annotated[
        str, Field("Market time at which it begins, ISO 8601; by default its market time is the computer's.")
    ] = ""
    speed: Annotated[float, Field("Market seconds per real second.")] = 1.0
    displayed: Annotated[Decimal, Field("The most combos that are filled at once; the rest fills later.")] = Decimal(25)
    quality: Annotated[Literal["live", "delayed", "frozen"], Field("Quality of its quotes.")] = "live"
    refuse: Annotated[Refusal, Field("How a login fails.")] = "none"
    clock_ahead: Annotated[float, Field("Seconds that the broker's clock is ahead.")] = 0.0
    order_faults: Annotated[
        tuple[str, ...], Field("Faults of orders with their probability, such as ANSWER_LOST=0.1.")
    ] = ()
    nonsense_facts: Annotated[bool, Field("Whether the broker's answers about accounts cannot be read.")] = False

    def check(self) -> Mapping[str, str]:
        """Return contradictions by the name of the setting."""
        problems: dict[str, str] = {}
        for name in ("accounts", "live_accounts", "closed_accounts"):
            wrong = [item for item in getattr(self, name) if not ACCOUNT.fullmatch(item)]
            if wrong:
                problems[name] = f"expected SIM and capital letters or digits, got {wrong[0]!r}"
        unknown = sorted({*self.live_accounts, *self.closed_accounts} - set(self.accounts))
        if unknown:
            problems["accounts"] = f"does not name {unknown[0]}, which another setting does"
        if not self.speed > 0:
            problems["speed"] = f"expected a number greater than 0, got {self.speed:g}"
        if not self.spot > 0:
            problems["spot"] = f"expected a price greater than 0, got {self.spot:g}"
        if not self.displayed >= 1 or self.displayed % 1:
            problems["displayed"] = f"expected a whole number greater than 0, got {self.displayed}"
        if self.seed < 0:
            problems["seed"] = f"expected 0 or more, got {self.seed}"
        if self.start:
            try:
                datetime.fromisoformat(self.start)
            except ValueError:
                problems["start"] = f"expected a moment such as 2026-01-05T15:00:00Z, got {self.start!r}"
        try:
            self.fault_rates()
        except ValueError as error:
            problems["order_faults"] = str(error)
        return problems

    def fault_rates(self) -> dict[Fault, float]:
        """Return the probability of each fault of orders; raises `ValueError` for what cannot be read."""
        result: dict[Fault, float] = {}
        for text in self.order_faults:
            name, _, rate = text.partition("=")
            if name not in Fault.__members__:
                raise ValueError(f"expected {' or '.join(Fault.__members__)}, got {name!r}")
            try:
                result[Fault[name]] = float(rate)
            except ValueError:
                raise ValueError(f"expected a probability behind {name}=, got {rate!r}") from None
        return result
