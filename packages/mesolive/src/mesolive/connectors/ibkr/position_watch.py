"""Positions of the accounts, and what became of those that are gone: settlements and early exercises.

IB reports neither. A position that is missing from complete lists, twice, half a minute apart and with no execution in
between, was settled if its contract has expired, and exercised if shares have moved with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Final

import structlog

from mesolive.connectors.ibkr.contract_mapping import option_of
from mesolive.connectors.ibkr.journal import Gone, Held
from mesolive.connectors.ibkr.session_errors import TwsError
from mesolive.connectors.ibkr.tws_messages import PositionRow
from mesolive.connectors.ibkr.venue_state import VenueState
from mesolive.market.calendar import NEW_YORK, settlement_instant
from mesolive.market.contracts import ExerciseStyle, OptionContract, Right, Settlement
from mesolive.market.option_classes import Delivery, option_class
from mesolive.market.settlement import settlement_value
from mesolive.tasks import Turns
from mesolive.venues.base import ExerciseNotice, Settled, SettlementFact, VenueUnreachableError

_log = structlog.get_logger(__name__)

ZERO = Decimal(0)

LOOK_SECONDS: Final = 60.0
"""Between two lists of positions."""

CONFIRMED: Final = timedelta(seconds=30)
"""How far apart two lists must be that show the same difference."""

AM_GRACE: Final = time(11, 0)
PM_GRACE: Final = time(18, 0)
DELIVERY_GRACE: Final = time(6, 0)
"""New York times before which a missing position is not taken for a settlement: of the day; for delivery, the next."""

LINGERING: Final = timedelta(days=4)
"""How long after its settlement a position may stay before a person must look: a long weekend and a day."""

SettlementPrices = Callable[[OptionContract, datetime], Decimal | None]
"""Returns the underlying's price that a contract settled at, or `None` while it is not published."""


@dataclass(frozen=True, slots=True)
class _Difference:
    """Options that are missing or surplus by a list, beside what executions explain."""

    seen_at: datetime
    options: Mapping[int, Decimal]
    shares: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class _List:
    """A complete list of positions of one account."""

    options: Mapping[int, Decimal]
    contracts: Mapping[int, OptionContract]
    shares: Mapping[str, Decimal]


class PositionWatch:
    """Compares complete lists of positions with what the executions explain.

    Parameters
    ----------
    prices
        Settlement prices of underlyings.
    """

    def __init__(self, state: VenueState, prices: SettlementPrices) -> None:
        self._state = state
        self._prices = prices
        self._differences: dict[str, _Difference] = {}

    async def positions(self, account: str) -> dict[OptionContract, Decimal]:
        """Return the options that an account holds.

        Raises
        ------
        TwsError
            When the list has no whole answer.
        """
        rows = await self._read()
        listed = self._list_of(account, rows)
        return {listed.contracts[con_id]: qty for con_id, qty in listed.options.items()}

    async def look(self) -> None:
        """Read the list of positions of every account, and draw conclusions.

        Raises
        ------
        TwsError
            When a list has no whole answer.
        """
        await self._state.session.executions()  # of what is in the list, the executions are known
        await self._read()

    async def run(self, turns: Turns) -> None:
        """Look again and again while there is a connection."""
        while True:
            await self._state.timer.sleep(LOOK_SECONDS)
            turns.turned()
            if self._state.session.state.sendable:
                try:
                    await self.look()
                except TwsError as error:
                    _log.info("ibkr_positions_not_read", reason=str(error))

    async def _read(self) -> Sequence[PositionRow]:
        book = self._state.book
        before = {account: dict(traded) for account, traded in book.traded.items()}
        rows = await self._state.session.positions()
        for account in self._state.session.accounts:
            if book.traded.get(account, {}) == before.get(account, {}):
                self._compare(account, self._list_of(account, rows))
            # Else something was executed while the list was made: it is no evidence.
        return rows

    def _list_of(self, account: str, rows: Sequence[PositionRow]) -> _List:
        options: dict[int, Decimal] = {}
        contracts: dict[int, OptionContract] = {}
        shares: dict[str, Decimal] = {}
        for row in rows:
            if row.account != account:
                continue
            option = option_of(row.contract)
            if option is not None:
                options[row.contract.con_id] = row.quantity
                contracts[row.contract.con_id] = self._known(row.contract.con_id) or option
            elif row.contract.sec_type in {"OPT", "FOP"}:
                raise VenueUnreachableError(
                    f"the position in {row.contract.local_symbol or row.contract.con_id} cannot be read"
                )
            else:
                shares[row.contract.symbol] = shares.get(row.contract.symbol, ZERO) + row.quantity
        return _List(options, contracts, shares)

    def _known(self, con_id: int) -> OptionContract | None:
        """Return the contract that orders of ours have under a conId: lists of expired ones may say less of it."""
        return self._state.book.contract_of.get(con_id)

    # --- conclusions -------------------------------------------------------------------------------------------------

    def _compare(self, account: str, listed: _List) -> None:
        state, book = self._state, self._state.book
        held = book.held.get(account)
        if held is None:
            self._keep(account, listed)
            return
        traded = book.traded.get(account, {})
        known = {con_id: qty for con_id, _, qty in held.options}
        contracts = {con_id: contract for con_id, contract, _ in held.options} | dict(listed.contracts)
        options = {
            con_id: listed.options.get(con_id, ZERO) - known.get(con_id, ZERO) - traded.get(con_id, ZERO)
            for con_id in listed.options.keys() | known.keys() | traded.keys()
            if con_id in contracts or con_id in book.contract_of
        }
        options = {con_id: qty for con_id, qty in options.items() if qty}
        shares = {
            symbol: listed.shares.get(symbol, ZERO) - held.shares.get(symbol, ZERO)
            for symbol in listed.shares.keys() | held.shares.keys()
        }
        shares = {symbol: qty for symbol, qty in shares.items() if qty}
        self._report_lingering(account, listed)
        if not options:
            self._differences.pop(account, None)
            if any(traded.values()) or shares or listed.options.keys() != known.keys():
                self._keep(account, listed)
            return
        now = state.timer.now()
        before = self._differences.get(account)
        if before is None or (dict(before.options), dict(before.shares)) != (options, shares):
            self._differences[account] = _Difference(now, options, shares)
            return
        if now - before.seen_at < CONFIRMED:
            return
        open_ends = False
        for con_id, qty in sorted(options.items()):
            contract = contracts.get(con_id) or book.contract_of[con_id]
            open_ends |= not self._conclude(account, con_id, contract, qty, shares)
        if not open_ends:
            self._differences.pop(account, None)
            self._keep(account, listed)

    def _conclude(
        self, account: str, con_id: int, contract: OptionContract, qty: Decimal, shares: dict[str, Decimal]
    ) -> bool:
        """Say what became of options that are gone; return whether that can be said now."""
        state = self._state
        now = state.clock.now()
        settles_at = settlement_instant(contract.root, contract.day, calendar=state.calendar)
        delivery = option_class(contract.root).delivery
        if now >= settles_at:
            if now < _grace_ends(contract, settles_at, delivery):
                return False
            key = f"IB-{account}-{con_id}-{contract.day}"
            if key in state.book.settled:
                return True
            price = self._prices(contract, settles_at)
            if price is None:
                state.problem(
                    f"price {contract}", f"{contract} is settled, and the settlement price is not known: {key}"
                )
                return False
            state.solved(f"price {contract}")
            value = settlement_value(contract, price)
            self._tell(
                Settled(
                    account=account,
                    fact_id=key,
                    contract=contract,
                    qty=-qty,
                    price=value,
                    cash=value * -qty * contract.multiplier,
                    at=settles_at,
                )
            )
            return True
        units = shares.get(contract.underlying, ZERO)
        american = option_class(contract.root).style is ExerciseStyle.AMERICAN
        per_contract = contract.multiplier if contract.right is Right.CALL else -contract.multiplier
        if american and units and units == -qty * per_contract:
            shares[contract.underlying] = ZERO
            day = state.calendar.local(now).date()
            key = f"IB-{account}-{con_id}-{day}-X"
            if key not in state.book.settled:
                self._tell(ExerciseNotice(account=account, fact_id=key, contract=contract, qty=-qty, at=now))
            return True
        _log.warning("ibkr_position_unexplained", account=account, contract=str(contract), quantity=str(qty))
        return True

    def _tell(self, fact: SettlementFact) -> None:
        self._state.record(Gone(fact=fact), durable=True)
        self._state.tell(fact)

    def _keep(self, account: str, listed: _List) -> None:
        options = tuple((con_id, listed.contracts[con_id], qty) for con_id, qty in sorted(listed.options.items()))
        self._state.record(
            Held(account=account, at=self._state.clock.now(), options=options, shares=dict(listed.shares))
        )

    def _report_lingering(self, account: str, listed: _List) -> None:
        now = self._state.clock.now()
        for con_id, contract in listed.contracts.items():
            settles_at = settlement_instant(contract.root, contract.day, calendar=self._state.calendar)
            if now >= settles_at + LINGERING:
                self._state.problem(
                    f"lingering {con_id}",
                    f"account {account} still shows {listed.options[con_id]} of {contract}, which settled on "
                    f"{contract.day}; look at the account's statement",
                )


def _grace_ends(contract: OptionContract, settles_at: datetime, delivery: Delivery) -> datetime:
    """Return from when on a missing position is a settlement."""
    local = settles_at.astimezone(NEW_YORK)
    if delivery is not Delivery.CASH:
        return datetime.combine(local.date() + timedelta(days=1), DELIVERY_GRACE, NEW_YORK)
    is_am = option_class(contract.root).settlement is Settlement.AM
    return datetime.combine(local.date(), AM_GRACE if is_am else PM_GRACE, NEW_YORK)
