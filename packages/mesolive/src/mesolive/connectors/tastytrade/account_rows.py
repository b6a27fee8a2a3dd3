"""Rows of an account's history at tastytrade: fees of fills, settlements and early exercises. Pure functions.

Rows are unsigned: a price of a settlement is the strike, its fee stands in the net value alone, and whether a contract
was long or short follows from the kind of the row, or from the rows before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from mesolive.connectors.tastytrade.symbols import contract_of
from mesolive.market.calendar import ExchangeCalendar, settlement_instant
from mesolive.market.contracts import OptionContract
from mesolive.tastytrade_client import OPTIONS, Transaction
from mesolive.venues.base import ExerciseNotice, Settled, SettlementFact

ZERO: Final = Decimal(0)
TRADE: Final = "Trade"
DELIVERY: Final = "Receive Deliver"
SHORT_GONE: Final = frozenset({"cash settled assignment", "assignment"})
LONG_GONE: Final = frozenset({"cash settled exercise", "exercise"})
SHARES_MOVED: Final = frozenset({"assignment", "exercise"})
EXPIRED: Final = "expiration"


def standing(rows: Iterable[Transaction]) -> list[Transaction]:
    """Return rows without those that were reversed, and without the reversals."""
    all_rows = list(rows)
    reversed_ids = {str(row.reverses_id) for row in all_rows if row.reverses_id is not None}
    return [row for row in all_rows if row.reverses_id is None and row.row_id not in reversed_ids]


class LegFees:
    """What the fills of one leg of one order have cost, as far as it is in the history."""

    __slots__ = ("fees", "quantity")

    def __init__(self) -> None:
        self.quantity = ZERO
        self.fees = ZERO


def fees_by_leg(rows: Iterable[Transaction]) -> dict[tuple[str, str], LegFees]:
    """Return the fees of trades by order id and symbol."""
    result: dict[tuple[str, str], LegFees] = {}
    for row in standing(rows):
        if row.transaction_type != TRADE or row.order_id is None or row.symbol is None:
            continue
        leg = result.setdefault((str(row.order_id), row.symbol), LegFees())
        leg.quantity += row.quantity or ZERO
        leg.fees += row.fees
    return result


def signed_change(row: Transaction) -> Decimal | None:
    """Return how a row changed what is held of its symbol; `None` where the row does not say whether it was long."""
    quantity = abs(row.quantity or ZERO)
    kind = row.transaction_sub_type.lower()
    if kind in SHORT_GONE:
        return quantity
    if kind in LONG_GONE:
        return -quantity
    action = (row.action or row.transaction_sub_type).lower()
    if action.startswith("buy"):
        return quantity
    if action.startswith("sell"):
        return -quantity
    return None


def held_before(row: Transaction, history: Sequence[Transaction]) -> Decimal:
    """Return what the account held of a row's symbol before it: the sum of all rows before, which are of its symbol."""
    qty = ZERO
    for earlier in standing(history):
        if earlier.row_id == row.row_id or earlier.symbol != row.symbol:
            continue
        before, now = earlier.executed, row.executed
        if before is not None and now is not None and before > now:
            continue
        change = signed_change(earlier)
        if change is None:
            # An expiration of a part: it took away from what was held.
            gone = abs(earlier.quantity or ZERO)
            change = -gone if qty > 0 else gone
        qty += change
    return qty


def settlement_rows(rows: Iterable[Transaction]) -> list[Transaction]:
    """Return the rows that end options: expirations, assignments and exercises."""
    kinds = SHORT_GONE | LONG_GONE | {EXPIRED}
    return [
        row
        for row in standing(rows)
        if row.transaction_type == DELIVERY
        and row.instrument_type in OPTIONS
        and row.transaction_sub_type.lower() in kinds
        and row.symbol is not None
        and contract_of(row.symbol) is not None
    ]


def settlement_fact(
    account: str, row: Transaction, history: Mapping[str, Sequence[Transaction]], calendar: ExchangeCalendar
) -> SettlementFact | None:
    """Return what a row of a settlement means; `None` where it moved nothing, or where that is ambiguous.

    Parameters
    ----------
    history
        All rows by symbol, for rows that do not say whether the contract was long or short.
    """
    contract = contract_of(row.symbol or "")
    if contract is None:
        return None
    change = signed_change(row)
    if change is None:
        qty_before = held_before(row, history.get(row.symbol or "", ()))
        quantity = abs(row.quantity or ZERO)
        change = ZERO if qty_before == 0 else -quantity if qty_before > 0 else quantity
    gone = -change
    if gone == 0:
        return None
    settles_at = settlement_instant(contract.root, contract.day, calendar=calendar)
    at = row.executed or settles_at
    kind = row.transaction_sub_type.lower()
    if kind in SHARES_MOVED or (kind != EXPIRED and _is_early(contract, at, calendar)):
        # Shares were delivered: books of options do not hold them, so the owner must act, as after an early exercise.
        return ExerciseNotice(account=account, fact_id=row.row_id, contract=contract, qty=gone, at=at)
    worth = abs(row.signed_value) / (abs(gone) * contract.multiplier)
    return Settled(
        account=account,
        fact_id=row.row_id,
        contract=contract,
        qty=gone,
        price=worth,
        cash=row.signed_net_value,
        at=settles_at,
    )


def _is_early(contract: OptionContract, at: datetime, calendar: ExchangeCalendar) -> bool:
    return calendar.local(at).date() < contract.day
