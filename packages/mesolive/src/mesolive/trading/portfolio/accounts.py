"""Broker accounts: create, list, value (NAV), and book cash and PnL of fills."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, bindparam, select, update

from mesolive.access.context import UserContext
from mesolive.clock import Clock
from mesolive.errors import conflict, not_found, not_supported, validation
from mesolive.market.calendar import ExchangeCalendar
from mesolive.market.quality import QuoteQuality
from mesolive.market.service import Market
from mesolive.records import replace
from mesolive.store.clauses import is_among
from mesolive.store.database import Database, Transaction, WriteTransaction
from mesolive.store.paging import Pager
from mesolive.store.tables.trading import accounts
from mesolive.trading.portfolio.broker_facts import facts_of_accounts, with_facts
from mesolive.trading.portfolio.day_pnl import TradingDay, day_bases_of_accounts
from mesolive.trading.portfolio.held_value import held_greeks, open_value, sum_of, unrealized
from mesolive.trading.portfolio.margin import margin_of_account, rules_by_position
from mesolive.trading.portfolio.marks import Marks
from mesolive.trading.portfolio.position_queries import count_by_account
from mesolive.trading.portfolio.positions import open_legs_of_accounts, provider_of
from mesolive.trading.portfolio.repository import ConcurrentChangeError
from mesolive_sdk import models

PAPER_PREFIX = "ML"
"""Account ids that begin so are paper accounts: their client reports fills, and nothing of them reaches a venue."""

SIMULATED_PREFIX = "SIM"
"""Account ids that begin so are at the simulated venue."""

MAX_CASH = Decimal(1_000_000_000_000)
"""Largest initial cash: sums stay within the digits of decimal arithmetic."""

ACCOUNT_ID = re.compile(r"[A-Z][A-Z0-9]{2,31}")
CURRENCY = re.compile(r"[A-Z]{3}")


_BY_ID = select(accounts).where(is_among(accounts.c.id, "ids"))
_BY_NAME = select(accounts).where(
    accounts.c.user_id == bindparam("user"), accounts.c.broker_account_id == bindparam("name")
)
_OF_USER = select(accounts).where(accounts.c.user_id == bindparam("user"), accounts.c.id == bindparam("account"))
_ALL_OF_USER = select(accounts).where(accounts.c.user_id == bindparam("user")).order_by(accounts.c.id)
_CASH = select(accounts.c.cash, accounts.c.last_updated).where(accounts.c.id == bindparam("account"))
_MOVE_CASH = (
    update(accounts)
    .where(accounts.c.id == bindparam("account"), accounts.c.cash == bindparam("before"))
    .values(cash=bindparam("after"), last_updated=bindparam("at"))
)


@dataclass(frozen=True, slots=True)
class Account:
    """One account as the trading core uses it."""

    id: int
    user_id: int
    broker_account_id: str
    broker_type: models.BrokerType
    is_paper: bool
    currency: str
    initial_cash: Decimal
    cash: Decimal
    connection_id: int | None = None
    data_provider: models.DataProviderType | None = None
    accept_delayed: bool = False
    disabled: bool = False
    night_sessions: bool = False

    @property
    def provider(self) -> models.DataProviderType | None:
        """The provider whose quotes value the account; `None` for the one that serves the underlying."""
        return provider_of(self.broker_type, self.connection_id, self.data_provider)

    @property
    def accepted_quality(self) -> QuoteQuality:
        """The worst quality of quotes on which decisions are made for the account."""
        return QuoteQuality.DELAYED if self.accept_delayed else QuoteQuality.LIVE


async def find_account(tx: Transaction, user_id: int, broker_account_id: str) -> Account:
    """Return the user's account.

    Raises
    ------
    ServiceError
        `NotFound` when the user has no such account; another user's account looks exactly the same.
    """
    row = await tx.first(_BY_NAME, {"user": user_id, "name": broker_account_id})
    if row is None:
        raise not_found(f"account {broker_account_id!r}")
    return account_of(row)


async def account_by_id(tx: Transaction, user_id: int, account_id: int) -> Account:
    """Return one of the user's accounts by its number, or raise `NotFound`."""
    row = await tx.first(_OF_USER, {"user": user_id, "account": account_id})
    if row is None:
        raise not_found(f"account {account_id}")
    return account_of(row)


async def accounts_by_id(tx: Transaction, account_ids: Iterable[int]) -> dict[int, Account]:
    """Return accounts of any users by their numbers."""
    rows = await tx.all(_BY_ID, {"ids": list(account_ids)})
    return {row.id: account_of(row) for row in rows}


async def accounts_of_user(tx: Transaction, user_id: int) -> list[Account]:
    """Return the user's accounts, disabled ones included, oldest first."""
    return [account_of(row) for row in await tx.all(_ALL_OF_USER, {"user": user_id})]


async def accounts_at_venue(
    tx: Transaction, broker_type: models.BrokerType, connection_id: int | None = None
) -> dict[str, Account]:
    """Return the accounts at a venue by the names that they have there: of one connection, or of none.

    Disabled ones are left out: nothing of them is sent, watched or compared.
    """
    connection = accounts.c.connection_id
    rows = await tx.all(
        select(accounts).where(
            accounts.c.broker_type == broker_type.name,
            accounts.c.is_paper.is_(False),
            accounts.c.disabled_at.is_(None),
            connection.is_(None) if connection_id is None else connection == connection_id,
        )
    )
    return {row.broker_account_id: account_of(row) for row in rows}


def account_of(row: Row[Any]) -> Account:
    """Return the account that a row of `accounts` holds."""
    return Account(
        id=row.id,
        user_id=row.user_id,
        broker_account_id=row.broker_account_id,
        broker_type=models.BrokerType[row.broker_type],
        is_paper=row.is_paper,
        currency=row.currency,
        initial_cash=row.initial_cash,
        cash=row.cash,
        connection_id=row.connection_id,
        data_provider=None if row.data_provider is None else models.DataProviderType[row.data_provider],
        accept_delayed=row.accept_delayed,
        disabled=row.disabled_at is not None,
        night_sessions=row.night_sessions,
    )


async def store_night_sessions(tx: WriteTransaction, account: Account, *, night_sessions: bool) -> Account:
    """Store whether an account trades in the night sessions of indexes; return it as it is then."""
    await tx.execute(accounts.update().where(accounts.c.id == account.id).values(night_sessions=night_sessions))
    return replace(account, night_sessions=night_sessions)


async def move_cash(tx: WriteTransaction, account: Account, change: Decimal, at: datetime) -> None:
    """Add `change` (account currency, signed) to the account's cash within the transaction.

    Raises
    ------
    ConcurrentChangeError
        When the cash was changed between being read and being written.
    """
    row = await tx.first(_CASH, {"account": account.id})
    assert row is not None  # noqa: S101 - accounts are never deleted
    # A late report, such as a settlement, does not move the account's time back.
    moved = {
        "account": account.id,
        "before": row.cash,
        "after": row.cash + change,
        "at": max(row.last_updated, at),
    }
    if (await tx.execute(_MOVE_CASH, moved)).rowcount != 1:
        raise ConcurrentChangeError(f"account {account.broker_account_id}")


async def create_paper_account(
    database: Database, clock: Clock, user: UserContext, broker_account_id: str, cash: Decimal, currency: str = "USD"
) -> None:
    """Create a paper account.

    Parameters
    ----------
    broker_account_id
        `ML` followed by letters and digits, such as `ML1000`.
    cash
        Initial cash, in `currency`; greater than zero.
    currency
        Three capital letters.

    Raises
    ------
    ServiceError
        `ValidationError` for an id or an amount that cannot be; `Conflict` when the account exists.
    """
    _check_new(PAPER_PREFIX, broker_account_id, cash, currency)
    async with database.write(user.user_id) as tx:
        await _create(tx, clock, user, broker_account_id, cash, currency, models.BrokerType.MesoLive)


async def create_simulated_account(
    database: Database, clock: Clock, user: UserContext, broker_account_id: str, cash: Decimal, currency: str = "USD"
) -> None:
    """Create an account at the simulated venue; as `create_paper_account`, with an id such as `SIM1000`.

    Raises
    ------
    ServiceError
        As `create_paper_account`. The id is the account's name at the venue, so that no other user may have it either.
    """
    _check_new(SIMULATED_PREFIX, broker_account_id, cash, currency)
    async with database.write() as tx:
        await _create(tx, clock, user, broker_account_id, cash, currency, models.BrokerType.Simulated)


def must_be_enabled(account: Account) -> None:
    """Let only accounts pass that their owner has not disabled.

    Raises
    ------
    ServiceError
        `Conflict`.
    """
    if account.disabled:
        raise conflict(
            f"account {account.broker_account_id} is disabled: mesolive connector enable-account",
            code="AccountDisabled",
        )


def _check_new(prefix: str, broker_account_id: str, cash: Decimal, currency: str) -> None:
    problems: dict[str, list[str]] = {}
    if not broker_account_id.startswith(prefix) or not ACCOUNT_ID.fullmatch(broker_account_id):
        expected = f"{prefix} followed by capital letters and digits, such as {prefix}1000"
        problems["BrokerAccountId"] = [f"expected {expected}, got {broker_account_id!r}"]
    if not cash.is_finite() or not 0 < cash <= MAX_CASH or round(cash, 2) != cash:
        problems["Cash"] = [f"expected an amount greater than 0, up to {MAX_CASH:,}, of whole cents, got {cash}"]
    if not CURRENCY.fullmatch(currency):
        problems["Currency"] = [f"expected three capital letters, such as USD, got {currency[:20]!r}"]
    if problems:
        raise validation(problems)


async def _create(
    tx: WriteTransaction,
    clock: Clock,
    user: UserContext,
    broker_account_id: str,
    cash: Decimal,
    currency: str,
    kind: models.BrokerType,
) -> None:
    paper = kind is models.BrokerType.MesoLive
    owner = accounts.c.user_id == user.user_id if paper else accounts.c.is_paper.is_(False)
    taken = await tx.first(select(accounts.c.id).where(accounts.c.broker_account_id == broker_account_id, owner))
    if taken is not None:
        raise conflict(f"account {broker_account_id} exists already", code="AccountExists")
    now = clock.now()
    await tx.execute(
        accounts.insert().values(
            user_id=user.user_id,
            broker_account_id=broker_account_id,
            broker_type=kind.name,
            account_type="Paper" if paper else kind.name,
            currency=currency,
            is_paper=paper,
            initial_cash=cash,
            cash=cash,
            created_at=now,
            last_updated=now,
        )
    )


class Accounts:
    """Account operations and queries of the Control Hub and the command line."""

    def __init__(
        self, database: Database, market: Market, calendar: ExchangeCalendar, clock: Clock, pager: Pager
    ) -> None:
        self._database = database
        self._market = market
        self._calendar = calendar
        self._clock = clock
        self._pager = pager

    async def create_paper(
        self, user: UserContext, broker_account_id: str, cash: Decimal, currency: str = "USD"
    ) -> models.LiveAccount:
        """Create a paper account and return it; see `create_paper_account`."""
        await create_paper_account(self._database, self._clock, user, broker_account_id, cash, currency)
        return await self.get(user, models.GetAccountArgs(BrokerAccountId=broker_account_id))

    async def create_simulated(
        self, user: UserContext, broker_account_id: str, cash: Decimal, currency: str = "USD"
    ) -> models.LiveAccount:
        """Create an account at the simulated venue and return it; see `create_simulated_account`."""
        await create_simulated_account(self._database, self._clock, user, broker_account_id, cash, currency)
        return await self.get(user, models.GetAccountArgs(BrokerAccountId=broker_account_id))

    async def list(self, user: UserContext, args: models.ListAccountsArgs) -> models.ListAccountsResult:
        """Return the user's accounts, oldest first, a page at a time."""
        page = self._pager.page(user.user_id, "ListAccounts", args)
        async with self._database.read() as tx:
            rows = await tx.all(
                select(accounts)
                .where(accounts.c.user_id == user.user_id, accounts.c.id > page.after)
                .order_by(accounts.c.id)
                .limit(page.limit + 1)
            )
            shown, token = page.cut(rows)
            result = await self._live(tx, user.user_id, shown)
        return models.ListAccountsResult(Accounts=result, ContinuationToken=token)

    async def get(self, user: UserContext, args: models.GetAccountArgs) -> models.LiveAccount:
        """Return one account; `NotFound` when the user has none of that id."""
        async with self._database.read() as tx:
            rows = await tx.all(
                select(accounts).where(
                    accounts.c.user_id == user.user_id, accounts.c.broker_account_id == args.BrokerAccountId
                )
            )
            if not rows:
                raise not_found(f"account {args.BrokerAccountId!r}")
            result = await self._live(tx, user.user_id, rows)
        return result[0]

    async def _live(self, tx: Transaction, user_id: int, rows: Sequence[Row[Any]]) -> list[models.LiveAccount]:
        ids = [row.id for row in rows]
        active = await count_by_account(tx, user_id, ids)
        legs_by_account = await open_legs_of_accounts(tx, user_id, ids)
        bases = await day_bases_of_accounts(tx, TradingDay.at(self._calendar, self._clock.now()), user_id, ids)
        rules = await rules_by_position(tx, {leg.position_id for its in legs_by_account.values() for leg in its})
        owned = {row.id: account_of(row) for row in rows}
        by_provider = {
            kind: Marks(self._market, provider=kind) for kind in {account.provider for account in owned.values()}
        }
        marks = {account_id: by_provider[account.provider] for account_id, account in owned.items()}
        values = {row.id: open_value(legs_by_account.get(row.id, ()), marks[row.id]) for row in rows}
        running = {row.id: unrealized(legs_by_account.get(row.id, ()), values[row.id]) for row in rows}
        margins = {
            row.id: await margin_of_account(legs_by_account.get(row.id, ()), rules, marks[row.id]) for row in rows
        }
        greeks = {row.id: held_greeks(legs_by_account.get(row.id, ()), marks[row.id]) for row in rows}
        facts = await facts_of_accounts(tx, [row.id for row in rows if row.connection_id is not None])
        return [
            with_facts(
                models.LiveAccount(
                    BrokerAccountId=row.broker_account_id,
                    BrokerType=models.BrokerType[row.broker_type],
                    AccountType=row.account_type,
                    Currency=row.currency,
                    IsPaperAccount=row.is_paper,
                    NetLiquidationValue=None if (value := values[row.id]) is None else row.cash + value,
                    MaintenanceMarginReq=margins[row.id],
                    Cash=row.cash,
                    LastUpdated=self._as_of(row, owned[row.id], holds=bool(legs_by_account.get(row.id))),
                    CreatedAt=row.created_at,
                    ActivePositions=active.get(row.id, 0),
                    DisabledAt=row.disabled_at,
                    UnrealizedPnL=running[row.id],
                    DayPnL=sum_of(running[row.id], bases[row.id]),
                    Greeks=None if (of := greeks[row.id]) is None else of.values,
                    DeltaDollars=None if of is None else of.delta_dollars,
                ),
                facts.get(row.id),
            )
            for row in rows
        ]

    def _as_of(self, row: Row[Any], account: Account, *, holds: bool) -> datetime:
        """Return the time of the account's values: now, or the last update of the market that values them."""
        now = self._market.now(account.provider, self._clock)
        if not holds:
            return now
        received = self._market.last_received_at(account.provider)
        return row.last_updated if received is None else min(max(received, row.last_updated), now)


def must_be_paper(account: Account) -> None:
    """Let only paper accounts pass: the one place that decides whether the client may report fills.

    Raises
    ------
    ServiceError
        `NotSupported` for any other account: its fills come from the venue.
    """
    if not account.is_paper:
        raise not_supported(
            f"account {account.broker_account_id} is not a paper account: its fills come from the venue; use SendOrder",
            code="NotAPaperAccount",
        )


def must_be_at_a_venue(account: Account, instead: str = "it has no venue; use ApplyPaperFills") -> None:
    """Let only accounts at a venue pass: the one place that decides whether an order may leave the server at all.

    Parameters
    ----------
    instead
        The part of the refusal that names the paper account's alternative.

    Raises
    ------
    ServiceError
        `NotSupported` for a paper account: its client reports its fills.
    """
    if account.is_paper or account.broker_type is models.BrokerType.MesoLive:
        raise not_supported(f"account {account.broker_account_id} is a paper account: {instead}", code="PaperAccount")
