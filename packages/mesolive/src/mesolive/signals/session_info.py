"""The caller's session (`GetSession`): the user, the server's version, and its market time."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from mesolive.access.context import UserContext
from mesolive.clock import Clock, WallClock
from mesolive.errors import validation
from mesolive.market.calendar import ExchangeCalendar
from mesolive.market.service import Market, UnknownProviderError, UnknownUnderlyingError
from mesolive.store.database import Database
from mesolive.trading.portfolio.accounts import find_account
from mesolive.trading.strategies import has_strategy_on
from mesolive_sdk import models
from mesolive_sdk.contract_specs import contract_specs


class ServerFacts(Struct, frozen=True):
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

    def __init__(
        self, facts: ServerFacts, database: Database, market: Market, calendar: ExchangeCalendar, clock: Clock
    ) -> None:
        self._facts = facts
        self._database = database
        self._market = market
        self._calendar = calendar
        self._clock = clock
        self._wall: Clock = WallClock()

    async def get(self, user: UserContext, args: models.GetSessionArgs) -> models.GetSessionResult:
        """Return who the caller is, and what the server is; with `Symbol` the sessions of an underlying's options.

        Raises
        ------
        ServiceError
            `NotFound` for an account that the user does not have; `ValidationError` for a symbol that nothing knows:
            no provider, no table of contracts, and no strategy of the user.
        """
        account = None
        if args.BrokerAccountId is not None:
            async with self._database.read() as tx:
                account = await find_account(tx, user.user_id, args.BrokerAccountId)
        facts, now = self._facts, self._clock.now()
        orders: tuple[datetime, datetime] | None = None
        takes_orders = None
        if args.Symbol is None:
            opens, closes = self._calendar.open_session_at_or_after(now)
            following = self._calendar.open_session_at_or_after(closes)
        else:
            provider = None if account is None else account.provider
            await self._check_symbol(user, args.Symbol)
            now = self._market.now_of(provider, args.Symbol, now)
            hours = self._market.hours(args.Symbol, provider, self._calendar)
            night = account is not None and account.night_sessions
            opens, closes = hours.next_decision_session(now, night=night)
            following = hours.next_decision_session(closes, night=night)
            orders = hours.next_order_session(now, night=night)
            takes_orders = hours.takes_orders(now, night=night)
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
            NextSessionOpen=following[0] if opens <= now else opens,
            SignalsEverySeconds=Decimal(repr(facts.signals_every)),
            EnforceMaxAdjustments=facts.enforce_max_adjustments,
            DataProviders=list(self._market.providers),
            Symbol=args.Symbol,
            OrdersOpen=None if orders is None else orders[0],
            OrdersClose=None if orders is None else orders[1],
            TakesOrders=takes_orders,
        )

    async def _check_symbol(self, user: UserContext, symbol: str) -> None:
        """Refuse a symbol whose trading hours would be a guess.

        A strategy counts: the hours of its underlying are asked for also while its provider is away.
        """
        if contract_specs().names(symbol):
            return
        try:
            self._market.serving(symbol)
        except (UnknownUnderlyingError, UnknownProviderError):
            async with self._database.read() as tx:
                if await has_strategy_on(tx, user.user_id, symbol):
                    return
            shown = symbol[:40]
            problem = f"no provider of this server has {shown!r}: its trading hours are not known"
            raise validation({"Symbol": [problem]}) from None
