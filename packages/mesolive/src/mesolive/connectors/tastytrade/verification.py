"""Checklist of tastytrade's sandbox: login, quotes, stream; orders that rest, are replaced, cancelled and filled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Final, cast

import numpy as np

from mesolive.clock import MonotonicClock
from mesolive.connectors.checklist_steps import must, run_step
from mesolive.connectors.order_trial import OrderTrial, fill_text, reversed_legs
from mesolive.connectors.protocol import Check, ConnectorError, ConnectorRequest, Problem
from mesolive.connectors.tastytrade.connector import TastytradeConnector
from mesolive.connectors.tastytrade.order_requests import closed_reason, new_order
from mesolive.connectors.tastytrade.settings import TastytradeSettings
from mesolive.connectors.tastytrade.symbols import order_symbol
from mesolive.connectors.verification import MessageRecorder, Step, StepOutcome
from mesolive.market.contracts import Right
from mesolive.tastytrade_client import value_of
from mesolive.venues.base import VenueLeg

HIDDEN_FIELDS: Final = ("token", "access_token", "auth-token", "refresh_token", "client_secret", "id_token")
MIN_DAYS: Final = 20
FAR: Final = 0.92
"""The strike of the short put, as a share of the spot."""
ROWS_SECONDS: Final = 20.0
RESTING: Final = Decimal("0.05")
TO_REPLACE: Final = Decimal("0.10")


class TastytradeChecklist:
    """Walks the steps with a connector of its own; implements `mesolive.connectors.verification.Checklist`.

    Parameters
    ----------
    fill
        Whether orders may be filled.

    Raises
    ------
    ConnectorError
        For settings of production.
    """

    def __init__(
        self,
        request: ConnectorRequest,
        make: Callable[[ConnectorRequest, Callable[[str], None]], TastytradeConnector] | None = None,
        *,
        fill: bool = True,
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
        self._fills = fill
        self._account = ""
        self._trial = OrderTrial(self._connector.venue, "", self._connector.clock, MonotonicClock())

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
                self._trial.follow(facts)
                yield Step("the account stream is connected", StepOutcome.PASSED)
                yield await self._step("orders, fills, settlements and positions are listed", self._lists)
                async for step in self._trade():
                    yield step
        except Exception as error:  # noqa: BLE001 - whatever happens, the report says so and is written
            yield Step(
                "the walk ends by itself", StepOutcome.FAILED, self._recorder.clean(f"{type(error).__name__}: {error}")
            )
        finally:
            await self._trial.stop()
            await connector.venue.stop()
            await connector.disconnect()

    async def _trade(self) -> AsyncIterator[Step]:
        legs = self._legs()
        closed = (
            None
            if legs is None
            else closed_reason(self._trial.order(legs, RESTING), self._connector.clock.now(), self._request.calendar)
        )
        if legs is None or closed is not None:
            yield Step("orders can be tried", StepOutcome.SKIPPED, closed or "no put spread is quoted on both sides")
            return
        yield await self._step("a dry run states margin and fees", lambda: self._dry_run(legs))
        yield await self._step(
            "an order rests, is listed by its identifier, and is not made twice",
            lambda: self._trial.rest(legs, RESTING),
        )
        yield await self._step(
            "a replacement has a new id, and the old order has made way", lambda: self._trial.replace(TO_REPLACE)
        )
        yield await self._step("a cancel ends the order, and a second one changes nothing", self._trial.cancel)
        if not self._fills:
            return
        opened = await self._step(
            "an order is filled, leg by leg, and reported as whole combos", lambda: self._fill(legs)
        )
        yield opened
        if opened.outcome is StepOutcome.PASSED:
            back = reversed_legs(legs)
            yield await self._step("what was opened is closed, with strict checking", lambda: self._fill(back))
            yield await self._step("the history has fees of the fills", self._rows)

    async def _step(self, title: str, work: Callable[[], Awaitable[str]]) -> Step:
        return await run_step(self._recorder, title, work)

    # --- the steps ----------------------------------------------------------------------------------------------------

    async def _log_in(self) -> str:
        await self._connector.connect()
        accounts = await self._connector.accounts()
        self._recorder.rename(account.account_id for account in accounts)
        tradable = [account for account in accounts if account.can_trade]
        must(bool(tradable), "no account of the login may be traded")
        self._account = tradable[0].account_id
        self._trial = OrderTrial(self._connector.venue, self._account, self._connector.clock, MonotonicClock())
        report = await self._connector.test()
        wrong = [finding.detail for finding in report.findings if finding.check is Check.FAILED]
        must(not wrong, "; ".join(wrong))
        return "; ".join(f"{finding.topic}: {finding.detail}" for finding in report.findings)

    async def _quotes(self) -> str:
        provider = self._connector.provider
        must(provider is not None, "market data are switched off")
        assert provider is not None  # noqa: S101 - `_must` has raised
        view = provider.books[self._symbol].view()
        quoted = int(np.isfinite(view.columns.values["ask"]).sum())
        must(quoted > 0, "no contract has a quote")
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
        actions = {order_symbol(leg.contract): f"{'Buy' if leg.ratio > 0 else 'Sell'} to Open" for leg in legs}
        order = new_order(self._trial.order(legs, RESTING), actions, RESTING)
        answer = value_of("the dry run", await self._connector.venue.core.api.dry_run(self._account, order))
        fees = None if answer.fee_calculation is None else answer.fee_calculation.cost
        margin = None if answer.buying_power_effect is None else answer.buying_power_effect.change_in_margin_requirement
        must(fees is not None and margin is not None, "it states no fees, or no margin")
        return f"fees {fees}, margin {margin}"

    async def _fill(self, legs: tuple[VenueLeg, ...]) -> str:
        return fill_text(await self._trial.fill(legs, None))

    async def _rows(self) -> str:
        core = self._connector.venue.core
        deadline = core.now() + ROWS_SECONDS
        since = self._connector.clock.now() - timedelta(minutes=10)
        while True:
            rows = await core.read_rows(self._account, since, "Trade")
            fresh = [row for row in rows if row.executed is not None and row.executed >= since]
            if fresh:
                return f"{len(fresh)} rows, fees {sum((row.fees for row in fresh), Decimal(0))}"
            must(core.now() < deadline, f"no row within {ROWS_SECONDS:g} s")
            await asyncio.sleep(1)

    # --- helpers ------------------------------------------------------------------------------------------------------

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
