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
    Denied,
    Finished,
    Gone,
    Held,
    Known,
    Record,
    Seen,
    Sending,
    Told,
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
        Combos of its own that were told.
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
    def shown(self) -> VenueOrder:
        """The order as the venue's list shows it."""
        return VenueOrder(
            account=self.request.account,
            reference=self.reference,
            venue_id=self.venue_id or f"none-{self.reference}",
            status=self.status,
            qty=self.request.qty,
            filled=self.filled,
            at=self.ended_at or self.chain.last_fill_at or self.known_at or self.at,
            reason=self.reason,
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
    told: list[Execution] = field(default_factory=list[Execution])

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
        """Combos of all its orders that were told."""
        return sum((order.filled for order in self.orders), ZERO)

    @property
    def open(self) -> bool:
        """Whether more may come of it."""
        return any(order.open for order in self.orders)

    @property
    def last_fill_at(self) -> datetime | None:
        """When the last fill was."""
        return max((execution.at for execution in self.told), default=None)

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
        self.told_others: dict[str, Execution] = {}
        self.held: dict[str, Held] = {}
        self.traded: dict[str, dict[int, Decimal]] = {}
        """Signed contracts of each account that were executed since its list of positions, by conId."""
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
            case Told():
                self._told(record)
            case Held():
                self.held[record.account] = record
                self.traded[record.account] = {}
            case Gone():
                self.settled[record.fact.fact_id] = record.fact

    def chain_of(self, order_ref: str, perm_id: int) -> Chain | None:
        """Return the chain of a reference as TWS has it, else of a permanent id."""
        return self.chains.get(order_ref) or self.by_perm_id.get(perm_id)

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
            chain = Chain(record.order_ref, record.request.account, record.con_ids, ratios, record.order_id)
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
        chain = self.chain_of(row.order_ref, row.perm_id)
        rows = self.others if chain is None else chain.rows
        rows[row.exec_id] = row
        if chain is not None:
            self.chain_by_execution[row.exec_id] = chain
        if not row.is_combo:
            base = base_id(row.exec_id)
            if base not in self._bases:  # a correction of a price changes no position
                self._bases.add(base)
                held = self.traded.setdefault(row.account, {})
                held[row.con_id] = held.get(row.con_id, ZERO) + row.signed

    def _told(self, record: Told) -> None:
        chain = self.chains.get(record.order_ref)
        if chain is None:
            self.told_others[record.execution.execution_id] = record.execution
            return
        chain.fills.append(record.fill)
        chain.told.append(record.execution)
        order = self.orders.get(record.execution.reference or "")
        if order is not None:
            order.filled += record.execution.qty


def ratios_of(request: VenueRequest, con_ids: Sequence[int]) -> dict[int, int]:
    """Return signed contracts per combo by conId; legs of one contract count together."""
    result: dict[int, int] = {}
    for con_id, leg in zip(con_ids, request.legs, strict=True):
        result[con_id] = result.get(con_id, 0) + int(leg.ratio)
    return result
