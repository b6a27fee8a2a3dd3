"""Steps of the checklist that need a night: what TWS lists the day after, and what an expiration leaves.

The evening's walk leaves an order that rests, and with consent an option of each class that trades for its last day.
What was listed then is kept in the report; a later walk reads it, and compares.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Final
from uuid import uuid4
from zoneinfo import ZoneInfo

import msgspec

from mesolive.connectors.checklist_steps import StepFailedError, StepSkippedError, must
from mesolive.connectors.ibkr.connector import IbkrConnector
from mesolive.connectors.ibkr.order_terms import ticket_of
from mesolive.connectors.ibkr.tws_messages import ExecutionRow, OrderRow, PositionRow
from mesolive.connectors.ibkr.verification_market import REPORT_REMEDY, MarketChecks
from mesolive.connectors.ibkr.verification_orders import UnlistedOrders
from mesolive.connectors.order_trial import OrderTrial, fill_text
from mesolive.connectors.protocol import ConnectorError, Problem
from mesolive.connectors.verification import Step, StepOutcome
from mesolive.market.contracts import OptionContract
from mesolive.records import replace
from mesolive.venues.base import VenueLeg, VenueRequest
from mesolive_sdk.models import TimeInForce

AGAIN: Final = "resume again later"
LOOK_AFTER: Final = timedelta(hours=12)
"""How long after its settlement an expired position should be gone: IB takes it away in the night."""

Run = Callable[[str, Callable[[], Awaitable[str]]], Awaitable[Step]]
"""Does the work of a step under its title."""


Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class LeftOrder(msgspec.Struct, frozen=True, rename="pascal"):
    """An order that was left to rest over the night."""

    perm_id: int
    order_id: int
    order_ref: str


class LeftOption(msgspec.Struct, frozen=True, rename="pascal"):
    """An option that is held over its expiration."""

    con_id: int
    symbol: str
    quantity: Decimal
    settles_at: Moment


class Evening(msgspec.Struct, frozen=True, rename="pascal"):
    """What TWS listed at the end of a walk, and what was left.

    Attributes
    ----------
    at
        When it was listed.
    order
        `None` once it was looked at and cancelled.
    positions
        By conId.
    executions
        Their ids.
    ended
        permIds of ended orders.
    """

    at: Moment
    order: LeftOrder | None
    options: tuple[LeftOption, ...]
    positions: dict[int, Decimal]
    executions: tuple[str, ...]
    ended: tuple[int, ...]
    cash: Decimal | None

    @property
    def written(self) -> dict[str, Any]:
        """As JSON, for the report."""
        return msgspec.json.decode(msgspec.json.encode(self), type=dict[str, Any])

    @classmethod
    def read(cls, written: Mapping[str, Any]) -> Evening:
        """Return the evening that a report has.

        Raises
        ------
        ConnectorError
            When it is not what an evening's walk has written.
        """
        try:
            return msgspec.convert(dict(written), cls, str_keys=True)
        except msgspec.ValidationError as error:
            raise ConnectorError(
                Problem.SETTINGS,
                f"what the report has left for the next day cannot be read: {error}",
                "Give the report as the checklist wrote it.",
            ) from error


class NightChecks:
    """Leaves what is to pass a night, and looks at it afterwards.

    Parameters
    ----------
    orders
        Sends and cancels the order that rests: the venue of a later walk does not know it.
    zone
        Of TWS' login: its lists end at midnight there.
    run
        Does the work of a step.

    Attributes
    ----------
    evening
        What was left so far; `None` for nothing.
    """

    def __init__(
        self, connector: IbkrConnector, market: MarketChecks, orders: UnlistedOrders, zone: str, run: Run
    ) -> None:
        self._connector = connector
        self._market = market
        self._orders = orders
        self._zone = ZoneInfo(zone)
        self._run = run
        self._options: list[LeftOption] = []
        self.evening: Evening | None = None

    async def keep_expiring(self, account: str, trial: OrderTrial) -> AsyncIterator[Step]:
        """Buy options that trade for their last day, to be looked at on another day."""
        options = list(self._market.last_day_options())
        for contract, settles_at in options:

            def keep(contract: OptionContract = contract, settles_at: datetime = settles_at) -> Awaitable[str]:
                return self._keep(account, trial, contract, settles_at)

            title = f"{contract.symbol}, which trades for its last day, is bought and kept over its expiration"
            yield await self._run(title, keep)
        if not options:
            reason = "no class trades for its last day"
            yield Step("options are kept over their expiration", StepOutcome.SKIPPED, reason)

    async def _keep(self, account: str, trial: OrderTrial, contract: OptionContract, settles_at: datetime) -> str:
        provider, option = self._connector.provider, await self._market.quote(contract)
        con_id = None if provider is None else provider.con_id(contract)
        if con_id is None:
            raise StepSkippedError("the contract is not known")
        fill = await trial.fill((VenueLeg(name="leg 1", contract=contract, ratio=Decimal(1)),), option.ask)
        self._options.append(LeftOption(con_id, contract.symbol, Decimal(1), settles_at))
        # Whatever becomes of the rest of the walk, it is not forgotten.
        self.evening = Evening(self._connector.clock.now(), None, tuple(self._options), {}, (), (), None)
        self.evening = await self._listed(account, None)
        return fill_text(fill)

    async def leave(self, account: str, order: VenueRequest) -> str:
        """Let an order rest over the night, keep what TWS lists now, and return it in words."""
        contract, legs = self._orders.written(order)
        lasting = replace(order, time_in_force=TimeInForce.Gtc)
        ticket = ticket_of(lasting, str(uuid4()), Decimal(1))
        _, row = await self._orders.place(contract, legs, ticket)
        left = None if row is None else LeftOrder(row.perm_id, row.order_id, row.order_ref)
        self.evening = evening = await self._listed(account, left)
        if left is None:
            raise StepFailedError("an order good till cancelled is not listed", REPORT_REMEDY)
        return f"order {left.perm_id} rests; {_in_words(evening)}"

    async def _listed(self, account: str, order: LeftOrder | None) -> Evening:
        session = self._connector.orders
        positions = await self._positions(account)
        executions = await session.executions()
        ended = await session.completed_orders()
        facts = await self._connector.account_facts(account)
        return Evening(
            self._connector.clock.now(),
            order,
            tuple(self._options),
            {con_id: row.quantity for con_id, row in positions.items()},
            tuple(sorted(row.exec_id for row in executions)),
            tuple(sorted(row.perm_id for row in ended)),
            facts.cash,
        )

    async def _positions(self, account: str) -> dict[int, PositionRow]:
        rows = await self._connector.orders.positions()
        return {row.contract.con_id: row for row in rows if row.account == account}

    async def look_back(self, account: str, evening: Evening) -> AsyncGenerator[Step]:
        """Walk the steps of the day after; `evening` of this object is then what is left for another day."""
        session = self._connector.orders
        executions, ended = await session.executions(), await session.completed_orders()
        titles = (
            (
                "it is known which executions of the day before are listed",
                lambda: self._executions(evening, executions),
            ),
            ("it is known which ended orders of the day before are listed", lambda: self._ended(evening, ended)),
        )
        for title, work in titles:
            yield await self._run(title, work)
        if evening.order is not None:
            order = evening.order
            title = "the order that rests is listed after the night, under its ids and its reference"
            yield await self._run(title, lambda: self._rests(order, evening))
            if self._is_later_day(evening):
                step = await self._run("it is cancelled by its id", lambda: self._cancel(order))
                if step.outcome is not StepOutcome.FAILED:
                    self.evening = evening = replace(evening, order=None)
                yield step
        for option in evening.options:
            gone: list[LeftOption] = []

            def look(option: LeftOption = option, gone: list[LeftOption] = gone) -> Awaitable[str]:
                return self._expired(account, option, evening, executions, gone)

            step = await self._run(f"it is known what the expiration of {option.symbol} leaves", look)
            left = tuple(each for each in (self.evening or evening).options if each not in gone)
            self.evening = replace(self.evening or evening, options=left)
            yield step
        if self.evening is not None and self.evening.order is None and not self.evening.options:
            self.evening = None

    def _is_later_day(self, evening: Evening) -> bool:
        now = self._connector.clock.now()
        return now.astimezone(self._zone).date() > evening.at.astimezone(self._zone).date()

    def _must_be_later(self, evening: Evening) -> None:
        if not self._is_later_day(evening):
            raise StepSkippedError(f"it is still {evening.at.astimezone(self._zone):%Y-%m-%d} in {self._zone}; {AGAIN}")

    async def _executions(self, evening: Evening, rows: list[ExecutionRow]) -> str:
        self._must_be_later(evening)
        listed = {row.exec_id for row in rows}
        still = sum(exec_id in listed for exec_id in evening.executions)
        oldest = min((row.at for row in rows), default=None)
        since = "" if oldest is None else f", the oldest of {oldest:%Y-%m-%d %H:%M} UTC"
        all_of = len(evening.executions)
        return f"{still} of {all_of} executions are still listed, beside {len(rows) - still} others{since}"

    async def _ended(self, evening: Evening, rows: list[OrderRow]) -> str:
        self._must_be_later(evening)
        listed = {row.perm_id for row in rows}
        still = sum(perm_id in listed for perm_id in evening.ended)
        return f"{still} of {len(evening.ended)} ended orders are still listed, beside {len(rows) - still} others"

    async def _rests(self, order: LeftOrder, evening: Evening) -> str:
        self._must_be_later(evening)
        rows = await self._connector.orders.open_orders()
        row = next((row for row in rows if row.order_ref == order.order_ref), None)
        if row is None:
            ended = await self._connector.orders.completed_orders()
            last = next((row for row in ended if row.order_ref == order.order_ref), None)
            words = "is in no list" if last is None else f"has ended: {last.status} {last.completed_status}"
            raise StepFailedError(f"order {order.perm_id} {words}", REPORT_REMEDY)
        must(row.perm_id == order.perm_id, f"its permId is {row.perm_id}, and was {order.perm_id}", REPORT_REMEDY)
        same = "the same" if row.order_id == order.order_id else f"{row.order_id}, and was {order.order_id}"
        return f"order {row.perm_id}, status {row.status}; its order id is {same}"

    async def _cancel(self, order: LeftOrder) -> str:
        rows = await self._connector.orders.open_orders()
        row = next((row for row in rows if row.order_ref == order.order_ref), None)
        if row is None:
            raise StepSkippedError("it is not listed")
        await self._orders.cancel(row.order_id)
        return ""

    async def _expired(
        self,
        account: str,
        option: LeftOption,
        evening: Evening,
        executions: list[ExecutionRow],
        gone: list[LeftOption],
    ) -> str:
        now = self._connector.clock.now()
        positions = await self._positions(account)
        row = positions.get(option.con_id)
        if row is not None and now < option.settles_at + LOOK_AFTER:
            raise StepSkippedError(
                f"{row.quantity} are still held, and it settles at {option.settles_at:%F %R}; {AGAIN}"
            )
        if row is not None:
            raise StepSkippedError(f"{row.quantity} are still held after its settlement; {AGAIN}")
        gone.append(option)
        own = [row for row in executions if row.contract.con_id == option.con_id or not row.order_ref]
        listing = ", ".join(
            f"{row.exec_id} {row.side} {row.shares} {row.contract.local_symbol or row.contract.symbol} at {row.price}"
            for row in own
            if row.exec_id not in evening.executions
        )
        others = {each.con_id for each in evening.options}
        changed = ", ".join(
            f"{(listed.contract.local_symbol or listed.contract.symbol) if listed is not None else con_id} "
            f"{evening.positions.get(con_id, 0)} -> {0 if listed is None else listed.quantity}"
            for con_id in sorted({*evening.positions, *positions} - others)
            if evening.positions.get(con_id) != (None if (listed := positions.get(con_id)) is None else listed.quantity)
        )
        cash = (await self._connector.account_facts(account)).cash
        return (
            f"the position is gone; executions of it or of no order: {listing or 'none'}; other positions: "
            f"{changed or 'as before'}; cash {evening.cash} -> {cash}"
        )


def _in_words(evening: Evening) -> str:
    options = ", ".join(f"{option.quantity} {option.symbol}" for option in evening.options) or "no option"
    return (
        f"{options} held over its expiration; listed are {len(evening.positions)} positions, {len(evening.executions)} "
        f"executions and {len(evening.ended)} ended orders"
    )
