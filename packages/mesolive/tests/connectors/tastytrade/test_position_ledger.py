"""What is held while the venue's lists and messages lag behind fills, or overtake them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from mesolive.connectors.tastytrade.position_ledger import PositionLedger

NOON = datetime(2026, 7, 27, 16, 0, tzinfo=UTC)
SYMBOL = "SPXW  261218P05000000"
ONE = Decimal(1)
SECOND = timedelta(seconds=1)


def listed() -> PositionLedger:
    """Return a ledger behind an empty list of a minute ago."""
    ledger = PositionLedger()
    ledger.listed({}, 0.0, NOON - 60 * SECOND)
    return ledger


def test_a_fill_is_held_at_once_and_an_older_message_does_not_undo_it() -> None:
    ledger = listed()
    ledger.filled(SYMBOL, "1", ONE, 60.0, NOON)
    assert not ledger.record(SYMBOL, Decimal(0), 60.1, NOON - SECOND)
    assert ledger.position(SYMBOL) == 1


def test_a_message_of_a_position_that_overtakes_its_order_does_not_count_the_fill_twice() -> None:
    ledger = listed()
    assert ledger.record(SYMBOL, ONE, 60.0, NOON + SECOND / 100)
    ledger.filled(SYMBOL, "1", ONE, 60.1, NOON)
    assert ledger.position(SYMBOL) == 1


def test_a_fill_behind_such_a_message_is_counted() -> None:
    ledger = listed()
    ledger.record(SYMBOL, ONE, 60.0, NOON)
    ledger.filled(SYMBOL, "1", ONE, 60.1, NOON)
    ledger.filled(SYMBOL, "2", ONE, 60.2, NOON + SECOND)
    assert ledger.position(SYMBOL) == 2


def test_a_message_without_a_time_leaves_the_fill_to_the_next_list() -> None:
    ledger = listed()
    ledger.record(SYMBOL, ONE, 60.0)
    ledger.filled(SYMBOL, "1", ONE, 60.1, NOON)
    assert ledger.position(SYMBOL) == 2
    ledger.listed({SYMBOL: ONE}, 71.0, NOON + 11 * SECOND)
    assert ledger.position(SYMBOL) == 1
