"""Report handler: books venue reports (order states, executions) within one transaction.

One transaction takes any number of reports: the report as it came, the order's new state, its executions and their
effect on positions, legs and cash, the events, and the answers of calls that waited for it. A report that was booked
before changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

import msgspec
import structlog

from mesolive.clock import Clock
from mesolive.journal.journal import Journal
from mesolive.journal.unstamped import UNSTAMPED
from mesolive.records import replace
from mesolive.store.database import Transaction, WriteTransaction
from mesolive.trading.execution.fill_handler import PlanFillState, book_execution, finish
from mesolive.trading.idempotency import Settlement, settle
from mesolive.trading.orders import state_machine
from mesolive.trading.orders.report_log import LoggedReport, insert_reports, known_executions
from mesolive.trading.orders.repository import (
    StoredOrder,
    change_orders,
    mark_replaced_by,
    orders_by_reference,
    orders_by_venue_id,
    record_fill,
    record_reason,
)
from mesolive.trading.orders.state_machine import State
from mesolive.trading.portfolio.account_errors import trouble_event
from mesolive.trading.portfolio.accounting import round_average
from mesolive.trading.portfolio.accounts import Account, accounts_by_id
from mesolive.trading.portfolio.plans import find_plan
from mesolive.venues import base as venues
from mesolive_sdk import models, wire
from mesolive_sdk.models import StatusCode

_log = structlog.get_logger(__name__)

MAX_ACCOUNTS = 10_000
"""Size of the cache of accounts."""

_encoder = msgspec.json.Encoder(enc_hook=wire.enc_hook)


class VenueReport(msgspec.Struct, frozen=True):
    """A report about one order of one account.

    Attributes
    ----------
    reference, venue_id
        The order: by our reference first, by the venue's permanent id second.
    raw
        The report as it came, as JSON.
    """

    user_id: int
    account_id: int
    reference: str | None
    venue_id: str | None
    report: state_machine.Report
    raw: str


def report_from_venue(user_id: int, account_id: int, message: venues.OrderFact) -> VenueReport:
    """Return a venue's message as a report to the order state machine."""
    venue_id = None if isinstance(message, venues.CancelDenied) else message.venue_id
    raw = _encoder.encode(message).decode()
    return VenueReport(user_id, account_id, message.reference, venue_id, _meaning(message), raw)


def report_from_server(order: StoredOrder, report: state_machine.Report) -> VenueReport:
    """Return a report of the server's own, such as a venue that did not answer."""
    return VenueReport(order.user_id, order.account_id, order.reference, None, report, _encoder.encode(report).decode())


def _meaning(message: venues.OrderFact) -> state_machine.Report:
    match message:
        case venues.Accepted():
            return state_machine.Acknowledged(message.venue_id, message.at)
        case venues.Execution():
            return state_machine.Executed(
                execution_id=message.execution_id,
                qty=message.qty,
                leg_prices={leg.name: leg.price for leg in message.legs},
                commissions={leg.name: leg.commission for leg in message.legs},
                at=message.at,
                venue_id=message.venue_id,
            )
        case venues.CancelDenied():
            if message.unknown:
                return state_machine.ContactLost(message.reason, message.at)
            return state_machine.CancelRefused(message.reason, message.at)
        case venues.Ended():
            match message.how:
                case venues.Ending.CANCELLED:
                    return state_machine.Cancelled(message.at)
                case venues.Ending.EXPIRED:
                    return state_machine.Expired(message.at)
                case venues.Ending.REPLACED:
                    return state_machine.Replaced(message.at)
                case venues.Ending.REJECTED:
                    return state_machine.Rejected(message.reason, message.at, message.code)


@dataclass
class _Batch:
    """The state of one transaction: records read and changes made so far."""

    orders: dict[int, StoredOrder]
    by_reference: dict[str, int]
    by_venue_id: dict[tuple[int, str], int]
    known: set[tuple[int, str]]
    accounts: Mapping[int, Account]
    changed: dict[int, StoredOrder] = field(default_factory=dict[int, StoredOrder])
    log: list[LoggedReport] = field(default_factory=list[LoggedReport])
    events: list[models.MesoLiveEvent] = field(default_factory=list[models.MesoLiveEvent])
    answers: list[Settlement] = field(default_factory=list[Settlement])
    by_plan: dict[int, PlanFillState] = field(default_factory=dict[int, PlanFillState])
    in_doubt: set[int] = field(default_factory=set[int])

    def find(self, incoming: VenueReport) -> StoredOrder | None:
        """Return the order that a report is about."""
        result = None if incoming.reference is None else self.by_reference.get(incoming.reference)
        if result is None and incoming.venue_id is not None:
            result = self.by_venue_id.get((incoming.account_id, incoming.venue_id))
        return None if result is None else self.orders[result]


class ReportHandler:
    """Applies reports within a transaction.

    Parameters
    ----------
    completed
        Called after the commit with each plan of an entry or an adjustment whose fills are complete: its position waits
        to be opened, or its variables to be set.
    in_doubt
        Called after the commit with the id of each account whose books may differ from its venue's.
    """

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        completed: Callable[[int, int], None],
        in_doubt: Callable[[int], None],
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._completed = completed
        self._in_doubt = in_doubt
        self._accounts: dict[int, Account] = {}

    async def apply(
        self, tx: WriteTransaction, user_id: int, reports: Sequence[VenueReport]
    ) -> list[StoredOrder | None]:
        """Book reports about one user's orders.

        Returns
        -------
        For each report the order that it is about, as it is afterwards; `None` where this server did not send it.
        """
        now = self._clock.now()
        batch = await self._find(tx, reports)
        results: list[int | None] = []
        for report in reports:
            order = batch.find(report)
            if order is None:
                self._keep_foreign(batch, report, now)
                results.append(None)
            else:
                await self._apply_one(tx, batch, order, report, now)
                results.append(order.id)
        # Orders are written once, as they are after all reports of the batch: events and fills in between are already
        # in `batch.events` and in the books.
        await change_orders(tx, list(batch.changed.values()), now)
        await insert_reports(tx, batch.log)
        for plan_fills in batch.by_plan.values():
            batch.events += await finish(tx, plan_fills, now)
            if plan_fills.complete:
                # After the commit: completion reads the books in a transaction of its own, and must find the last fill.
                plan_id = plan_fills.plan.id
                tx.after_commit(lambda plan_id=plan_id: self._completed(user_id, plan_id))
        # The answer of a waiting call is committed with the order that it is about: after a kill between two commits a
        # repeated call would get "outcome unknown" for ever, or an answer that is not true.
        if batch.answers:
            await settle(tx, user_id, batch.answers, now)
        await self._journal.append(tx, user_id, batch.events)
        for account_id in batch.in_doubt:
            tx.after_commit(lambda account_id=account_id: self._in_doubt(account_id))
        return [None if order_id is None else batch.orders[order_id] for order_id in results]

    async def _find(self, tx: Transaction, reports: Sequence[VenueReport]) -> _Batch:
        references = {report.reference for report in reports if report.reference is not None}
        result = await orders_by_reference(tx, references) if references else []
        named = {order.reference for order in result}
        by_account: dict[int, set[str]] = {}
        for report in reports:
            if report.venue_id is not None and report.reference not in named:
                by_account.setdefault(report.account_id, set()).add(report.venue_id)
        for account_id, ids in by_account.items():
            result += await orders_by_venue_id(tx, account_id, ids)
        pairs = {
            (report.account_id, report.report.execution_id)
            for report in reports
            if isinstance(report.report, state_machine.Executed)
        }
        await self._load_accounts(tx, {report.account_id for report in reports})
        return _Batch(
            orders={order.id: order for order in result},
            by_reference={order.reference: order.id for order in result},
            by_venue_id={(o.account_id, o.view.venue_id): o.id for o in result if o.view.venue_id is not None},
            known=await known_executions(tx, pairs),
            accounts=self._accounts,
        )

    async def _load_accounts(self, tx: Transaction, ids: set[int]) -> None:
        """Read accounts that were not read before; what is used of them never changes."""
        unknown = ids - self._accounts.keys()
        if unknown:
            if len(self._accounts) >= MAX_ACCOUNTS:
                self._accounts.clear()
                unknown = ids
            self._accounts |= await accounts_by_id(tx, unknown)

    def _keep_foreign(self, batch: _Batch, incoming: VenueReport, now: datetime) -> None:
        """Log a fill of an order that this server did not send; its account is in doubt, as positions differ."""
        if not isinstance(incoming.report, state_machine.Executed):
            return
        key = (incoming.account_id, incoming.report.execution_id)
        if key in batch.known:
            return
        batch.known.add(key)
        batch.log.append(_logged(incoming, None, None, None, None, now))
        batch.in_doubt.add(incoming.account_id)

    async def _apply_one(
        self, tx: WriteTransaction, batch: _Batch, order: StoredOrder, incoming: VenueReport, now: datetime
    ) -> None:
        report = incoming.report
        view = order.view
        if isinstance(report, state_machine.Executed) and (order.account_id, report.execution_id) in batch.known:
            # The state machine knows executions by their ids. Stored orders come without theirs; it gets the one id
            # that matters, so that a fill which is reported twice is booked once.
            view = replace(view, executions=frozenset({report.execution_id}))
        outcome = state_machine.apply(view, report)
        viewed = replace(outcome.order, executions=frozenset[str]()) if outcome.order.executions else outcome.order
        after = replace(order, view=viewed)
        if outcome.booked is not None:
            # Within the batch too: the session and a poll may submit the same fill at the same time.
            batch.known.add((order.account_id, outcome.booked.execution_id))
            after = await self._book(tx, batch, after, outcome.booked)
        settled = _answers(order, after, report)
        if settled:
            batch.answers += settled
            if order.cancel_key is not None and any(item.key == order.cancel_key for item in settled):
                after = replace(after, cancel_key=None)
        if after != order:
            batch.orders[order.id] = after
            batch.changed[order.id] = after
            if after.view.venue_id is not None:
                batch.by_venue_id[order.account_id, after.view.venue_id] = order.id
        if outcome.changed or outcome.anomaly is not None:
            batch.log.append(_logged(incoming, order, order.view.state, after.view.state, outcome.anomaly, now))
        if outcome.anomaly is not None:
            _log.warning("order_anomaly_reported", order_id=order.id, what=outcome.anomaly)
            batch.in_doubt.add(order.account_id)
            account = batch.accounts[order.account_id]
            batch.events.append(trouble_event(account, f"order {order.id}: {outcome.anomaly}"))
        if outcome.changed and outcome.booked is None:
            rejection = _rejection(report)
            if rejection is not None and after.view.state.ended:
                await record_reason(tx, order.id, rejection[1])
            batch.events.append(order_event(batch.accounts[order.account_id], after, _rejection(report)))
        if after.view.state.ended and not order.view.state.ended and after.view.venue_id is None:
            await self._release_replaced(tx, batch, after)

    async def _book(
        self, tx: WriteTransaction, batch: _Batch, order: StoredOrder, executed: state_machine.Executed
    ) -> StoredOrder:
        account = batch.accounts[order.account_id]
        plan_fills = batch.by_plan.get(order.plan_id)
        if plan_fills is None:
            plan = await find_plan(tx, order.user_id, order.plan_id)
            plan_fills = PlanFillState(account, plan, order.multiplier, plan.position_id)
            batch.by_plan[order.plan_id] = plan_fills
        executed = plan_fills.named(order, executed)
        price = plan_fills.combo_price(order, executed)
        value = order.filled_value + executed.qty * price
        after = replace(order, filled_value=value, average_price=round_average(value / order.view.filled))
        batch.events.append(order_event(account, after, None, round_average(price)))
        position_id, events = await book_execution(tx, plan_fills, order, executed)
        batch.events += events
        await record_fill(tx, order.id, round_average(price), executed.at, position_id)
        return after

    async def _release_replaced(self, tx: WriteTransaction, batch: _Batch, order: StoredOrder) -> None:
        """Unmark the order that this one was to replace, since the replacement was never accepted."""
        if order.replaces_id is not None and order.view.filled == 0:
            await mark_replaced_by(tx, order.replaces_id, None)
            known = batch.orders.get(order.replaces_id)
            if known is not None:
                batch.orders[order.replaces_id] = replace(known, replaced_by=None)


def order_event(
    account: Account,
    order: StoredOrder,
    rejection: tuple[str | None, str] | None = None,
    price: Decimal | None = None,
) -> models.OrderUpdateEvent:
    """Return the event of a changed order.

    Parameters
    ----------
    rejection
        Code and reason, of an order that was rejected.
    price
        Of the reported fill, per combo.
    """
    info = None
    if rejection is not None and order.view.state is State.REJECTED:
        info = models.OrderRejectionInfo(Code=rejection[0], Reason=rejection[1], Source=account.broker_type.name)
    return models.OrderUpdateEvent(
        EventTime=UNSTAMPED,
        OrderId=order.id,
        BrokerAccountId=account.broker_account_id,
        ExecPlanId=order.plan_id,
        LegGroupId=order.group,
        StrategyId=order.strategy_id,
        StrategyName=order.strategy_name,
        State=models.OrderState[order.view.state.value],
        FilledQty=order.signed(order.view.filled),
        RemainingQty=order.signed(order.view.remaining),
        FillPrice=price,
        AvgFillPrice=order.average_price,
        Rejection=info,
    )


def send_result(order: StoredOrder) -> models.SendOrderResult:
    """Return the answer of `SendOrder`."""
    return models.SendOrderResult(LiveOrderId=order.id, State=models.OrderState[order.view.state.value])


def cancel_result(order: StoredOrder) -> models.CancelOrderResult:
    """Return the answer of `CancelOrder`."""
    return models.CancelOrderResult(LiveOrderId=order.id, State=models.OrderState[order.view.state.value])


def _rejection(report: state_machine.Report) -> tuple[str | None, str] | None:
    match report:
        case state_machine.Rejected():
            return report.code, report.reason
        case state_machine.NotAtVenue():
            return "NeverArrived", "it never arrived at the venue"
        case _:
            return None


def _is_known(order: StoredOrder) -> bool:
    """Whether the venue has acknowledged, filled or ended the order."""
    return order.view.venue_id is not None or order.view.filled > 0 or order.view.state.ended


def _answers(before: StoredOrder, after: StoredOrder, report: state_machine.Report) -> list[Settlement]:
    """Return the answers of waiting calls: the one that sent the order, and the one that cancels it."""
    result: list[Settlement] = []
    if before.send_key is not None and _is_known(after) and not _is_known(before):
        result.append(Settlement(before.send_key, send_result(after)))
    if before.cancel_key is not None and not isinstance(report, state_machine.CancelSent):
        if after.view.state.ended and after.view.state is not State.FILLED:
            result.append(Settlement(before.cancel_key, cancel_result(after)))
        elif after.view.state is State.FILLED:
            message = f"order {after.id} was filled before it could be cancelled"
            result.append(Settlement(before.cancel_key, cancel_result(after), StatusCode.Conflict, message))
        elif isinstance(report, state_machine.CancelRefused):
            message = f"the venue did not cancel order {after.id}: {report.reason}"
            result.append(Settlement(before.cancel_key, cancel_result(after), StatusCode.Conflict, message))
    return result


def _logged(
    incoming: VenueReport,
    order: StoredOrder | None,
    before: State | None,
    after: State | None,
    anomaly: str | None,
    now: datetime,
) -> LoggedReport:
    executed = incoming.report if isinstance(incoming.report, state_machine.Executed) else None
    return LoggedReport(
        user_id=incoming.user_id,
        account_id=incoming.account_id,
        order_id=None if order is None else order.id,
        kind=type(incoming.report).__name__,
        execution_id=None if executed is None else executed.execution_id,
        body=incoming.raw,
        received_at=now,
        state_before=None if before is None else before.value,
        state_after=None if after is None else after.value,
        anomaly=anomaly,
    )
