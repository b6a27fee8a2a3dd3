"""The sampler: stores what accounts and open positions are worth, each market minute in which the exchange is open.

It values what `ListAccounts` and `GetPosition` show, position by position, and lets the event loop turn between them.
What it could not store is lost: the next minute brings the next sample.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

import structlog
from sqlalchemy import select

from mesolive.access.context import UserContext
from mesolive.clock import Clock, MonotonicClock
from mesolive.history.samples import FINE, MINUTE, account_samples, minute_of, position_samples, store_samples, thin
from mesolive.market.calendar import ExchangeCalendar
from mesolive.market.service import Market, UnknownProviderError, UnknownUnderlyingError
from mesolive.pricing.margin import MarginRules
from mesolive.store.database import Database
from mesolive.store.tables.access import users
from mesolive.tasks import Tasks, Turns
from mesolive.trading.portfolio.accounts import Accounts, find_account
from mesolive.trading.portfolio.margin import PositionMargin, margins_now, rules_by_position
from mesolive.trading.portfolio.marks import Marks
from mesolive.trading.portfolio.positions import Position, open_positions_of_account
from mesolive.trading.valuation.engine import value
from mesolive.trading.valuation.from_positions import position_subject
from mesolive.trading.valuation.wire_items import EXACT, position_fields
from mesolive_sdk import models

PACE_SECONDS = 1.0
"""Real seconds between two samples at least: market time may run thousands of times as fast."""

THIN_SECONDS = 6 * 3600.0
EVERYTHING = 7
PAGE = 500

_NOTHING: Mapping[str, object] = {
    "pnl": None,
    "mark": None,
    "underlying": None,
    "delta": None,
    "gamma": None,
    "theta": None,
    "vega": None,
    "margin": None,
}

_log = structlog.get_logger(__name__)


class HistorySampler:
    """Samples accounts and positions.

    Parameters
    ----------
    accounts
        Values accounts.
    clock
        Market time.
    pace
        Real time.
    """

    def __init__(
        self,
        database: Database,
        accounts: Accounts,
        market: Market,
        calendar: ExchangeCalendar,
        clock: Clock,
        pace: Clock | None = None,
    ) -> None:
        self._database = database
        self._accounts = accounts
        self._market = market
        self._calendar = calendar
        self._clock = clock
        self._pace: Clock = pace or MonotonicClock()
        self._last: dict[int, tuple[Decimal | None, Decimal, Decimal | None]] = {}
        self.tasks = Tasks(self._pace)

    async def start(self) -> None:
        """Sample from now on."""
        self.tasks.start_loop("history samples", self._run)
        self.tasks.start_periodic("history thinning", self.thin, THIN_SECONDS)

    async def stop(self) -> None:
        """Sample no more."""
        await self.tasks.stop()

    async def _run(self, turns: Turns) -> None:
        while True:
            if self._market.in_session(self._calendar, self._clock):
                await self.sample()
            turns.turned()
            await self._pace.sleep(PACE_SECONDS)
            now = self._clock.now()
            await self._clock.sleep((minute_of(now) + MINUTE - now).total_seconds())

    async def sample(self) -> None:
        """Store what everything is worth now."""
        async with self._database.read() as tx:
            owners = await tx.all(select(users.c.id, users.c.name).order_by(users.c.id))
        for owner in owners:
            await self._sample_of(UserContext(owner.id, owner.name, "server"))

    async def thin(self) -> None:
        """Delete what is between the steps of old samples."""
        before = minute_of(self._clock.now() - FINE)
        gone = 0
        for table in (account_samples, position_samples):
            while True:
                async with self._database.write() as tx:
                    number = await thin(tx, table, before)
                gone += number
                if number == 0:
                    break
        if gone:
            _log.info("history_thinned", rows=gone)

    async def _sample_of(self, user: UserContext) -> None:
        at = minute_of(self._clock.now())
        shown: list[models.LiveAccount] = []
        token: str | None = None
        while True:
            page = await self._accounts.list(user, models.ListAccountsArgs(Limit=PAGE, ContinuationToken=token))
            shown += page.Accounts
            token = page.ContinuationToken
            if token is None:
                break
        if not shown:
            return
        by_account: dict[int, list[Position]] = {}
        async with self._database.read() as tx:
            for account in shown:
                account_id = (await find_account(tx, user.user_id, account.BrokerAccountId)).id
                by_account[account_id] = await open_positions_of_account(tx, user.user_id, account_id)
            held = [position for its in by_account.values() for position in its]
            rules = await rules_by_position(tx, [position.id for position in held])
        margins = await self._margins(held, rules)
        accounts = [
            row
            for account, (account_id, its) in zip(shown, by_account.items(), strict=True)
            if (row := self._account_row(account, account_id, at, holds=bool(its))) is not None
        ]
        rows: list[Mapping[str, object]] = []
        for position in held:
            rows.append({**self._position_row(position), "margin": margins.get(position.id)})
            await asyncio.sleep(0)
        if accounts or rows:
            async with self._database.write(user.user_id) as tx:
                await store_samples(tx, account_samples, "account_id", at, accounts)
                await store_samples(tx, position_samples, "position_id", at, rows)

    async def _margins(
        self, held: Sequence[Position], rules: Mapping[int, MarginRules]
    ) -> Mapping[int, Decimal | None]:
        """Return the margins of positions by the rules of their strategies; those without rules have none."""
        marks: dict[models.DataProviderType | None, Marks] = {}
        margins: dict[int, PositionMargin] = {}
        for position in held:
            if position.id in rules:
                of = marks.setdefault(position.provider, Marks(self._market, provider=position.provider))
                margins[position.id] = PositionMargin(position.open_legs, rules[position.id], of)
        return await margins_now(margins)

    def _account_row(
        self, account: models.LiveAccount, account_id: int, at: datetime, *, holds: bool
    ) -> Mapping[str, object] | None:
        """Return the sample of an account; `None` for one that is as it was at the last one, but every quarter."""
        if account.Cash is None:
            return None  # its broker has not stated it yet
        values = account.NetLiquidationValue, account.Cash, account.MaintenanceMarginReq
        if not holds and self._last.get(account_id) == values and at.minute % 15 != 0:
            return None
        self._last[account_id] = values
        return {
            "account_id": account_id,
            "net_liquidation": account.NetLiquidationValue,
            "cash": account.Cash,
            "margin": account.MaintenanceMarginReq,
            "unrealized_pnl": account.UnrealizedPnL,
            "day_pnl": account.DayPnL,
            "delta": None if account.Greeks is None else _float(account.Greeks.Delta),
            "gamma": None if account.Greeks is None else _float(account.Greeks.Gamma),
            "theta": None if account.Greeks is None else _float(account.Greeks.Theta),
            "vega": None if account.Greeks is None else _float(account.Greeks.Vega),
            "delta_dollars": _float(account.DeltaDollars),
        }

    def _position_row(self, position: Position) -> Mapping[str, object]:
        row = dict(_NOTHING) | {"position_id": position.id, "realized_pnl": position.realized_pnl}
        if not position.open_legs:
            return row
        leg = position.open_legs[0]
        try:
            view = self._market.view(leg.traded.contract.underlying, leg.provider)
        except (UnknownUnderlyingError, UnknownProviderError):
            return row
        subject = position_subject(position)
        fields = position_fields(subject, value(subject, view), EVERYTHING, 0, 0)(EXACT)
        pnl: models.LivePnL | None = fields["PositionPnLs"]
        greeks: models.LiveGreeks | None = fields["PositionGreeks"]
        prices: models.LivePrices | None = fields["PositionPrices"]
        mark = view.underlying.quote.mark
        row["underlying"] = mark if mark is not None and math.isfinite(mark) else None
        if pnl is not None and pnl.Mark is not None:
            row["pnl"] = pnl.Mark + (pnl.Realized or 0)
        if prices is not None:
            row["mark"] = _float(prices.Mark)
        if greeks is not None and greeks.Mark is not None:
            of = greeks.Mark
            row |= {
                "delta": _float(of.Delta),
                "gamma": _float(of.Gamma),
                "theta": _float(of.Theta),
                "vega": _float(of.Vega),
            }
        return row


def _float(value: Decimal | float | None) -> float | None:
    return None if value is None else float(value)
