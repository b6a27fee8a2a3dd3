"""The caller's session (`GetSession`): who they are, what the server is, and where its market stands."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from mesolive.access.context import UserContext
from mesolive.clock import Clock, WallClock
from mesolive.market.calendar import ExchangeCalendar
from mesolive.market.service import Market
from mesolive_sdk import models


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What of the settings a page shows.

    Attributes
    ----------
    market
        `live`, `simulated` or `recorded`.
    signals_every
        Market seconds between two evaluations.
    """

    version: str
    market: str
    speed: float
    signals_every: float
    enforce_max_adjustments: bool


class SessionInfo:
    """Answers `GetSession`."""

    def __init__(self, facts: ServerFacts, market: Market, calendar: ExchangeCalendar, clock: Clock) -> None:
        self._facts = facts
        self._market = market
        self._calendar = calendar
        self._clock = clock
        self._wall: Clock = WallClock()

    async def get(self, user: UserContext, args: models.GetSessionArgs) -> models.GetSessionResult:
        """Return who the caller is, and what the server is."""
        del args
        facts, now = self._facts, self._clock.now()
        opens, closes = self._calendar.open_session_at_or_after(now)
        return models.GetSessionResult(
            User=user.user_name,
            Role=user.role.value,
            KeyId=user.key_id if user.session_id is None else None,
            SessionId=user.session_id,
            ExpiresAt=user.expires_at,
            Version=facts.version,
            Market=facts.market,
            Speed=Decimal(repr(facts.speed)),
            MarketTime=now,
            RealTime=self._wall.now(),
            SessionOpen=opens,
            SessionClose=closes,
            IsOpen=opens <= now < closes,
            SignalsEverySeconds=Decimal(repr(facts.signals_every)),
            EnforceMaxAdjustments=facts.enforce_max_adjustments,
            DataProviders=list(self._market.providers),
        )
