"""Reads the option chain of one underlying from TWS: slice by slice, the nearest expirations first, through the cache.

TWS throttles contract details, and may hang when it is asked for a whole chain. So each request is for one class,
expiration and right, one at a time, with a time limit that grows; after it the request is repeated under a new id.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Final, TypeVar

import structlog

from mesolive.connectors.ibkr.chain_cache import CachedChain, ChainCache
from mesolive.connectors.ibkr.chain_reading import (
    SliceKey,
    future_ends_at,
    futures_that_trade,
    listed_contracts,
    listing_of,
    slice_query,
    slices_to_ask,
    underlying_query,
)
from mesolive.connectors.ibkr.contract_mapping import FUTURES_EXCHANGE, SMART
from mesolive.connectors.ibkr.pacing import Priority
from mesolive.connectors.ibkr.session import TwsSession
from mesolive.connectors.ibkr.session_errors import RequestRefusedError, RequestTimeoutError, UnreadableAnswerError
from mesolive.connectors.ibkr.tws_messages import Contract, ContractDetails, OptionParameters
from mesolive.market.calendar import ExchangeCalendar
from mesolive.market.contracts import Settlement, Underlying
from mesolive.market.listing import Listing
from mesolive.market.option_classes import option_class, unknown_classes

_log = structlog.get_logger(__name__)

T = TypeVar("T")

TIME_LIMITS: Final = (60.0, 90.0, 135.0)
"""Seconds of the attempts of one request."""
NO_SUCH_CONTRACT: Final = 200
FIRST_DAYS: Final = 3
"""Of so many expiration days the contracts are read before the provider has started."""


class ChainReader:
    """The chain of one underlying as far as it is read.

    Attributes
    ----------
    quoted
        The contract whose price is the underlying's: of a future, the nearest month. `None` until it is found.
    quoted_until
        When trading in it ends; `None` for what does not end.
    problem
        Why there is no chain, in words for the trader; empty when all is well.
    unknown
        The listed classes whose terms are not known, in words; empty for none.
    """

    def __init__(
        self, session: TwsSession, underlying: Underlying, cache: ChainCache, calendar: ExchangeCalendar
    ) -> None:
        self.underlying = underlying
        self.quoted: Contract | None = None
        self.quoted_until: datetime | None = None
        self.problem = ""
        self.unknown = ""
        self._session = session
        self._cache = cache
        self._calendar = calendar
        self._chain: CachedChain = cache.load_or_forget(underlying.symbol)
        self._keys: list[SliceKey] = []
        self._wanted: dict[tuple[str, str], int] = {}
        self._unsaved = False

    @property
    def slices(self) -> Sequence[SliceKey]:
        """What IB lists, as far as it is known."""
        return self._keys

    async def find(self, now: datetime) -> None:
        """Find the underlying, and which classes and expirations there are.

        Raises
        ------
        mesolive.connectors.ibkr.session_errors.TwsError
            When TWS gives no answer.
        """
        symbol = self.underlying.symbol
        query = underlying_query(self.underlying)
        try:
            details = await self._details(query)
        except RequestRefusedError as error:
            if error.code != NO_SUCH_CONTRACT:
                raise
            details = []
        if self.underlying.is_future:
            details = futures_that_trade(details, now, self._calendar)
        if not details:
            self.problem = f"IB lists no underlying {symbol}"
            return
        self.problem = ""
        exchange = query.exchange
        self.quoted = Contract(con_id=details[0].contract.con_id, exchange=exchange)
        self.quoted_until = future_ends_at(details[0], self._calendar) if self.underlying.is_future else None
        rows: list[OptionParameters] = []
        for item in details if self.underlying.is_future else details[:1]:
            rows += await self._parameters(query.sec_type, item.contract.con_id)
        self._keys = slices_to_ask(self.underlying, rows)
        self.unknown = unknown_classes(symbol, (row.trading_class for row in rows))
        if not self._keys:
            self.problem = f"IB lists no options on {symbol}"

    def first_keys(self, today: date) -> list[SliceKey]:
        """Return what must be read before anything can be quoted: the nearest expirations."""
        days = sorted({key.last_trade for key in self._keys})[:FIRST_DAYS]
        return [key for key in self.due(today) if key.last_trade in days]

    def due(self, today: date) -> list[SliceKey]:
        """Return what was not read today, what is wanted first, then the nearest expirations."""
        due = [key for key in self._keys if self._chain.read_on(key) != today]
        return sorted(due, key=lambda key: (self.rank(key), key))

    def rank(self, key: SliceKey) -> int:
        """Return the priority of a slice, lowest first: the time of its last request, 0 without one."""
        return -self._wanted.get((key.root, key.last_trade), 0)

    def is_read(self, key: SliceKey) -> bool:
        """Whether both rights of a slice's expiration were read, be it on an earlier day."""
        return (key.root, key.last_trade) not in self._half_read()

    def want(self, expirations: Iterable[tuple[str, date]]) -> None:
        """Read expirations (root and day) before others, and before those that were wanted earlier."""
        number = max(self._wanted.values(), default=0) + 1
        for root, day in expirations:
            days = {day}
            if option_class(root).settlement is Settlement.AM:
                days.add(self._calendar.previous_trading_day(day))  # the last trading day, which IB tells
            for last_trade in days:
                self._wanted[root, f"{last_trade:%Y%m%d}"] = number

    def outdate(self, expirations: Iterable[tuple[str, date]]) -> None:
        """Read expirations again: a contract was asked for that they lack, or one that they have is unknown to IB."""
        self.want(expirations)
        for key in self._keys:
            if (key.root, key.last_trade) in self._wanted:
                self._chain.outdate(key)

    def outdate_first(self) -> None:
        """Read the nearest expirations again: the underlying has moved, and new strikes may be listed."""
        days = sorted({key.last_trade for key in self._keys})[:FIRST_DAYS]
        for key in self._keys:
            if key.last_trade in days or (key.root, key.last_trade) in self._wanted:
                self._chain.outdate(key)

    async def read(self, key: SliceKey, today: date, priority: Priority = Priority.BULK) -> None:
        """Read the contracts of a slice; an answer that there are none counts as read.

        Raises
        ------
        mesolive.connectors.ibkr.session_errors.TwsError
            When TWS gives no answer.
        """
        try:
            details = await self._details(slice_query(self.underlying, key), priority)
        except RequestRefusedError as error:
            if error.code != NO_SUCH_CONTRACT:
                raise
            details = []
        self._chain.put(key, today, listed_contracts(key, details))
        self._unsaved = True

    async def listing(self, now: datetime) -> tuple[Listing, Sequence[int]]:
        """Return what is known to be listed, and the conIds in its order; an expiration as soon as it is read whole."""
        unread = self._half_read()
        whole = [item for key, item in self._chain.slices().items() if (key.root, key.last_trade) not in unread]

        def made() -> tuple[Listing, Sequence[int]]:
            contracts = (contract for _, contracts in whole for contract in contracts)
            return listing_of(self.underlying, contracts, now, self._calendar, unread.values())

        # Thousands of contracts: not on the loop that serves orders. What is read meanwhile is not among them.
        return await asyncio.to_thread(made)

    def _half_read(self) -> dict[tuple[str, str], SliceKey]:
        """Return expirations of which a right was never read: a strategy would choose of what is not whole."""
        return {(key.root, key.last_trade): key for key in self._keys if self._chain.read_on(key) is None}

    def save(self, today: date) -> None:
        """Keep on disk what was read; a failure is logged, and costs the next start some minutes."""
        if not self._unsaved:
            return
        self._chain.forget_expired(today)
        try:
            self._cache.save(self._chain)
        except OSError as error:
            _log.warning("contract_cache_not_saved", symbol=self.underlying.symbol, reason=error.strerror or str(error))
        else:
            self._unsaved = False

    @property
    def exchange(self) -> str:
        """Where the contracts' data are asked for."""
        return FUTURES_EXCHANGE if self.underlying.is_future else SMART

    async def _details(self, query: Contract, priority: Priority = Priority.INTERACTIVE) -> list[ContractDetails]:
        return await _repeated(
            lambda seconds: self._session.contract_details(query, priority=priority, seconds=seconds)
        )

    async def _parameters(self, sec_type: str, con_id: int) -> list[OptionParameters]:
        exchange = FUTURES_EXCHANGE if self.underlying.is_future else ""
        symbol = self.underlying.symbol
        return await _repeated(
            lambda seconds: self._session.option_parameters(symbol, exchange, sec_type, con_id, seconds=seconds)
        )


async def _repeated(ask: Callable[[float], Awaitable[list[T]]]) -> list[T]:
    """Return an answer, asked for again where it did not come or could not be read."""
    for seconds in TIME_LIMITS[:-1]:
        try:
            return await ask(seconds)
        except (RequestTimeoutError, UnreadableAnswerError) as error:
            _log.info("ibkr_request_repeated", reason=str(error))
    return await ask(TIME_LIMITS[-1])
