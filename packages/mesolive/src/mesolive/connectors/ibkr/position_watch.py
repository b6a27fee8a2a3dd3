"""Position watch: settlements and early exercises concluded from positions that have left the accounts.

IB reports neither. A position that is missing from complete lists, twice, half a minute apart and with no execution in
between, was settled if its contract has expired and pays cash, and exercised if shares have moved with it. Options that
deliver shares and expire in the money are exercised too. Nothing is concluded across a gap of executions in which the
contract could trade: it may have been closed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Final

import structlog

from mesolive.connectors.ibkr.contract_mapping import option_of
from mesolive.connectors.ibkr.deliveries import GoneOption, exercised
from mesolive.connectors.ibkr.execution_reader import ExecutionReader
from mesolive.connectors.ibkr.journal import Gone, Missed, PositionList
from mesolive.connectors.ibkr.session_errors import TwsError
from mesolive.connectors.ibkr.tws_messages import PositionRow
from mesolive.connectors.ibkr.venue_state import VenueState
from mesolive.market.calendar import NEW_YORK, settlement_instant
from mesolive.market.contracts import ExerciseStyle, OptionContract, Settlement
from mesolive.market.option_classes import Delivery, option_class
from mesolive.market.settlement import settlement_value
from mesolive.tasks import Turns
from mesolive.venues.base import ExerciseNotice, Settled, SettlementFact

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

AUTOMATIC_EXERCISE: Final = Decimal("0.01")
"""From which value on the clearing house exercises an option that delivers, unless its owner says otherwise."""

CURB_SESSION: Final = timedelta(hours=1)
"""How long options on indices trade after the close."""

CORRECTED_WITHIN: Final = timedelta(days=5)
"""For how long a settlement price is compared with what became known later: over a long weekend."""

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

    def __init__(self, state: VenueState, prices: SettlementPrices, executions: ExecutionReader) -> None:
        self._state = state
        self._prices = prices
        self._executions = executions
        self._differences: dict[str, _Difference] = {}
        self._left_out: dict[str, set[str]] = {}
        """By account, the problems of options that cannot be read."""

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
        await self._executions.read()  # of what is in the list, the executions are known
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
        baseline = self._state.book.position_lists.get(account)
        earlier = {} if baseline is None else {con_id: contract for con_id, contract, _ in baseline.options}
        left_out: set[str] = set()
        for row in rows:
            if row.account != account:
                continue
            con_id = row.contract.con_id
            option = self._known(con_id) or option_of(row.contract) or earlier.get(con_id)
            if option is not None:
                options[con_id] = row.quantity
                contracts[con_id] = option
            elif row.contract.sec_type in {"OPT", "FOP"}:
                # Of another country, as its symbol says: nothing here can trade it, and it must not stop what can.
                left_out.add(key := f"left out {account} {con_id}")
                self._state.problem(
                    key,
                    f"account {account} holds {row.quantity} {row.contract.local_symbol or con_id}, an option whose "
                    "terms cannot be read: it is left out here. Watch it in TWS",
                )
            else:
                shares[row.contract.symbol] = shares.get(row.contract.symbol, ZERO) + row.quantity
        for key in self._left_out.get(account, set()) - left_out:
            self._state.solved(key)
        self._left_out[account] = left_out
        return _List(options, contracts, shares)

    def _known(self, con_id: int) -> OptionContract | None:
        """Return the contract that orders of ours have under a conId: lists of expired ones may say less of it."""
        return self._state.book.contract_of.get(con_id)

    # --- conclusions -------------------------------------------------------------------------------------------------

    def _compare(self, account: str, listed: _List) -> None:
        state, book = self._state, self._state.book
        baseline = book.position_lists.get(account)
        if baseline is None:
            self._keep(account, listed)
            return
        traded = book.traded.get(account, {})
        known = {con_id: qty for con_id, _, qty in baseline.options}
        contracts = {con_id: contract for con_id, contract, _ in baseline.options} | dict(listed.contracts)
        options = {
            con_id: listed.options.get(con_id, ZERO) - known.get(con_id, ZERO) - traded.get(con_id, ZERO)
            for con_id in listed.options.keys() | known.keys() | traded.keys()
            if con_id in contracts or con_id in book.contract_of
        }
        options = {con_id: qty for con_id, qty in options.items() if qty}
        shares = {
            symbol: listed.shares.get(symbol, ZERO)
            - baseline.shares.get(symbol, ZERO)
            - book.shares_traded.get((account, symbol), ZERO)
            for symbol in listed.shares.keys() | baseline.shares.keys()
        }
        shares = {symbol: qty for symbol, qty in shares.items() if qty}
        self._report_lingering(account, listed)
        self._report_corrected(account)
        if not options:
            self._differences.pop(account, None)
            is_checked = book.missed_since(account, baseline.at) is None
            if (
                any(traded.values())
                or listed.shares != baseline.shares
                or listed.options.keys() != known.keys()
                or not is_checked
            ):
                self._keep(account, listed)
            return
        now = state.timer.now()
        before = self._differences.get(account)
        if before is None or (dict(before.options), dict(before.shares)) != (options, shares):
            self._differences[account] = _Difference(now, options, shares)
            return
        if now - before.seen_at < CONFIRMED:
            return
        gone = [
            GoneOption(con_id, contracts.get(con_id) or book.contract_of[con_id], qty)
            for con_id, qty in sorted(options.items())
        ]
        concluded = [self._conclude(account, of_one, shares, baseline) for of_one in _by_underlying(gone)]
        if all(concluded):
            self._differences.pop(account, None)
            self._keep(account, listed)

    def _conclude(
        self, account: str, gone: Sequence[GoneOption], shares: Mapping[str, Decimal], baseline: PositionList
    ) -> bool:
        """Report the outcome of options on one underlying that are gone; return whether it is known now."""
        now = self._state.clock.now()
        expired: list[GoneOption] = []
        early: list[GoneOption] = []
        concluded = True
        for item in gone:
            settles_at = self._settles_at(item.contract)
            gap = self._state.book.missed_since(account, baseline.at)
            if gap is not None and gap.since < self._last_trade(item.contract):
                self._report_unread(account, item, gap)
            elif now < settles_at:
                early.append(item)
            elif now < _grace_ends(item.contract, settles_at, option_class(item.contract.root).delivery):
                concluded = False
            elif f"IB-{account}-{item.con_id}-{item.contract.day}" not in self._state.book.settled:
                expired.append(item)
        cash = [item for item in expired if option_class(item.contract.root).delivery is Delivery.CASH]
        delivered = [item for item in expired if item not in cash]
        for item in cash:
            concluded &= self._settle_in_cash(account, item)
        moved = shares.get(gone[0].contract.underlying, ZERO)
        if delivered:
            # An early exercise of another contract in the same list moves the same shares: it is tried with them.
            return self._conclude_delivery(account, delivered, early, moved) and concluded
        self._conclude_early(account, early, moved)
        return concluded

    def _settle_in_cash(self, account: str, item: GoneOption) -> bool:
        value = self._value(item)
        if value is None:
            return False
        self._report_settled(account, item, value)
        if option_class(item.contract.root).settlement is Settlement.AM and value:
            self._state.problem(
                f"computed {account} {item.con_id}",
                f"account {account}: {-item.change} {item.contract} are settled at {value}, computed from the opening "
                f"of {item.contract.underlying}: IB does not quote the settlement value. Compare the account's "
                "statement with the books",
            )
        return True

    def _conclude_delivery(
        self, account: str, expired: Sequence[GoneOption], early: Sequence[GoneOption], moved: Decimal
    ) -> bool:
        """Say which options that deliver have expired worthless, and which became shares: those are a notice.

        What was in the money is a notice also where the shares do not add up: never a settlement in cash.
        """
        values: dict[int, Decimal] = {}
        for item in expired:
            value = self._value(item)
            if value is None:
                return False
            values[item.con_id] = value
        likely = {con_id: value >= AUTOMATIC_EXERCISE for con_id, value in values.items()}
        exercised_ids = exercised([*expired, *early], moved, likely)
        if exercised_ids is None:
            exercised_ids = frozenset(con_id for con_id, is_likely in likely.items() if is_likely)
        by_price = {con_id for con_id, is_likely in likely.items() if is_likely}
        if sum((item.units for item in (*expired, *early) if item.con_id in exercised_ids), ZERO) != moved or not (
            by_price <= exercised_ids
        ):
            names = ", ".join(f"{-item.change} {item.contract}" for item in expired)
            self._state.problem(
                f"delivery {account} {expired[0].contract}",
                f"account {account}: {names} have expired, and its position in {expired[0].contract.underlying} has "
                f"moved by {moved}: the two do not agree. Look at the account's statement",
            )
        for item in expired:
            if item.con_id in exercised_ids or likely[item.con_id]:
                key = f"IB-{account}-{item.con_id}-{item.contract.day}"
                at = self._settles_at(item.contract)
                self._report(
                    ExerciseNotice(account=account, fact_id=key, contract=item.contract, qty=-item.change, at=at)
                )
            else:
                self._report_settled(account, item, ZERO)
        self._report_early(account, [item for item in early if item.con_id in exercised_ids])
        self._report_unexplained(account, [item for item in early if item.con_id not in exercised_ids])
        return True

    def _conclude_early(self, account: str, early: Sequence[GoneOption], moved: Decimal) -> None:
        american = [item for item in early if option_class(item.contract.root).style is ExerciseStyle.AMERICAN]
        exercised_ids = exercised(american, moved, {item.con_id: True for item in american}) if moved else None
        if exercised_ids is None and american and sum((item.units for item in american), ZERO) == moved:
            exercised_ids = frozenset(item.con_id for item in american)
        exercised_ids = exercised_ids or frozenset()
        self._report_early(account, [item for item in early if item.con_id in exercised_ids])
        self._report_unexplained(account, [item for item in early if item.con_id not in exercised_ids])

    def _report_early(self, account: str, items: Sequence[GoneOption]) -> None:
        now = self._state.clock.now()
        settled = self._state.book.settled
        for item in items:
            key = f"IB-{account}-{item.con_id}-{self._state.calendar.local(now).date()}-X"
            # A second part on the same day is a notice of its own.
            number = 2
            while key in settled and settled[key].qty != -item.change:
                key, number = f"{key.rpartition('-X')[0]}-X{number}", number + 1
            if key not in settled:
                self._report(
                    ExerciseNotice(account=account, fact_id=key, contract=item.contract, qty=-item.change, at=now)
                )

    def _report_unexplained(self, account: str, items: Sequence[GoneOption]) -> None:
        for item in items:
            self._state.problem(
                f"unexplained {account} {item.con_id}",
                f"account {account}: its position in {item.contract} has changed by {item.change} without an "
                "execution. Compare the account's statement with the books",
            )

    def _report_unread(self, account: str, item: GoneOption, gap: Missed) -> None:
        zone = self._executions.zone
        self._state.problem(
            f"unread {account} {item.con_id}",
            f"account {account}: its position in {item.contract} has changed by {item.change}, and the executions from "
            f"{gap.since.astimezone(zone):%Y-%m-%d %H:%M} to {gap.until.astimezone(zone):%Y-%m-%d %H:%M} ({zone}) were "
            "not read: it may have been traded, and no settlement is booked. Compare the account's statement with the "
            "books, and close the position in the books",
        )

    def _settles_at(self, contract: OptionContract) -> datetime:
        return settlement_instant(contract.root, contract.day, calendar=self._state.calendar)

    def _last_trade(self, contract: OptionContract) -> datetime:
        """Return from when on a contract cannot be traded: classes of the AM stop on the day before."""
        settles_at = self._settles_at(contract)
        if option_class(contract.root).settlement is not Settlement.AM:
            return settles_at
        calendar = self._state.calendar
        session = calendar.session(calendar.previous_trading_day(calendar.local(settles_at).date()))
        return settles_at if session is None else min(session[1] + CURB_SESSION, settles_at)

    def _value(self, item: GoneOption) -> Decimal | None:
        """Return what one option was worth at its settlement, or `None` while the price is not known."""
        state, contract = self._state, item.contract
        price = self._prices(contract, self._settles_at(contract))
        if price is None:
            state.problem(
                f"price {contract}",
                f"{contract} has expired, and the settlement price of {contract.underlying} is not known yet: "
                f"{-item.change} contracts are not settled",
            )
            return None
        state.solved(f"price {contract}")
        return settlement_value(contract, price)

    def _report_settled(self, account: str, item: GoneOption, value: Decimal) -> None:
        contract, qty = item.contract, -item.change
        self._report(
            Settled(
                account=account,
                fact_id=f"IB-{account}-{item.con_id}-{contract.day}",
                contract=contract,
                qty=qty,
                price=value,
                cash=value * qty * contract.multiplier,
                at=self._settles_at(contract),
            )
        )

    def _report(self, fact: SettlementFact) -> None:
        self._state.record(Gone(fact=fact), durable=True)
        self._state.report(fact)

    def _keep(self, account: str, listed: _List) -> None:
        options = tuple((con_id, listed.contracts[con_id], qty) for con_id, qty in sorted(listed.options.items()))
        self._state.record(
            PositionList(account=account, at=self._state.clock.now(), options=options, shares=dict(listed.shares))
        )

    def _report_corrected(self, account: str) -> None:
        """Report settlements whose price has been corrected since they were reported: a report that was made stays."""
        now = self._state.clock.now()
        for key, fact in self._state.book.settled.items():
            if not isinstance(fact, Settled) or fact.account != account or now - fact.at > CORRECTED_WITHIN:
                continue
            price = self._prices(fact.contract, fact.at)
            if option_class(fact.contract.root).delivery is not Delivery.CASH or price is None:
                continue
            if (value := settlement_value(fact.contract, price)) != fact.price:
                self._state.problem(
                    f"corrected {key}",
                    f"account {account}: {fact.qty} {fact.contract} were settled at {fact.price}, and by IB's later "
                    f"close they are worth {value}. Compare the account's statement with the books",
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


def _by_underlying(gone: Iterable[GoneOption]) -> list[list[GoneOption]]:
    result: dict[str, list[GoneOption]] = {}
    for item in gone:
        result.setdefault(item.contract.underlying, []).append(item)
    return list(result.values())


def _grace_ends(contract: OptionContract, settles_at: datetime, delivery: Delivery) -> datetime:
    """Return from when on a missing position is a settlement."""
    local = settles_at.astimezone(NEW_YORK)
    if delivery is not Delivery.CASH:
        return datetime.combine(local.date() + timedelta(days=1), DELIVERY_GRACE, NEW_YORK)
    is_am = option_class(contract.root).settlement is Settlement.AM
    return datetime.combine(local.date(), AM_GRACE if is_am else PM_GRACE, NEW_YORK)
