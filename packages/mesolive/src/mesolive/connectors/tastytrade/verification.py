"""Checklist of tastytrade's sandbox: login, quotes, stream; orders that rest, are replaced, cancelled and filled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Final, TypeVar, cast
from uuid import uuid4

import numpy as np

from mesolive.connectors.protocol import Check, ConnectorError, ConnectorRequest, Problem
from mesolive.connectors.tastytrade.connector import TastytradeConnector
from mesolive.connectors.tastytrade.order_requests import closed_reason, new_order
from mesolive.connectors.tastytrade.settings import TastytradeSettings
from mesolive.connectors.tastytrade.symbols import occ_symbol
from mesolive.connectors.verification import MessageRecorder, Step, StepOutcome
from mesolive.market.contracts import Right
from mesolive.tastytrade_client import value_of
from mesolive.venues.base import (
    Accepted,
    CancelDenied,
    Ended,
    Ending,
    Execution,
    OrderStatus,
    VenueFact,
    VenueLeg,
    VenueRequest,
)
from mesolive_sdk.models import OrderType, TimeInForce
from mesolive_sdk.ticks import tick_above

T = TypeVar("T")

HIDDEN_FIELDS: Final = ("token", "access_token", "auth-token", "refresh_token", "client_secret", "id_token")
MIN_DAYS: Final = 20
FAR: Final = 0.92
"""The strike of the short put, as a share of the spot."""
FILL_SECONDS: Final = 60.0
ROWS_SECONDS: Final = 20.0
RESTING: Final = Decimal("0.05")
TO_REPLACE: Final = Decimal("0.10")


class StepFailedError(Exception):
    """What a step found is not what its title says."""


class TastytradeChecklist:
    """Walks the steps with a connector of its own; implements `mesolive.connectors.verification.Checklist`.

    Raises
    ------
    ConnectorError
        For settings of production.
    """

    def __init__(
        self,
        request: ConnectorRequest,
        make: Callable[[ConnectorRequest, Callable[[str], None]], TastytradeConnector] | None = None,
    ) -> None:
        settings = cast("TastytradeSettings", request.settings)
        if settings.environment != "sandbox":
            raise ConnectorError(
                Problem.SETTINGS, "the checklist sends orders, and runs in the sandbox only", "Set environment=sandbox."
            )
        secrets = [settings.client_secret.reveal(), settings.refresh_token.reveal()]
        self._recorder = MessageRecorder(secrets, HIDDEN_FIELDS)
        self._request = request
        self._symbol = settings.underlyings[0]
        record = self._recorder.record
        self._connector = TastytradeConnector(request, record=record) if make is None else make(request, record)
        self._account = ""
        self._facts: AsyncIterator[VenueFact] | None = None

    @property
    def messages(self) -> Sequence[str]:
        """What was exchanged with the broker so far."""
        return self._recorder.messages

    async def walk(self) -> AsyncGenerator[Step]:
        """Walk all steps; those that need an earlier one are skipped when it fails."""
        connector = self._connector
        try:
            yield (step := await self._step("the login is accepted, and an account may be traded", self._log_in))
            if step.outcome is not StepOutcome.FAILED:
                yield (step := await self._step("the whole window of the chain is quoted", self._quotes))
            if step.outcome is StepOutcome.FAILED:
                return
            await connector.venue.start()
            async with connector.venue.session() as facts:
                self._facts = facts
                yield Step("the account stream is connected", StepOutcome.PASSED)
                yield await self._step("orders, fills, settlements and positions are listed", self._lists)
                async for step in self._trade():
                    yield step
        except Exception as error:  # noqa: BLE001 - whatever happens, the report says so and is written
            yield Step(
                "the walk ends by itself", StepOutcome.FAILED, self._recorder.clean(f"{type(error).__name__}: {error}")
            )
        finally:
            await connector.venue.stop()
            await connector.disconnect()

    async def _trade(self) -> AsyncIterator[Step]:
        legs = self._legs()
        closed = (
            None
            if legs is None
            else closed_reason(self._order(legs, RESTING), self._connector.clock.now(), self._request.calendar)
        )
        if legs is None or closed is not None:
            yield Step("orders can be tried", StepOutcome.SKIPPED, closed or "no put spread is quoted on both sides")
            return
        yield await self._step("a dry run states margin and fees", lambda: self._dry_run(legs))
        yield await self._step(
            "an order rests, is listed by its identifier, and is not made twice", lambda: self._rest(legs)
        )
        yield await self._step("a replacement has a new id, and the old order has made way", self._replace)
        yield await self._step("a cancel ends the order, and a second one changes nothing", self._cancel)
        opened = await self._step("an order is filled, leg by leg, and told as whole combos", lambda: self._fill(legs))
        yield opened
        if opened.outcome is StepOutcome.PASSED:
            back = tuple(VenueLeg(name=leg.name, contract=leg.contract, ratio=-leg.ratio) for leg in legs)
            yield await self._step("what was opened is closed, with strict checking", lambda: self._fill(back))
            yield await self._step("the history has fees of the fills", self._rows)

    async def _step(self, title: str, work: Callable[[], Awaitable[str]]) -> Step:
        try:
            return Step(title, StepOutcome.PASSED, self._recorder.clean(await work()))
        except Exception as error:  # noqa: BLE001 - a step that fails is a line of the report
            text = str(error) or type(error).__name__
            return Step(title, StepOutcome.FAILED, self._recorder.clean(text))

    # --- the steps ----------------------------------------------------------------------------------------------------

    async def _log_in(self) -> str:
        await self._connector.connect()
        accounts = await self._connector.accounts()
        self._recorder.rename(account.account_id for account in accounts)
        tradable = [account for account in accounts if account.can_trade]
        _must(bool(tradable), "no account of the login may be traded")
        self._account = tradable[0].account_id
        report = await self._connector.test()
        wrong = [finding.detail for finding in report.findings if finding.check is Check.FAILED]
        _must(not wrong, "; ".join(wrong))
        return "; ".join(f"{finding.topic}: {finding.detail}" for finding in report.findings)

    async def _quotes(self) -> str:
        provider = self._connector.provider
        _must(provider is not None, "market data are switched off")
        assert provider is not None  # noqa: S101 - `_must` has raised
        view = provider.books[self._symbol].view()
        quoted = int(np.isfinite(view.columns.values["ask"]).sum())
        _must(quoted > 0, "no contract has a quote")
        delayed = ", delayed" if provider.feed.state.is_delayed else ""
        return f"{len(view.listing)} contracts, {quoted} with an ask{delayed}"

    async def _lists(self) -> str:
        venue, since = self._connector.venue, self._connector.clock.now() - timedelta(days=7)
        orders = await venue.orders(self._account, since)
        executions = await venue.executions(self._account, since)
        settlements = await venue.settlements(self._account, since)
        positions = await venue.positions(self._account)
        counts = f"{len(orders)} orders, {len(executions)} fills, {len(settlements)} settlements"
        return f"{counts}, {len(positions)} positions"

    async def _dry_run(self, legs: tuple[VenueLeg, ...]) -> str:
        actions = {occ_symbol(leg.contract): f"{'Buy' if leg.ratio > 0 else 'Sell'} to Open" for leg in legs}
        order = new_order(self._order(legs, RESTING), actions, RESTING)
        told = value_of("the dry run", await self._connector.venue.core.api.dry_run(self._account, order))
        fees = None if told.fee_calculation is None else told.fee_calculation.cost
        margin = None if told.buying_power_effect is None else told.buying_power_effect.change_in_margin_requirement
        _must(fees is not None and margin is not None, "it states no fees, or no margin")
        return f"fees {fees}, margin {margin}"

    async def _rest(self, legs: tuple[VenueLeg, ...]) -> str:
        venue = self._connector.venue
        self._resting = self._order(legs, RESTING)
        first = await venue.submit(self._resting)
        _must(isinstance(first, Accepted), getattr(first, "reason", ""))
        again = await venue.submit(self._resting)
        _must(first == again, "it was answered differently the second time")
        found = await self._listed(self._resting.reference)
        _must(found == [OrderStatus.WORKING], f"it is listed as {found}")
        return f"order {first.venue_id}"

    async def _replace(self) -> str:
        venue = self._connector.venue
        better = self._order(self._resting.legs, TO_REPLACE)
        answer = await venue.replace(self._resting.reference, Decimal(0), better)
        _must(isinstance(answer, Accepted), getattr(answer, "reason", ""))
        old, self._resting = self._resting, better
        _must(await self._listed(old.reference) == [OrderStatus.REPLACED], "the old order is not listed as replaced")
        return f"order {answer.venue_id}"

    async def _cancel(self) -> str:
        venue = self._connector.venue
        for _ in range(2):
            answer = await venue.cancel(self._account, self._resting.reference, None)
            _must(answer is None or (isinstance(answer, Ended) and answer.how is Ending.CANCELLED), f"got {answer}")
        unknown = await venue.cancel(self._account, f"never-{uuid4()}", None)
        _must(isinstance(unknown, CancelDenied) and unknown.unknown, "an unknown order was not called unknown")
        return ""

    async def _fill(self, legs: tuple[VenueLeg, ...]) -> str:
        venue = self._connector.venue
        order = self._order(legs, None)
        answer = await venue.submit(order)
        _must(isinstance(answer, Accepted), getattr(answer, "reason", ""))
        assert self._facts is not None  # noqa: S101 - a session is open
        try:
            async with asyncio.timeout(FILL_SECONDS):
                async for fact in self._facts:
                    if isinstance(fact, Execution) and fact.reference == order.reference:
                        prices = ", ".join(f"{leg.qty:+} {leg.contract.symbol} at {leg.price}" for leg in fact.legs)
                        fees = sum((leg.commission for leg in fact.legs), Decimal(0))
                        return f"{fact.execution_id}: {prices}; fees {fees}"
        except TimeoutError:
            await venue.cancel(self._account, order.reference, answer.venue_id)
        raise StepFailedError(f"order {answer.venue_id} was not filled within {FILL_SECONDS:g} s, and was cancelled")

    async def _rows(self) -> str:
        core = self._connector.venue.core
        deadline = core.now() + ROWS_SECONDS
        since = self._connector.clock.now() - timedelta(minutes=10)
        while True:
            rows = await core.read_rows(self._account, since, "Trade")
            fresh = [row for row in rows if row.executed is not None and row.executed >= since]
            if fresh:
                return f"{len(fresh)} rows, fees {sum((row.fees for row in fresh), Decimal(0))}"
            _must(core.now() < deadline, f"no row within {ROWS_SECONDS:g} s")
            await asyncio.sleep(1)

    # --- helpers ------------------------------------------------------------------------------------------------------

    async def _listed(self, reference: str) -> list[OrderStatus]:
        since = self._connector.clock.now() - timedelta(hours=1)
        orders = await self._connector.venue.orders(self._account, since)
        return [item.status for item in orders if item.reference == reference]

    def _legs(self) -> tuple[VenueLeg, ...] | None:
        """Return a put spread that is bought: some weeks away, far from the money, quoted on both sides."""
        provider = self._connector.provider
        if provider is None:
            return None
        view = provider.books[self._symbol].view()
        spot = view.underlying.quote.mark
        for expiration in view.expirations:
            if spot is None or (expiration.settles_at - view.now).days < MIN_DAYS:
                continue
            puts = view.slice(expiration.root, expiration.day, Right.PUT)
            if puts is None:
                continue
            both = np.flatnonzero((puts.bid > 0) & (puts.ask > puts.bid) & (puts.strikes <= spot * FAR))
            if both.size >= 2:
                high, low = puts.contract(int(both[-1])), puts.contract(int(both[-2]))
                return (
                    VenueLeg(name="long", contract=high, ratio=Decimal(1)),
                    VenueLeg(name="short", contract=low, ratio=Decimal(-1)),
                )
        return None

    def _order(self, legs: tuple[VenueLeg, ...], limit: Decimal | None) -> VenueRequest:
        return VenueRequest(
            account=self._account,
            reference=str(uuid4()),
            legs=legs,
            qty=Decimal(1),
            order_type=OrderType.Market if limit is None else OrderType.Limit,
            time_in_force=TimeInForce.Day,
            limit_price=None if limit is None else tick_above([leg.contract.root for leg in legs], limit),
        )


def _must(holds: bool, otherwise: str) -> None:
    if not holds:
        raise StepFailedError(otherwise or "it does not hold")
