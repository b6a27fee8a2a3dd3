"""Rows of the broker's history: fees, settlements with their strike as price, early exercises, reversals."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

from mesolive.connectors.tastytrade.account_rows import fees_by_leg, settlement_fact, settlement_rows
from mesolive.market.calendar import us_options_calendar
from mesolive.tastytrade_client import Transaction
from mesolive.venues.base import ExerciseNotice, Settled
from mesolive_testkit.tastytrade import samples
from mesolive_testkit.tastytrade.samples import ACCOUNT, SHORT

CALENDAR = us_options_calendar()
CLOSE = datetime(2026, 12, 18, 21, 0, tzinfo=UTC)


def row(number: int, **more: Any) -> Transaction:
    return msgspec.convert(samples.transaction(number, **more), Transaction)


def ending(number: int, kind: str, **more: Any) -> Transaction:
    known: dict[str, Any] = {
        "transaction_type": "Receive Deliver",
        "transaction_sub_type": kind,
        "action": None,
        "order_id": None,
        "executed_at": "2026-12-19T02:00:00.000+00:00",
        "price": "5000.0",
        "value": "0.0",
        "value_effect": "None",
        "net_value": "0.0",
        "net_value_effect": "None",
    }
    return row(number, **(known | more))


def test_fees_are_those_of_all_rows_of_a_leg() -> None:
    fees = fees_by_leg([row(1), row(2), row(3, order_id=9), ending(4, "Expiration")])
    assert fees["1251898", SHORT].quantity == 4
    assert fees["1251898", SHORT].fees == Decimal("6.884")


def test_a_reversed_row_and_its_reversal_count_for_nothing() -> None:
    assert fees_by_leg([row(1), row(2, reverses_id=1)]) == {}


def test_a_cash_settlement_has_its_worth_from_the_value_and_its_cash_from_the_net_value() -> None:
    reported = ending(
        7, "Cash Settled Assignment", quantity="1.0", value="364.0", value_effect="Debit",
        net_value="369.0", net_value_effect="Debit",
    )  # fmt: skip
    (rows_read,) = settlement_rows([reported, row(1)])
    fact = settlement_fact(ACCOUNT, rows_read, {}, CALENDAR)
    assert isinstance(fact, Settled)
    assert (fact.qty, fact.price, fact.cash) == (Decimal(-1), Decimal("3.64"), Decimal(-369))
    assert (fact.fact_id, fact.at) == ("7", CLOSE)


def test_an_expiration_has_its_sign_from_the_rows_before() -> None:
    expired = ending(9, "Expiration", quantity="2.0")
    sold = settlement_fact(ACCOUNT, expired, {SHORT: [row(1), expired]}, CALENDAR)
    assert isinstance(sold, Settled)
    assert (sold.qty, sold.price, sold.cash) == (Decimal(-2), 0, 0)
    bought = [row(1, action="Buy to Open", transaction_sub_type="Buy to Open"), expired]
    long = settlement_fact(ACCOUNT, expired, {SHORT: bought}, CALENDAR)
    assert isinstance(long, Settled)
    assert long.qty == 2


def test_an_expiration_of_what_was_never_held_is_no_fact() -> None:
    assert settlement_fact(ACCOUNT, ending(9, "Expiration"), {SHORT: []}, CALENDAR) is None


def test_an_assignment_before_the_expiration_is_a_notice() -> None:
    early = ending(11, "Assignment", quantity="1.0", executed_at="2026-12-10T21:00:00.000+00:00")
    fact = settlement_fact(ACCOUNT, early, {}, CALENDAR)
    assert isinstance(fact, ExerciseNotice)
    assert fact.qty == -1


def test_a_delivery_of_shares_at_the_expiration_is_a_notice_too() -> None:
    fact = settlement_fact(ACCOUNT, ending(12, "Exercise", quantity="3.0"), {}, CALENDAR)
    assert isinstance(fact, ExerciseNotice)
    assert fact.qty == 3
