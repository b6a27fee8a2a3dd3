"""Order book of the connection: every order that was sent, its replacements, executions and end, from the journal.

A chain is what TWS knows as one order: the first order and those that took its place by a modification. TWS knows all
of them by the reference of the first, under one permanent id.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from mesolive.connectors.ibkr.executions import ExecutionReport
from mesolive.connectors.ibkr.gathering import Fill, base_id
from mesolive.connectors.ibkr.journal import (
    Cost,
    Covered,
    Denied,
    Finished,
    Gone,
    Known,
    Missed,
    PositionList,
    Record,
    Reported,
    Seen,
    Sending,
)
from mesolive.market.contracts import OptionContract
from mesolive.venues.base import Ending, Execution, OrderStatus, SettlementFact, VenueOrder, VenueRequest

ZERO = Decimal(0)


@dataclass(eq=False)
class Order:
    """One order of ours: a chain has one or more.

    Attributes
    ----------
    perm_id
        Zero until TWS has shown the order.
    filled
        Combos of its own that were reported.
    """

    chain: Chain
    request: VenueRequest
    place: int
    at: datetime
    total: Decimal
    replaces: str | None
    perm_id: int = 0
    known_at: datetime | None = None
    ended: Ending | None = None
    ended_at: datetime | None = None
    reason: str = ""
    code: str | None = None
    filled: Decimal = ZERO
    cancel_wanted: bool = False

    @property
    def reference(self) -> str:
        """Our reference."""
        return self.request.reference

    @property
    def known(self) -> bool:
        """Whether TWS has shown the order."""
        return self.known_at is not None

    @property
    def venue_id(self) -> str | None:
        """The permanent id with the number of the replacement; `None` before TWS has shown the order."""
        return f"{self.perm_id}.{self.place}" if self.known else None

    @property
    def status(self) -> OrderStatus:
        """How the order is."""
        if self.ended is not None:
            return OrderStatus(self.ended.value)
        return OrderStatus.FILLED if self.filled >= self.request.qty else OrderStatus.WORKING

    @property
    def open(self) -> bool:
        """Whether more may come of it."""
        return self.status is OrderStatus.WORKING

    @property
    def in_doubt(self) -> bool:
        """Whether it was sent, and TWS has not shown it; or has shown it, and lists it no more after a gap."""
        return self.open and (not self.known or (self.chain.missed is not None and not self.chain.listed))

    @property
    def shown(self) -> VenueOrder:
        """The order as the venue's list shows it."""
        return VenueOrder(
            account=self.request.account,
            reference=self.reference,
            venue_id=self.venue_id or ("" if self.in_doubt else f"none-{self.reference}"),
            status=OrderStatus.IN_DOUBT if self.in_doubt else self.status,
            qty=self.request.qty,
            filled=self.filled,
            at=self.ended_at or self.chain.last_fill_at or self.known_at or self.at,
            reason=self.reason,
            code=self.code,
        )


@dataclass(eq=False)
class Chain:
    """What TWS knows as one order.

    Attributes
    ----------
    con_ids
        Of the legs of its orders.
    ratios
        Signed contracts per combo by conId.
    orders
        The first order and those that replaced it, refused ones too.
    perm_ids
        In the order in which they were seen; more than one is a duplicate that an outage has made.
    rows
        Executions by id.
    fills
        What was gathered of them.
    missed
        The first gap of executions in which it may have filled; `None` for none.
    listed
        Whether TWS' last list of open orders showed it.
    route
        The exchange that it was sent to, and that its modifications must name; empty for the default one.
    unaccounted
        Whether the lists have lacked it for so long that only a person can say what became of it.
    reported_filled
        The filled quantity that TWS has reported last, in its own units; `None` before.
    """

    order_ref: str
    account: str
    con_ids: tuple[int, ...]
    ratios: Mapping[int, int]
    order_id: int
    orders: list[Order] = field(default_factory=list[Order])
    perm_ids: list[int] = field(default_factory=list[int])
    rows: dict[str, ExecutionReport] = field(default_factory=dict[str, ExecutionReport])
    fills: list[Fill] = field(default_factory=list[Fill])
    reported: list[Execution] = field(default_factory=list[Execution])
    missed: Missed | None = None
    listed: bool = False
    unaccounted: bool = False
    reported_filled: Decimal | None = None
    route: str = ""

    @property
    def current(self) -> Order:
        """The order that fills belong to: the last one that TWS has shown, or the first."""
        for order in reversed(self.orders):
            if order.known:
                return order
        return self.orders[0]

    @property
    def pending(self) -> Order | None:
        """The order that was sent last, while nothing is known of it."""
        last = self.orders[-1]
        return last if not last.known and last.ended is None else None

    @property
    def filled(self) -> Decimal:
        """Filled combos of all its orders that were reported."""
        return sum((order.filled for order in self.orders), ZERO)

    @property
    def open(self) -> bool:
        """Whether more may come of it."""
        return any(order.open for order in self.orders)

    @property
    def last_fill_at(self) -> datetime | None:
        """When the last fill was."""
        return max((execution.at for execution in self.reported), default=None)

    @property
    def is_combo(self) -> bool:
        """Whether TWS has it as a combo."""
        return len(self.ratios) > 1


class OrderBook:
    """All orders, executions, settlements and lists of positions that the journal holds."""

    def __init__(self) -> None:
        self.chains: dict[str, Chain] = {}
        self.orders: dict[str, Order] = {}
        self.by_perm_id: dict[int, Chain] = {}
        self.chain_by_execution: dict[str, Chain] = {}
        self.commissions: dict[str, Decimal] = {}
        self.others: dict[str, ExecutionReport] = {}
        """Executions of orders that are not ours, by id."""
        self.reported_others: dict[str, Execution] = {}
        self.position_lists: dict[str, PositionList] = {}
        self.traded: dict[str, dict[int, Decimal]] = {}
        """Signed contracts of each account that were executed since its list of positions, by conId."""
        self.shares_traded: dict[tuple[str, str], Decimal] = {}
        """Signed shares and futures by account and symbol that orders have traded since the list of positions."""
        self.covered: dict[str, datetime] = {}
        """Until when each account's executions are known, as it is stored."""
        self.missed: dict[str, list[Missed]] = {}
        """Gaps of each account's executions, oldest first."""
        self.settled: dict[str, SettlementFact] = {}
        self.contract_of: dict[int, OptionContract] = {}
        """Contracts of orders and executions by their conId."""
        self.highest_order_id = 0
        self._ids: set[str] = set()
        self._bases: set[str] = set()

    def apply(self, record: Record) -> None:
        """Take a record of the journal."""
        match record:
            case Sending():
                self._sending(record)
            case Known():
                self._known(record)
            case Denied():
                order = self.orders[record.reference]
                order.ended, order.ended_at = Ending.REJECTED, record.at
                order.reason, order.code = record.reason, record.code
            case Finished():
                order = self.orders[record.reference]
                order.ended, order.ended_at = record.how, record.at
                order.reason, order.code = record.reason, record.code
            case Seen():
                self._seen(record.row)
            case Cost():
                self.commissions[record.exec_id] = record.commission
            case Reported():
                self._reported(record)
            case PositionList():
                self.position_lists[record.account] = record
                self.traded[record.account] = {}
                self.shares_traded = {key: qty for key, qty in self.shares_traded.items() if key[0] != record.account}
            case Covered():
                self.covered[record.account] = record.at
            case Missed():
                self._missed(record)
            case Gone():
                self.settled[record.fact.fact_id] = record.fact

    def chain_of(self, order_ref: str, perm_id: int, account: str) -> Chain | None:
        """Return the chain of a reference as TWS has it, else of a permanent id.

        Parameters
        ----------
        account
            Of the message; empty where it names none. A reference is a text that a copy of an order keeps, also on
            another account: that order is not ours.
        """
        chain = self.chains.get(order_ref) or self.by_perm_id.get(perm_id)
        return None if chain is not None and account not in {"", chain.account} else chain

    def known_until(self, account: str) -> datetime | None:
        """Return until when an account's executions are stored as known; `None` where nothing is known of it.

        A journal that does not say it yet: until the last change of its positions, or else its oldest open order.
        """
        if (covered := self.covered.get(account)) is not None:
            return covered
        if (position_list := self.position_lists.get(account)) is not None:
            return position_list.at
        return min((chain.orders[0].at for chain in self.open_chains() if chain.account == account), default=None)

    def missed_since(self, account: str, moment: datetime) -> Missed | None:
        """Return the first gap of an account's executions that ended after a moment, or `None`."""
        return next((gap for gap in self.missed.get(account, ()) if gap.until > moment), None)

    def open_chains(self) -> Iterator[Chain]:
        """Return the chains of which more may come."""
        return iter([chain for chain in self.chains.values() if chain.open])

    def has_seen(self, exec_id: str) -> bool:
        """Whether an execution was reported, in this version."""
        return exec_id in self._ids

    def _sending(self, record: Sending) -> None:
        chain = self.chains.get(record.order_ref)
        if chain is None:
            ratios = ratios_of(record.request, record.con_ids)
            account, order_id = record.request.account, record.order_id
            chain = Chain(record.order_ref, account, record.con_ids, ratios, order_id, route=record.route)
            self.chains[record.order_ref] = chain
        self.contract_of.update(zip(record.con_ids, (leg.contract for leg in record.request.legs), strict=True))
        order = Order(chain, record.request, len(chain.orders), record.at, record.total, record.replaces)
        chain.orders.append(order)
        self.orders[order.reference] = order
        self.highest_order_id = max(self.highest_order_id, record.order_id)

    def _known(self, record: Known) -> None:
        order = self.orders[record.reference]
        order.known_at = order.known_at or record.at
        order.perm_id = order.perm_id or record.perm_id
        if record.perm_id not in order.chain.perm_ids:
            order.chain.perm_ids.append(record.perm_id)
        self.by_perm_id[record.perm_id] = order.chain
        before = None if order.replaces is None else self.orders.get(order.replaces)
        if before is not None and before.ended is None:
            before.ended, before.ended_at, before.reason = Ending.REPLACED, record.at, "replaced"

    def _seen(self, row: ExecutionReport) -> None:
        self._ids.add(row.exec_id)
        if row.option is not None:
            self.contract_of.setdefault(row.con_id, row.option)
        chain = self.chain_of(row.order_ref, row.perm_id, row.account)
        rows = self.others if chain is None else chain.rows
        rows[row.exec_id] = row
        if chain is not None:
            self.chain_by_execution[row.exec_id] = chain
        if not row.is_combo:
            base = base_id(row.exec_id)
            if base not in self._bases:  # a correction of a price changes no position
                self._bases.add(base)
                traded = self.traded.setdefault(row.account, {})
                traded[row.con_id] = traded.get(row.con_id, ZERO) + row.signed
                if row.option is None and row.perm_id:  # without a permanent id it may be a delivery
                    key = row.account, row.symbol
                    self.shares_traded[key] = self.shares_traded.get(key, ZERO) + row.signed

    def _missed(self, record: Missed) -> None:
        self.missed.setdefault(record.account, []).append(record)
        for chain in self.open_chains():
            if chain.account == record.account and chain.orders[0].at < record.until:
                chain.missed = chain.missed or record
                chain.reported_filled = None  # reported before the gap

    def _reported(self, record: Reported) -> None:
        chain = self.chains.get(record.order_ref)
        if chain is None:
            self.reported_others[record.execution.execution_id] = record.execution
            return
        chain.fills.append(record.fill)
        chain.reported.append(record.execution)
        order = self.orders.get(record.execution.reference or "")
        if order is not None:
            order.filled += record.execution.qty


def ratios_of(request: VenueRequest, con_ids: Sequence[int]) -> dict[int, int]:
    """Return signed contracts per combo by conId; legs of one contract count together."""
    result: dict[int, int] = {}
    for con_id, leg in zip(con_ids, request.legs, strict=True):
        result[con_id] = result.get(con_id, 0) + int(leg.ratio)
    return result
