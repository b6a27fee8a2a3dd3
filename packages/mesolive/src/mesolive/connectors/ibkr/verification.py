"""Checklist of a paper account at TWS: connections, contracts, quotes, orders that rest, are changed and cancelled.

It shows what the double of TWS cannot prove (`docs/ibkr.md`), so the report has every message. Orders are of one
contract; whether any may be filled says who starts it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final, TypeAlias, cast

from mesolive.clock import Clock, MonotonicClock
from mesolive.connectors.checklist_steps import StepFailedError, StepSkippedError, must, run_step
from mesolive.connectors.ibkr.chain_reading import SliceKey
from mesolive.connectors.ibkr.connection_words import (
    CLIENT_ID_REMEDY,
    CLOCK_REMEDY,
    LOGIN_REMEDY,
    READ_ONLY_REMEDY,
    TOLERATED_CLOCK_SECONDS,
)
from mesolive.connectors.ibkr.connector import IbkrConnector, is_paper
from mesolive.connectors.ibkr.message_log import MessageLog
from mesolive.connectors.ibkr.session_errors import RequestTimeoutError
from mesolive.connectors.ibkr.settings import IbkrSettings
from mesolive.connectors.ibkr.time_limit import limited
from mesolive.connectors.ibkr.verification_market import REPORT_REMEDY, MarketChecks
from mesolive.connectors.ibkr.verification_night import Evening, NightChecks
from mesolive.connectors.ibkr.verification_orders import (
    OFF_THE_LEGS_STEP,
    RESTING,
    TO_REPLACE,
    OrderQuestions,
    UnlistedOrders,
    must_rest,
    order_remedy,
)
from mesolive.connectors.order_trial import OrderTrial, fill_text, reversed_legs
from mesolive.connectors.protocol import ConnectorError, ConnectorRequest, Problem
from mesolive.connectors.verification import MessageRecorder, Step, StepOutcome
from mesolive.records import replace
from mesolive.venues.base import Ended, Execution, VenueLeg, VenueRequest

AT_THE_MARKET: Final = "a combo at the market"
PROTOCOLS: Final = range(157, 179)
COMMISSION_SECONDS: Final = 15.0
RECONNECT_SECONDS: Final = 120.0
POSITION_SECONDS: Final = 30.0
LOCAL_HOSTS: Final = frozenset({"127.0.0.1", "::1", "localhost"})
NOT_LISTED_FOR: Final = timedelta(minutes=30)

RUNNING_SERVER_REMEDY: Final = (
    "Disable the connection of a server that runs (mesolive connector disable NAME), or give other ids: --set "
    "client_id=20 --set data_client_id=21."
)
POSITIONS_REMEDY: Final = "Compare the account's positions in TWS, and close what the checklist has left."

MakeConnector: TypeAlias = Callable[[ConnectorRequest, Callable[[str, bool, Sequence[str]], None]], IbkrConnector]


@dataclass(frozen=True, slots=True)
class Pieces:
    """What a test replaces: the connector, and the time of waiting."""

    make: MakeConnector
    timer: Clock


def _real() -> Pieces:
    return Pieces(lambda request, record: IbkrConnector(request, record=record), MonotonicClock())


class IbkrChecklist:
    """Walks the steps with a connector of its own; implements `mesolive.connectors.verification.Checklist`.

    Parameters
    ----------
    fill
        Whether orders may be filled.

    Raises
    ------
    ConnectorError
        For settings of a live login, and without market data.
    """

    def __init__(self, request: ConnectorRequest, *, fill: bool, pieces: Pieces | None = None) -> None:
        settings = self._settings = cast("IbkrSettings", request.settings)
        if not settings.paper:
            raise ConnectorError(
                Problem.SETTINGS, "the checklist sends orders, and runs on paper accounts only", "Set paper=true."
            )
        if not settings.market_data:
            raise ConnectorError(Problem.SETTINGS, "the checklist needs market data", "Set market_data=true.")
        self._recorder = MessageRecorder([] if settings.host in LOCAL_HOSTS else [settings.host])
        self._log = MessageLog(self._recorder)
        made = pieces or _real()
        self._timer = made.timer
        # Whether IB takes stop orders on combos is what a step asks.
        permitted = replace(request, settings=replace(settings, stops_on_combos=True))
        self._connector = made.make(permitted, self._log.take)
        provider = self._connector.provider
        assert provider is not None  # noqa: S101 - market data are on
        self._market = MarketChecks(self._connector, provider, request.calendar, self._timer)
        self._fills = fill
        self._account = ""
        self._trial = self._new_trial()
        self._questions = OrderQuestions(self._market, lambda: self._trial)
        self._unlisted = UnlistedOrders(self._connector, self._timer, self._log)
        self._night = NightChecks(self._connector, self._market, self._unlisted, settings.time_zone, self._step)
        self._overnight = self._resumes = False
        self._initial_positions: dict[int, Decimal] = {}
        self._done: dict[str, Execution] = {}

    def _new_trial(self) -> OrderTrial:
        connector = self._connector
        return OrderTrial(connector.venue, self._account, connector.clock, self._timer, order_remedy)

    @property
    def messages(self) -> Sequence[str]:
        """What was exchanged with TWS so far."""
        return [*self._recorder.messages, *self._log.left_out]

    @property
    def overnight_state(self) -> Mapping[str, Any] | None:
        """What a walk with `resume` needs, account numbers aside; `None` when nothing was left."""
        return None if self._night.evening is None else self._night.evening.written

    def leave_overnight(self) -> None:
        """Let the walk leave an order that rests, and where orders may be filled options that expire."""
        self._overnight = True

    def resume(self, overnight_state: Mapping[str, Any]) -> None:
        """Let the walk look at what an earlier one has left, and at nothing else.

        Raises
        ------
        ConnectorError
            When it is not what `overnight_state` was.
        """
        self._night.evening, self._resumes = Evening.read(overnight_state), True

    async def walk(self) -> AsyncGenerator[Step]:
        """Walk all steps; those that need an earlier one are skipped when it fails."""
        try:
            async with aclosing(self._resumed() if self._resumes else self._steps()) as steps:
                async for step in steps:
                    yield step
        except Exception as error:  # noqa: BLE001 - whatever happens, the report says so and is written
            text = self._recorder.clean(f"{type(error).__name__}: {error}")
            yield Step("the walk ends by itself", StepOutcome.FAILED, text, REPORT_REMEDY)
        finally:
            self._market.close()
            await self._trial.stop()
            await self._connector.venue.stop()
            await self._connector.disconnect()

    async def _steps(self) -> AsyncGenerator[Step]:
        settings = self._settings
        title = f"client id {settings.client_id} is accepted, by a paper login that has the configured accounts"
        yield (step := await self._step(title, self._connect_orders))
        if step.outcome is not StepOutcome.PASSED:
            return
        yield (step := await self._step("an account may be used", self._choose_account))
        if step.outcome is not StepOutcome.PASSED:
            return
        yield (orders := await self._step("the API takes orders: it is not read-only", self._may_order))
        yield await self._step("the clock of TWS is this machine's", self._clock)
        yield await self._step("positions, orders and executions are listed", self._lists)
        title = f"client id {settings.data_client_id} is accepted beside it"
        yield (data := await self._step(title, self._connect_data))
        if data.outcome is StepOutcome.PASSED:
            async for step in self._market_steps():
                yield step
        self._connector.keep_connected()
        reason = self._why_no_orders(orders)
        if reason is None:
            await self._connector.venue.start()
            async for step in self._order_steps():
                yield step
        else:
            yield Step("orders are tried", StepOutcome.SKIPPED, self._recorder.clean(reason))
        yield await self._step("after a lost connection both client ids are accepted again", self._reconnect)
        if reason is None:
            async for step in self._last_steps():
                yield step
            # Last, for the venue takes their orders for those of another program.
            async for step in self._unlisted_steps():
                yield step
            if self._overnight:
                title = "an order rests until the next day, and what TWS lists now is kept in the report"
                yield await self._step(title, lambda: self._night.leave(self._account, self._resting_order(1)))

    async def _resumed(self) -> AsyncGenerator[Step]:
        """Look at what an earlier walk has left; only the connection of orders is needed."""
        title = f"client id {self._settings.client_id} is accepted, by a paper login that has the configured accounts"
        for heading, work in (
            (title, self._connect_orders),
            ("an account may be used", self._choose_account),
            ("the API takes orders: it is not read-only", self._may_order),
        ):
            yield (step := await self._step(heading, work))
            if step.outcome is not StepOutcome.PASSED:
                return
        if self._night.evening is not None:
            async with aclosing(self._night.look_back(self._account, self._night.evening)) as steps:
                async for step in steps:
                    yield step

    async def _unlisted_steps(self) -> AsyncIterator[Step]:
        orders = self._unlisted
        for title, ask, count in (
            ("a long reference (orderRef) comes back", orders.returned_reference, 1),
            ("it is known whether a modification may change the reference (orderRef)", orders.changed_reference, 1),
            ("it is known which routes a combo may take: SMART, or Cboe", orders.routes, 2),
        ):

            def work(ask: Callable[[VenueRequest], Awaitable[str]] = ask, count: int = count) -> Awaitable[str]:
                return ask(self._resting_order(count))

            yield await self._step(title, work)

    def _resting_order(self, legs: int) -> VenueRequest:
        chosen = self._market.legs(legs)
        must_rest(self._market, chosen)
        return self._trial.order(chosen, RESTING)

    async def _market_steps(self) -> AsyncIterator[Step]:
        for symbol in self._settings.underlyings:
            classes: list[SliceKey] = []

            def work(symbol: str = symbol, classes: list[SliceKey] = classes) -> Awaitable[str]:
                return self._market.underlying(symbol, classes)

            yield await self._step(f"IB lists {symbol} and its option classes", work)
            for key in classes:

                def read(symbol: str = symbol, key: SliceKey = key) -> Awaitable[str]:
                    return self._market.contracts(symbol, key)

                yield await self._step(f"the contracts of class {key.root} can be read", read)
        yield (step := await self._step("live prices come for every underlying", self._market.quotes))
        if step.outcome is not StepOutcome.SKIPPED:
            yield await self._step("options are quoted, and IB's option computations come", self._market.option)
            title = "market data lines roll over the chain, beside those that are held"
            yield await self._step(title, lambda: self._market.rotation(self._log))

    async def _order_steps(self) -> AsyncIterator[Step]:
        async with self._connector.venue.session() as facts:
            self._trial.follow(facts)
            yield Step("the reports of orders are followed, after a catch-up with TWS' lists", StepOutcome.PASSED)
            for name, combo in (("a single option", False), ("a combo", True)):
                legs = self._market.legs(2 if combo else 1)
                async for step in self._resting_steps(name, legs):
                    yield step
                if self._fills:
                    async for step in self._filling_steps(name, legs, combo=combo):
                        yield step
            async for step in self._question_steps():
                yield step
            yield await self._step(
                "an order rests while the connection is lost",
                lambda: self._trial.rest(self._market.legs(2), RESTING),
            )
            await self._trial.stop()

    async def _resting_steps(self, name: str, legs: tuple[VenueLeg, ...]) -> AsyncIterator[Step]:
        async def rest() -> str:
            must_rest(self._market, legs)
            return await self._trial.rest(legs, RESTING)

        async def replace() -> str:
            return await self._trial.replace(TO_REPLACE)

        yield await self._step(f"IB states the margin of {name} (whatIf)", lambda: self._margin(legs))
        yield await self._step(f"an order of {name} far from the market rests at IB, and is not made twice", rest)
        yield await self._step(f"the order of {name} is modified in place", replace)
        yield await self._step(f"the order of {name} is cancelled, and a second cancel changes nothing", self._cancel)

    async def _question_steps(self) -> AsyncIterator[Step]:
        """Ask what only a real account knows: more legs, and stop orders on combos."""
        for count in (3, 4):

            def rest(count: int = count) -> Awaitable[str]:
                return self._questions.rest_and_cancel(self._market.legs(count))

            yield await self._step(f"a combo of {count} legs rests at IB, and is cancelled", rest)
        yield await self._step("IB's answer to a combo of 6 legs is known", self._questions.six_legs)
        yield await self._step(f"IB's answer to a combo at {OFF_THE_LEGS_STEP} is known", self._questions.between_steps)
        for name, limited_too in (("stop", False), ("stop limit", True)):

            def ask(limited_too: bool = limited_too) -> Awaitable[str]:
                return self._questions.stop_on_combo(limited_too=limited_too)

            yield await self._step(f"IB's answer to a {name} order on a combo is known", ask)

    async def _filling_steps(self, name: str, legs: tuple[VenueLeg, ...], *, combo: bool) -> AsyncIterator[Step]:
        yield (step := await self._step(f"{name} is bought", lambda: self._fill(name, legs)))
        if step.outcome is StepOutcome.PASSED:
            yield await self._step(f"{name} is sold again", lambda: self._fill(f"{name}, closed", reversed_legs(legs)))
        if name in self._done:
            title = f"executions and commissions of {name} are complete"
            yield await self._step(title, lambda: self._commissions(name, combo=combo))
        if combo:
            title = "IB's answer to a market order on a combo is known"
            yield (step := await self._step(title, lambda: self._at_the_market(legs)))
            if AT_THE_MARKET in self._done and step.outcome is StepOutcome.PASSED:
                title = "the combo that was bought at the market is sold again"
                yield await self._step(title, lambda: self._fill(f"{AT_THE_MARKET}, closed", reversed_legs(legs)))

    async def _last_steps(self) -> AsyncIterator[Step]:
        venue = self._connector.venue
        async with venue.session() as facts:
            self._trial.follow(facts)
            yield await self._step("the order that rested is listed as before", self._trial.must_be_listed)
            yield await self._step("it is cancelled by the new connection", self._cancel)
            yield await self._step("nothing is left: no order, and the positions of before", self._nothing_left)
            if self._done:
                title = f"it is known whether client id {self._settings.data_client_id} receives these executions"
                yield await self._step(title, self._other_client)
            if self._overnight and self._fills:
                async for step in self._night.keep_expiring(self._account, self._trial):
                    yield step
            await self._trial.stop()

    async def _other_client(self) -> str:
        rows, others = await self._connector.orders.executions(), await self._connector.data.executions()
        own = {row.exec_id for row in rows}
        seen = len(own & {row.exec_id for row in others})
        return f"it lists {seen} of the {len(own)} executions that client id {self._settings.client_id} lists"

    async def _step(self, title: str, work: Callable[[], Awaitable[str]]) -> Step:
        return await run_step(self._recorder, title, work, REPORT_REMEDY)

    def _why_no_orders(self, orders: Step) -> str | None:
        connector = self._connector
        if orders.outcome is not StepOutcome.PASSED:
            return "the API is read-only"
        if not self._market.are_quoted:
            return "no option is quoted"
        symbol = self._market.options[0].contract.underlying
        provider = connector.provider
        if provider is not None and not provider.books[symbol].hours.is_open(connector.clock.now()):
            return "the market is closed: walk the checklist again in trading hours"
        return None

    # --- connections --------------------------------------------------------------------------------------------------

    async def _connect_orders(self) -> str:
        try:
            await self._connector.connect_orders()
        except ConnectorError as error:
            raise StepFailedError(error.message, self._connect_remedy(error)) from error
        session = self._connector.orders
        must(session.server_version in PROTOCOLS, f"protocol {session.server_version}", REPORT_REMEDY)
        return f"protocol version {session.server_version}, {len(session.accounts)} accounts"

    def _connect_remedy(self, error: ConnectorError) -> str:
        return RUNNING_SERVER_REMEDY if error.remedy == CLIENT_ID_REMEDY else error.remedy

    async def _choose_account(self) -> str:
        live = [name for name in self._connector.orders.accounts if not is_paper(name)]
        must(not live, "the login has an account of real money", LOGIN_REMEDY)
        accounts = await self._connector.accounts()
        must(bool(accounts), "the login has no account", LOGIN_REMEDY)
        self._account = accounts[0].account_id
        self._trial = self._new_trial()
        return "; ".join(f"{account.account_id}: {account.account_type}, {account.currency}" for account in accounts)

    async def _may_order(self) -> str:
        must(not self._connector.read_only, "the API of TWS is read-only (321)", READ_ONLY_REMEDY)
        return "open orders are listed"

    async def _clock(self) -> str:
        ahead = await self._connector.orders.current_time() - self._connector.clock.now().timestamp()
        text = f"TWS is {ahead:+.1f} s from it"
        # TWS states whole seconds.
        must(abs(ahead) <= TOLERATED_CLOCK_SECONDS + 1, text, CLOCK_REMEDY)
        return text

    async def _lists(self) -> str:
        session = self._connector.orders
        self._initial_positions = await self._positions()
        executions = await session.executions()
        if self._connector.read_only:
            shown = f"{len(self._initial_positions)} positions, {len(executions)} executions"
            return f"{shown}; orders are not shown by a read-only API"
        working, ended = await session.open_orders(), await session.completed_orders()
        oldest = min((row.at for row in executions), default=None)
        since = "" if oldest is None else f" since {oldest:%Y-%m-%d %H:%M} UTC"
        return (
            f"{len(self._initial_positions)} positions, {len(working)} working orders, {len(ended)} ended ones, "
            f"{len(executions)} executions{since}"
        )

    async def _positions(self) -> dict[int, Decimal]:
        rows = await self._connector.orders.positions()
        return {row.contract.con_id: row.quantity for row in rows if row.account == self._account}

    async def _connect_data(self) -> str:
        try:
            await self._connector.connect_data()
        except ConnectorError as error:
            raise StepFailedError(error.message, self._connect_remedy(error)) from error
        return ""

    async def _reconnect(self) -> str:
        sessions = (self._connector.orders, self._connector.data)
        if not self._connector.data.state.connected:
            raise StepSkippedError("the connection of market data was not made")
        began = self._timer.now()
        for session in sessions:
            session.disconnect("ended by the checklist")
        try:
            for session in sessions:
                async with (
                    limited(self._timer, RECONNECT_SECONDS, "it was not made again"),
                    session.changes.subscribe() as changes,
                ):
                    while not session.state.sendable:
                        await anext(changes)
        except RequestTimeoutError:
            losses = "; ".join(session.state.loss for session in sessions if not session.state.sendable)
            raise StepFailedError(f"not within {RECONNECT_SECONDS:g} s: {losses}", CLIENT_ID_REMEDY) from None
        return f"after {(self._timer.now() - began).total_seconds():.1f} s"

    # --- orders -------------------------------------------------------------------------------------------------------

    async def _margin(self, legs: tuple[VenueLeg, ...]) -> str:
        answer = await self._connector.venue.margins(self._trial.order(legs, self._market.price(legs)))
        if isinstance(answer, str):
            raise StepFailedError(answer, order_remedy(answer))
        text = (
            f"initial margin {answer.initial_change}, after {answer.initial_after} of equity {answer.equity_after}; "
            f"commission {'not stated' if answer.commission is None else answer.commission}"
        )
        must(answer.initial_after is not None and answer.equity_after is not None, text)
        return f"{text}{f'; warning {answer.warning}' if answer.warning else ''}"

    async def _cancel(self) -> str:
        await self._trial.cancel()
        left = await self._trial.open_orders()
        must(not left, f"{len(left)} orders are still listed as working", REPORT_REMEDY)
        return ""

    async def _at_the_market(self, legs: tuple[VenueLeg, ...]) -> str:
        order = self._trial.order(legs, None)
        answer = await self._trial.probe(order)
        if isinstance(answer, Ended):
            return f"IB refuses it: {answer.reason}"
        self._done[AT_THE_MARKET] = fill = await self._trial.filled(order, answer)
        return f"IB takes it; {fill_text(fill)}"

    async def _fill(self, name: str, legs: tuple[VenueLeg, ...]) -> str:
        self._done[name] = fill = await self._trial.fill(legs, self._market.price(legs))
        return fill_text(fill)

    async def _commissions(self, name: str, *, combo: bool) -> str:
        fills = [fill for key, fill in self._done.items() if key.startswith(name)]
        rows = self._log.executions_of([fill.reference or "" for fill in fills])
        whole = [row for row in rows if row.sec_type == "BAG"]
        legs = [row for row in rows if row.sec_type != "BAG"]
        until = self._timer.now() + timedelta(seconds=COMMISSION_SECONDS)
        while any(row.exec_id not in self._log.commissions for row in legs) and self._timer.now() < until:
            await self._timer.sleep(0.5)
        missing = [row for row in legs if row.exec_id not in self._log.commissions]
        of_whole = sum(row.exec_id in self._log.commissions for row in whole)
        text = (
            f"{len(fills)} fills, {len(whole)} executions of the combo with {of_whole} commissions, {len(legs)} of "
            f"contracts with {len(legs) - len(missing)} commissions: {', '.join(row.exec_id for row in rows)}"
        )
        must(not missing, f"no commission of {len(missing)} executions within {COMMISSION_SECONDS:g} s; {text}")
        must(not combo or bool(whole), f"the combo's own execution did not come; {text}")
        listed = await self._connector.venue.executions(self._account, fills[0].at - NOT_LISTED_FOR)
        for fill in fills:
            same = [item for item in listed if item.execution_id == fill.execution_id]
            must(len(same) == 1, f"fill {fill.execution_id} is listed {len(same)} times; {text}")
        return text

    async def _nothing_left(self) -> str:
        await self._trial.end_all()
        left = await self._trial.open_orders()
        must(not left, f"{len(left)} orders are still working", "Cancel them in TWS.")
        until = self._timer.now() + timedelta(seconds=POSITION_SECONDS)
        lists = [await self._positions(), await self._positions()]
        while lists != [self._initial_positions, self._initial_positions] and self._timer.now() < until:
            await self._timer.sleep(1.0)
            lists = [lists[1], await self._positions()]
        differs = sorted(
            con_id
            for con_id in {*self._initial_positions, *lists[1]}
            if self._initial_positions.get(con_id) != lists[1].get(con_id)
        )
        must(
            not differs,
            f"the positions of conIds {', '.join(map(str, differs))} are others than before",
            POSITIONS_REMEDY,
        )
        must(lists[0] == lists[1], "two lists of positions differ", POSITIONS_REMEDY)
        return f"two lists of {len(lists[1])} positions are equal to the first"
