"""Executions of the tastytrade venue: combos made of leg fills, with their fees, reported once.

A combo of an order that works is reported when no fill has come for a second, for fills of other legs may still sort
before it; an order that is filled is reported at once. Fees are in the account's history a moment after the fill.
They are awaited for some seconds, and then they are the broker's estimate: what was reported under an id does not
change later.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

import structlog

from mesolive.connectors.tastytrade.account_rows import TRADE, LegFees, fees_by_leg
from mesolive.connectors.tastytrade.combo_fills import ComboFill, Parts, mean_price
from mesolive.connectors.tastytrade.order_journal import Apart, Reported
from mesolive.connectors.tastytrade.symbols import contract_of
from mesolive.connectors.tastytrade.tracked_orders import LONG_AGO, TrackedOrder
from mesolive.connectors.tastytrade.venue_core import VenueCore
from mesolive.market.contracts import OptionContract
from mesolive.tastytrade_client import OrderLeg
from mesolive.venues.base import Execution, LegExecution, OrderStatus, VenueUnreachableError

_log = structlog.get_logger(__name__)

ZERO: Final = Decimal(0)
CENT_PART: Final = Decimal("0.0001")
BROKEN: Final = "broken"
FEES_SECONDS: Final = 0.5
"""For how long fees that were read count as read."""

Fees = Mapping[tuple[str, str], LegFees]


class Executions:
    """Tells executions and ends of orders, in this order, and lists executions."""

    def __init__(self, core: VenueCore) -> None:
        self._core = core
        self._replaced: dict[tuple[str, str], str] = {}
        """Orders of ours by account and id of the order that took their place, where that one is not known yet."""
        self._reporting = asyncio.Lock()
        self._fees_read: dict[str, tuple[float, Fees]] = {}

    def is_waiting(self, tracked: TrackedOrder) -> bool:
        """Return whether executions or the end of an order are not reported yet."""
        if tracked.unreported or tracked.lacks_fills:
            return True
        return tracked.has_ended and (not tracked.is_ended or bool(tracked.broken()))

    async def report_due(self) -> None:
        """Tell what is due of all orders: executions whose fees are known or late, then ends."""
        async with self._reporting:
            for account in {account for account, tracked in self._core.book.all() if self.is_waiting(tracked)}:
                await self._report_account(account)
            self._look_at_replaced()

    async def listed(self, account: str, since: datetime) -> list[Execution]:
        """Return all executions at or after a moment, also those not reported before."""
        deadline = self._core.now() + self._core.times.commission + self._core.times.quiet + 1
        while True:
            async with self._reporting:
                await self._report_account(account)
            if not any(tracked.unreported for tracked in self._core.book.of(account)) or self._core.now() > deadline:
                break
            await asyncio.sleep(self._core.times.work)
        executions = [item for tracked in self._core.book.of(account) for item in self._reported(account, tracked)]
        executions += [
            item.execution
            for (owner, _), items in self._core.journal.apart.items()
            if owner == account
            for item in items
        ]
        return sorted((item for item in executions if item.at >= since), key=lambda item: (item.at, item.execution_id))

    def _reported(self, account: str, tracked: TrackedOrder) -> list[Execution]:
        return [item.execution for item in self._core.journal.reported.get((account, tracked.id), ())]

    async def _report_account(self, account: str) -> None:
        waiting = [
            tracked
            for tracked in self._core.book.of(account)
            if self.is_waiting(tracked) and not self._core.may_be_ours(account, tracked)
        ]
        if not waiting:
            return
        ready = [tracked for tracked in waiting if tracked.unreported and self._is_quiet(tracked)]
        fees: Fees = await self._fees(account, ready) if ready else {}
        for tracked in ready:
            self._report(account, tracked, fees)
        for tracked in waiting:
            if tracked.lacks_fills:
                await self._ask_for_fills(account, tracked)
                continue
            self._core.calm(f"fills {tracked.id}")
            if tracked.has_ended and not tracked.unreported:
                if broken := tracked.broken():
                    self._report_broken(account, tracked, broken)
                if not tracked.is_ended:
                    self._report_end(account, tracked)

    def _is_quiet(self, tracked: TrackedOrder) -> bool:
        if tracked.has_ended or tracked.filled_at is None:
            return True
        return self._core.now() - tracked.filled_at >= self._core.times.quiet

    # --- fees ---------------------------------------------------------------------------------------------------------

    async def _fees(self, account: str, ready: Sequence[TrackedOrder]) -> Fees:
        """Return the fees in the account's history; none where it cannot be read, for fills must not wait for it."""
        read_at, known = self._fees_read.get(account, (-FEES_SECONDS, {}))
        if self._core.now() - read_at < FEES_SECONDS:
            return known
        oldest = min((tracked.order.received or LONG_AGO for tracked in ready), default=LONG_AGO)
        if oldest == LONG_AGO:
            oldest = self._core.clock.now()
        try:
            fees = fees_by_leg(await self._core.read_rows(account, oldest, TRADE))
        except VenueUnreachableError as error:
            _log.warning("fees_not_read", account=account, reason=str(error))
            return {}
        self._fees_read[account] = self._core.now(), fees
        return fees

    def _report(self, account: str, tracked: TrackedOrder, fees: Fees) -> None:
        """Tell the new combos of an order, unless their fees are still awaited."""
        combos = tracked.unreported
        is_late = self._core.now() - (tracked.filled_at or 0.0) >= self._core.times.commission
        shares: dict[str, list[Decimal]] = {}
        for symbol, ratio in tracked.ratios.items():
            share = self._shares(account, tracked, symbol, ratio * len(combos), fees.get((tracked.id, symbol)))
            if share is None and not is_late:
                return
            shares[symbol] = _divided(share if share is not None else ZERO, len(combos))
            if share is None:
                estimate = self._estimate(account, tracked) * ratio
                shares[symbol] = [estimate] * len(combos)
                _log.warning("fees_estimated", account=account, order_id=tracked.id, symbol=symbol)
        records: list[Reported] = []
        for place, combo in enumerate(combos):
            execution = self._execution(account, tracked, combo, {key: share[place] for key, share in shares.items()})
            records.append(Reported(execution=execution, combo=combo))
        # The server books them durably: numbers that were reported must not come again with other fills behind them.
        self._core.journal.write(*records, durable=True)
        for record in records:
            tracked.note_reported(record.combo)
            self._core.report(record.execution)

    def _shares(
        self, account: str, tracked: TrackedOrder, symbol: str, quantity: Decimal, known: LegFees | None
    ) -> Decimal | None:
        """Return the fees of new contracts of a leg: all of the leg so far, less those that were reported."""
        filled = sum((fill.quantity for fill in tracked.fills if fill.symbol == symbol), ZERO)
        if known is None or known.quantity < filled or filled <= 0:
            return None
        reported = ZERO
        reported_quantity = ZERO
        for item in self._reported(account, tracked):
            for leg in item.legs:
                if leg.contract == contract_of(symbol):
                    reported += leg.commission
                    reported_quantity += abs(leg.qty)
        so_far = known.fees * (reported_quantity + quantity) / known.quantity
        return max(so_far - reported, ZERO)

    def _estimate(self, account: str, tracked: TrackedOrder) -> Decimal:
        return self._core.fee_estimates.get((account, tracked.reference or ""), ZERO)

    # --- reports ------------------------------------------------------------------------------------------------------

    def _execution(
        self, account: str, tracked: TrackedOrder, combo: ComboFill, fees: Mapping[str, Decimal]
    ) -> Execution:
        names = self._names(account, tracked.reference)
        ratios = tracked.ratios
        return Execution(
            account=account,
            reference=tracked.reference,
            venue_id=tracked.id,
            execution_id=f"{tracked.id}:{combo.number}",
            qty=Decimal(1),
            legs=tuple(
                leg_execution(leg, names, ratios[leg.symbol], combo.price(leg.symbol), fees[leg.symbol])
                for leg in tracked.legs
            ),
            at=combo.at,
        )

    def _names(self, account: str, reference: str | None) -> dict[OptionContract, str]:
        request = self._core.journal.request(account, reference)
        return {} if request is None else {leg.contract: leg.name for leg in request.legs}

    def _report_end(self, account: str, tracked: TrackedOrder) -> None:
        tracked.is_ended = True
        if tracked.status is not OrderStatus.FILLED:
            self._core.report(self._core.ended(account, tracked))
        if tracked.order.replaced_by is not None and tracked.reference is not None:
            self._replaced[account, tracked.order.replaced_by] = tracked.id
            self._look_at_replaced()

    def _look_at_replaced(self) -> None:
        """Tell the trader of orders of ours that were replaced by hand; the new one may be heard of later."""
        for (account, new_id), old_id in list(self._replaced.items()):
            new = self._core.book.find(account, new_id)
            if new is None or self._core.may_be_ours(account, new):
                continue
            del self._replaced[account, new_id]
            if new.reference is None:
                text = f"order {old_id} was replaced by hand with order {new_id}, whose fills are not ours"
                self._core.alarm(f"by hand {old_id}", text)

    def _report_broken(self, account: str, tracked: TrackedOrder, broken: Parts) -> None:
        """Tell legs that were filled without their partners as a trade by hand: they are held, and in no combo."""
        legs = [leg for leg in tracked.legs if leg.symbol in broken]
        quantities = {symbol: sum((part.quantity for part in parts), ZERO) for symbol, parts in broken.items()}
        execution_id = f"{tracked.id}:{BROKEN}" + (f":{len(tracked.apart) + 1}" if tracked.apart else "")
        execution = Execution(
            account=account,
            reference=None,
            venue_id=f"{tracked.id}:{BROKEN}",
            execution_id=execution_id,
            qty=Decimal(1),
            legs=tuple(
                leg_execution(leg, {}, quantities[leg.symbol], mean_price(broken[leg.symbol]), ZERO) for leg in legs
            ),
            at=tracked.changed_at,
        )
        record = Apart(
            order_id=tracked.id, execution=execution, parts={symbol: tuple(parts) for symbol, parts in broken.items()}
        )
        # A fill of another leg that is heard of still later must not make a combo of these, which are booked.
        self._core.journal.write(record, durable=True)
        tracked.note_apart(record.parts)
        differences = ", ".join(f"{quantity} {symbol}" for symbol, quantity in quantities.items())
        self._core.alarm(
            f"broken {tracked.id}", f"order {tracked.id} ended with legs filled without the others: {differences}"
        )
        self._core.report(execution)

    async def _ask_for_fills(self, account: str, tracked: TrackedOrder) -> None:
        """Read an order of which fills or prices are missing; after a while that is an alarm."""
        core = self._core
        since = tracked.filled_at if tracked.filled_at is not None else tracked.lacking_since(core.now())
        if tracked.is_short_of_partners:
            since = max(since, tracked.lacking_since(core.now()))
        if core.now() - since >= core.times.quiet and core.now() >= tracked.ask_at:
            # Soon at first, and less and less often: the broker may take minutes, and does not want to be polled.
            tracked.ask_at = core.now() + max(core.times.quiet, (core.now() - since) / 2)
            try:
                await core.read_order(account, tracked.id)
            except VenueUnreachableError as error:
                _log.warning("fills_not_read", account=account, order_id=tracked.id, reason=str(error))
                return
            if not tracked.unpriced and tracked.is_short_of_partners and core.now() - since >= core.times.fills_missing:
                tracked.is_uneven = True  # its end follows, with what is broken
        if not tracked.lacks_fills:
            core.calm(f"fills {tracked.id}")
        elif core.now() - since >= core.times.fills_missing and (tracked.unpriced or not tracked.is_short_of_partners):
            what = "the prices" if tracked.unpriced else "the fills"
            core.alarm(f"fills {tracked.id}", f"order {tracked.id} is filled, and {what} of some legs are missing")


def leg_execution(
    leg: OrderLeg, names: Mapping[OptionContract, str], quantity: Decimal, price: Decimal, fees: Decimal
) -> LegExecution:
    """Return one leg of an execution; legs of orders by hand are named by their symbol."""
    contract = contract_of(leg.symbol)
    assert contract is not None  # noqa: S101 - `TrackedOrder.legs` are options
    return LegExecution(
        name=names.get(contract, contract.symbol),
        contract=contract,
        qty=quantity * leg.sign,
        price=price,
        commission=fees,
    )


def _divided(total: Decimal, count: int) -> list[Decimal]:
    """Return a sum in equal parts of bounded length; the last part takes what the division leaves."""
    share = (total / count).quantize(CENT_PART)
    return [*([share] * (count - 1)), total - share * (count - 1)]
