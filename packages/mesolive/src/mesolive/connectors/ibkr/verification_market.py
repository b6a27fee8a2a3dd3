"""Steps of the checklist that look at IB's contracts and quotes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from time import monotonic
from typing import Final

from mesolive.clock import Clock
from mesolive.connectors.checklist_steps import StepFailedError, StepSkippedError, must
from mesolive.connectors.ibkr.chain_reading import (
    SliceKey,
    contract_of_details,
    futures_that_trade,
    listed_contracts,
    slice_query,
    slices_to_ask,
    underlying_query,
)
from mesolive.connectors.ibkr.connector import IbkrConnector
from mesolive.connectors.ibkr.data_codes import LineOutcome, line_outcome
from mesolive.connectors.ibkr.line_ticks import LineTicks
from mesolive.connectors.ibkr.message_log import MessageLog
from mesolive.connectors.ibkr.provider import IbkrProvider
from mesolive.connectors.ibkr.session_errors import RequestRefusedError, RequestTimeoutError
from mesolive.connectors.ibkr.subscription import Line
from mesolive.connectors.ibkr.time_limit import limited
from mesolive.connectors.ibkr.tws_messages import Contract, ContractDetails
from mesolive.connectors.order_trial import reversed_legs
from mesolive.market.calendar import ExchangeCalendar
from mesolive.market.contracts import OptionContract, Right
from mesolive.market.option_classes import underlying_of
from mesolive.market.quality import QuoteQuality
from mesolive.venues.base import VenueLeg

MIN_LIFE: Final = timedelta(days=1)
BELOW: Final = (0.01, 0.015, 0.02, 0.025, 0.03)
"""How far the strikes of the combos' further legs are below the money, as parts of the underlying's price."""
RATIOS: Final = {1: (1,), 2: (1, -1), 3: (1, -2, 1), 4: (1, -1, -1, 1), 6: (1, -1, -1, 1, 1, -1)}
"""Of combos by the number of their legs, from the highest strike down: each is worth something."""
QUOTE_SECONDS: Final = 20.0
ROTATION_SECONDS: Final = 20.0
"""For how long the rotation of market data lines is watched."""
TOO_MANY: Final = {"100": "messages", "101": "lines"}
"""Errors that say of what IB was asked too much."""
LOOK_EVERY: Final = 0.25

SLOW_REMEDY: Final = (
    "Give IB Gateway 4 GB of memory, and clear the setting that exposes the entire trading schedule to the API; then "
    "try again."
)
SUBSCRIPTION_REMEDY: Final = (
    "Subscribe in IB's Client Portal to the market data of the underlying and of its options, and share them with the "
    "paper account (Settings, Paper Trading Account)."
)
LINES_REMEDY: Final = "End the programs and TWS windows that use market data lines, or set fewer: --set lines=60."
REPORT_REMEDY: Final = "Send us the report."


@dataclass(eq=False)
class QuotedOption:
    """An option with a line of its own, as long as the checklist is walked.

    Attributes
    ----------
    error
        The code of the error that has ended its line; 0 without one.
    """

    contract: OptionContract
    error: int = 0
    ticks: LineTicks = field(init=False)
    line: Line | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.ticks = LineTicks(LineTicks.take, self._failed, lambda _: None)

    def _failed(self, _ticks: LineTicks, code: int, _text: str) -> None:
        if line_outcome(code) is not LineOutcome.CONTINUES:
            self.error = code

    @property
    def bid(self) -> Decimal:
        """What is paid; zero for nothing."""
        bid = self.ticks.option_quote[0]
        return Decimal(0) if math.isnan(bid) else Decimal(repr(bid))

    @property
    def ask(self) -> Decimal:
        """What is asked."""
        return Decimal(repr(self.ticks.option_quote[1]))

    @property
    def is_quoted(self) -> bool:
        """Whether both sides are there."""
        return self.bid > 0 and not math.isnan(self.ticks.option_quote[1])


def nearest(strikes: Mapping[int, float], spot: float) -> int:
    """Return the place of the strike that is nearest to a price."""
    return min(strikes, key=lambda place: abs(strikes[place] - spot))


class MarketChecks:
    """Looks at contracts and quotes by the connection of market data."""

    def __init__(
        self, connector: IbkrConnector, provider: IbkrProvider, calendar: ExchangeCalendar, timer: Clock
    ) -> None:
        self._connector = connector
        self._provider = provider
        self._calendar = calendar
        self._timer = timer
        self._others: list[QuotedOption] = []
        self.options: tuple[QuotedOption, ...] = ()
        """Puts, the highest strike first: of the first the single orders are, of the first two the combos."""

    @property
    def _today(self) -> date:
        return self._calendar.local(self._connector.clock.now()).date()

    async def underlying(self, symbol: str, classes: list[SliceKey]) -> str:
        """Find an underlying and its classes; `classes` gets an expiration of each."""
        underlying, session = underlying_of(symbol), self._connector.data
        query = underlying_query(underlying)
        details = await self._details(query)
        if underlying.is_future:
            details = futures_that_trade(details, self._connector.clock.now(), self._calendar)
        must(bool(details), f"IB lists no underlying {symbol}", REPORT_REMEDY)
        con_id = details[0].contract.con_id
        exchange = query.exchange if underlying.is_future else ""
        rows = await session.option_parameters(symbol, exchange, query.sec_type, con_id)
        keys = slices_to_ask(underlying, rows)
        must(bool(keys), f"IB lists no options on {symbol}", REPORT_REMEDY)
        parts = [f"conId {con_id}", f"answers of {', '.join(sorted({row.exchange for row in rows}))}"]
        tomorrow = f"{self._today + MIN_LIFE:%Y%m%d}"
        for root in sorted({key.root for key in keys}):
            own = [key for key in keys if key.root == root]
            days = sorted({key.last_trade for key in own})
            parts.append(f"{root}: {len(days)} expirations, {days[0]} to {days[-1]}")
            later = [key for key in own if key.last_trade > tomorrow and key.right == Right.PUT.value]
            classes += later[:1]
        return "; ".join(parts)

    async def contracts(self, symbol: str, key: SliceKey) -> str:
        """Read the contracts of one expiration of a class, and say how IB states their dates and price steps."""
        began = monotonic()
        details = await self._details(slice_query(underlying_of(symbol), key))
        seconds = monotonic() - began
        contracts = listed_contracts(key, details)
        unread = len(details) - len(contracts)
        must(bool(details), f"IB lists no contract of {key.root} on {key.last_trade}", REPORT_REMEDY)
        must(not unread, f"{unread} of {len(details)} contracts could not be read", REPORT_REMEDY)
        first = details[0]
        contract = contract_of_details(first)
        day = "unknown" if contract is None else contract.day.isoformat()
        steps = await self._price_steps(first)
        return (
            f"{len(contracts)} puts in {seconds:.1f} s; expiration {day}, IB's last trade "
            f"{first.contract.last_trade} {first.last_trade_time}, "
            f"real expiration {first.real_expiration or 'not stated'}; price steps {steps}, minTick {first.min_tick}"
        )

    async def _price_steps(self, details: ContractDetails) -> str:
        if not details.market_rule_ids:
            return "not stated"
        rule = await self._connector.data.market_rule(details.market_rule_ids[0])
        return ", ".join(f"{step} from {edge}" for edge, step in rule.steps)

    async def quotes(self) -> str:
        """Start the market data; they must be live, or frozen while the market is closed."""
        await self._connector.start_quotes()
        parts: list[str] = []
        delayed: list[str] = []
        for symbol, book in self._provider.books.items():
            quality = self._provider.quality(symbol)
            parts.append(
                f"{symbol} {'without a price' if book.spot is None or quality is None else quality.name.lower()}"
            )
            is_open = book.hours.is_open(self._connector.clock.now())
            good = {QuoteQuality.LIVE} if is_open else {QuoteQuality.LIVE, QuoteQuality.FROZEN}
            if book.spot is None or quality not in good:
                delayed.append(symbol)
        text = "; ".join([*parts, *filter(None, [self._provider.status.message])])
        must(not delayed, text, SUBSCRIPTION_REMEDY)
        return text

    async def option(self) -> str:
        """Quote puts near the money, each on a line; IB's option computation must come with the first two."""
        symbol, book = next(iter(self._provider.books.items()))
        if book.spot is None:
            raise StepSkippedError(f"{symbol} has no price")
        contracts = self._puts(symbol, book.spot)
        began = monotonic()
        self.options = tuple(self._quoted(contract) for contract in contracts)
        first = self.options[0]
        try:
            async with limited(self._timer, QUOTE_SECONDS, "no quote"):
                while not self._complete() and not any(option.error for option in self.options[:2]):
                    await self._timer.sleep(LOOK_EVERY)
        except RequestTimeoutError:
            pass  # what is missing is named below
        seconds = monotonic() - began
        if failed := next((option for option in self.options[:2] if option.error), None):
            raise StepFailedError(f"{failed.contract.symbol}: error {failed.error}", SUBSCRIPTION_REMEDY)
        quoted = self.are_quoted
        must(quoted, f"no quote of both sides came within {QUOTE_SECONDS:g} s", SUBSCRIPTION_REMEDY)
        texts = [
            f"{option.contract.symbol} {option.bid} / {option.ask} {option.ticks.quality.name.lower()}"
            for option in self.options[:2]
        ]
        greeks = first.ticks.greeks
        if greeks is None:
            raise StepFailedError(f"{'; '.join(texts)}; IB's option computation did not come", SUBSCRIPTION_REMEDY)
        return (
            f"{'; '.join(texts)}, within {seconds:.1f} s; IB computes iv {greeks.volatility:.4f}, delta "
            f"{greeks.delta:.4f}, underlying {greeks.spot:g}"
        )

    async def rotation(self, log: MessageLog) -> str:
        """Watch how lines roll over the chain: those that are held must go on, and IB must not be asked too much."""
        line_ids = {option.line.req_id for option in self.options if option.line is not None}
        opened, ticks = log.subscriptions, Counter(log.ticks)
        await self._timer.sleep(ROTATION_SECONDS)
        opened, ticks = log.subscriptions - opened, log.ticks - ticks
        rolling = sum(req_id not in line_ids for req_id in ticks)
        use = self._provider.line_use
        text = (
            f"in {ROTATION_SECONDS:g} s {opened} lines were opened and {rolling} ticked, {use.lines} at a time; of "
            f"{len(line_ids)} lines that are held {sum(req_id in line_ids for req_id in ticks)} ticked"
        )
        # Of the whole walk: what IB refuses while the chain is read is not asked for again meanwhile.
        codes = log.codes
        refused = [f"{codes[code]} times too many {words} ({code})" for code, words in TOO_MANY.items() if codes[code]]
        must(not refused, f"{text}; {', '.join(refused)}", LINES_REMEDY)
        must(bool(opened and rolling), text, SUBSCRIPTION_REMEDY)
        return text

    def last_day_options(self) -> Iterator[tuple[OptionContract, datetime]]:
        """Yield of each class that trades for its last day call and put nearest to the money, and when they settle."""
        now = self._connector.clock.now()
        for book in self._provider.books.values():
            listing, spot = book.listing, book.spot
            for expiration in listing.expirations:
                if spot is None or not timedelta(0) < expiration.settles_at - now < MIN_LIFE:
                    continue
                for right in Right:
                    span = listing.span(expiration.root, expiration.day, right)
                    if span is not None:
                        strikes = {place: float(listing.strike(place)) for place in range(*span)}
                        yield listing.contract(nearest(strikes, spot)), expiration.settles_at

    async def quote(self, contract: OptionContract) -> QuotedOption:
        """Open a line for an option, and wait for its quote.

        Raises
        ------
        StepSkippedError
            When it is not quoted.
        """
        option = self._quoted(contract)
        self._others.append(option)
        until = self._timer.now() + timedelta(seconds=QUOTE_SECONDS)
        while not option.is_quoted:
            if option.error or self._timer.now() >= until:
                raise StepSkippedError(f"{contract.symbol} is not quoted")
            await self._timer.sleep(LOOK_EVERY)
        return option

    def price(self, legs: Sequence[VenueLeg]) -> Decimal:
        """Return at which price a combo can be bought now; negative for a credit."""
        quotes = {option.contract: option for option in self.options}
        sides = [(leg.ratio, quotes[leg.contract]) for leg in legs]
        return sum((ratio * (quote.ask if ratio > 0 else quote.bid) for ratio, quote in sides), Decimal(0))

    def worth(self, legs: Sequence[VenueLeg]) -> Decimal:
        """Return what is paid for a combo now."""
        return -self.price(reversed_legs(legs))

    def close(self) -> None:
        """Give the lines back."""
        for option in (*self.options, *self._others):
            if option.line is not None:
                option.line.close()

    @property
    def are_quoted(self) -> bool:
        """Whether the puts of single orders and of combos of two legs are quoted."""
        return bool(self.options) and all(option.is_quoted for option in self.options[:2])

    def _complete(self) -> bool:
        return all(option.is_quoted and option.ticks.greeks is not None for option in self.options[:2])

    def _quoted(self, contract: OptionContract) -> QuotedOption:
        con_id = self._provider.con_id(contract)
        assert con_id is not None  # noqa: S101 - it is of the provider's listing
        option = QuotedOption(contract)
        asked = Contract(con_id=con_id, exchange=self._provider.exchange(contract.underlying))
        option.line = self._connector.data.open_line(asked, option.ticks)
        return option

    def _puts(self, symbol: str, spot: float) -> list[OptionContract]:
        listing, now = self._provider.books[symbol].listing, self._connector.clock.now()
        for expiration in listing.expirations:
            span = listing.span(expiration.root, expiration.day, Right.PUT)
            if span is None or expiration.settles_at - now < MIN_LIFE:
                continue
            places = range(*span)
            high = nearest({place: float(listing.strike(place)) for place in places}, spot)
            chosen = [high]
            for below in BELOW:
                lower = [place for place in places if float(listing.strike(place)) <= spot * (1 - below)]
                if lower and lower[-1] < chosen[-1]:
                    chosen.append(lower[-1])
            if len(chosen) > 1:
                return [listing.contract(place) for place in chosen]
        raise StepSkippedError(f"no expiration of {symbol} that lives for a day was read")

    async def _details(self, query: Contract) -> list[ContractDetails]:
        try:
            return await self._connector.data.contract_details(query)
        except RequestRefusedError as error:
            raise StepFailedError(f"IB refuses the contract details: {error}", REPORT_REMEDY) from error
        except RequestTimeoutError as error:
            raise StepFailedError(f"contract details: {error}", SLOW_REMEDY) from error

    def legs(self, count: int) -> tuple[VenueLeg, ...]:
        """Return the put that is bought, or a combo of so many puts.

        Raises
        ------
        StepSkippedError
            When not as many are quoted.
        """
        options = self.options[:count]
        if len(options) < count or not all(option.is_quoted for option in options):
            raise StepSkippedError(f"no {count} puts of one expiration are quoted")
        return tuple(
            VenueLeg(name=f"leg {number}", contract=option.contract, ratio=Decimal(ratio))
            for number, (option, ratio) in enumerate(zip(options, RATIOS[count], strict=True), 1)
        )
