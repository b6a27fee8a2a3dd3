"""Accounts as the streams watch them: what is held, and the figures that do not move with each quote."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from mesolive.clock import Clock
from mesolive.market.calendar import ExchangeCalendar
from mesolive.market.service import Market
from mesolive.store.database import Database
from mesolive.trading.portfolio.accounts import find_account
from mesolive.trading.portfolio.broker_facts import facts_of_accounts
from mesolive.trading.portfolio.day_pnl import TradingDay, day_bases_of_accounts
from mesolive.trading.portfolio.margin import margin_of_account, rules_by_position
from mesolive.trading.portfolio.marks import Marks
from mesolive.trading.portfolio.position_queries import count_by_account
from mesolive.trading.portfolio.positions import Leg, open_legs_of_accounts
from mesolive.venues.account_facts import BrokerFacts


@dataclass(frozen=True, slots=True)
class WatchedAccount:
    """An account at one moment.

    Attributes
    ----------
    cash
        Of the books.
    legs
        What is held on it.
    active_positions
        How many positions are not closed.
    margin
        What the positions require; `None` while it is not known.
    day_base
        What the running PnL is added to for the PnL of the day; `None` where it is not known.
    facts
        What its broker states; `None` for an account without one.
    """

    cash: Decimal
    legs: tuple[Leg, ...]
    active_positions: int
    margin: Decimal | None
    day_base: Decimal | None
    facts: BrokerFacts | None

    @property
    def cost(self) -> Decimal:
        """What was paid for all that is held."""
        return sum((leg.holding.cost for leg in self.legs), Decimal(0))


class WatchedAccounts:
    """Reads accounts for the streams."""

    def __init__(self, database: Database, market: Market, calendar: ExchangeCalendar, clock: Clock) -> None:
        self._database = database
        self._market = market
        self._calendar = calendar
        self._clock = clock

    async def read(self, user_id: int, broker_account_id: str) -> WatchedAccount:
        """Return one of the user's accounts, or raise `NotFound`; its margin is that of the market now."""
        async with self._database.read() as tx:
            account = await find_account(tx, user_id, broker_account_id)
            only = [account.id]
            open_legs = (await open_legs_of_accounts(tx, user_id, only)).get(account.id, [])
            active = (await count_by_account(tx, user_id, only)).get(account.id, 0)
            rules = await rules_by_position(tx, {leg.position_id for leg in open_legs})
            day = TradingDay.at(self._calendar, self._clock.now())
            base = (await day_bases_of_accounts(tx, day, user_id, only))[account.id]
            facts = (await facts_of_accounts(tx, only)).get(account.id)
        margin = await margin_of_account(open_legs, rules, Marks(self._market, provider=account.provider))
        return WatchedAccount(
            account.cash, tuple(sorted(open_legs, key=lambda leg: leg.id)), active, margin, base, facts
        )
