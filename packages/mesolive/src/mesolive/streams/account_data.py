"""Subjects and items of accounts: all that an account holds as one sum, with the figures that move without quotes."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from mesolive.streams.channels import Form
from mesolive.trading.portfolio.watched_accounts import WatchedAccount
from mesolive.trading.valuation.engine import Valuation, Wanted
from mesolive.trading.valuation.from_positions import entry_of
from mesolive.trading.valuation.subjects import Subject, of_legs
from mesolive.trading.valuation.wire_items import Build, Fields, Maker, empty_sum
from mesolive_sdk import models

SECONDS = 1.0
"""An account has at most one item in so many seconds: all that it holds is valued for it."""

MARK = 3
MARK_BIT = 8


class AccountReader(Protocol):
    """Reads a user's accounts; `mesolive.trading.portfolio.watched_accounts.WatchedAccounts` does."""

    async def read(self, user_id: int, broker_account_id: str) -> WatchedAccount:
        """Return one of the user's accounts, or raise `NotFound`."""
        ...


@dataclass(frozen=True)
class AccountSubject(Subject):
    """All that an account holds, and the account."""

    account: WatchedAccount | None = None


def account_subject(account: WatchedAccount) -> AccountSubject:
    """Return the subject of an account."""
    whole = of_legs([entry_of(leg) for leg in account.legs])
    return AccountSubject(entries=whole.entries, total=whole.total, account=account)


def account_fields(subject: Subject, valuation: Valuation) -> Build:
    """Return what builds the fields of an account's item."""
    assert isinstance(subject, AccountSubject)  # noqa: S101 - the form of accounts is theirs alone
    account = subject.account
    assert account is not None  # noqa: S101 - as above

    def build(make: Maker) -> Fields:
        sums = valuation.segments if subject.total is not None else empty_sum()
        running = _decimal(sums.pnl[MARK]) if subject.total is not None else Decimal(0)
        facts = account.facts
        value = None if running is None else account.cash + account.cost + running
        return {
            "SnapshotTime": valuation.now,
            "NetLiquidationValue": value if facts is None else _first(facts.net_liquidation, value),
            "Cash": account.cash if facts is None else _first(facts.cash, account.cash),
            "MaintenanceMarginReq": account.margin
            if facts is None
            else _first(facts.maintenance_margin, account.margin),
            "UnrealizedPnL": running,
            "DayPnL": None if running is None or account.day_base is None else running + account.day_base,
            "ActivePositions": account.active_positions,
            "Greeks": make.greeks(valuation.now, sums, 0),
        }

    return build


ACCOUNT_FORM = Form(
    Wanted(prices=0, greeks=MARK_BIT, pnl=MARK_BIT),
    greeks=True,
    bases=(False, False, False, True),
    build=account_fields,
    type_=models.AccountDataEntry,
    every=SECONDS,
)


def _first(stated: Decimal | None, own: Decimal | None) -> Decimal | None:
    return own if stated is None else stated


def _decimal(number: float) -> Decimal | None:
    return None if number != number else Decimal(repr(number))  # noqa: PLR0124 - not a number
