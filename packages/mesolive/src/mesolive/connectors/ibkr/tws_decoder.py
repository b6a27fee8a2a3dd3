"""Decoder of TWS' messages: the client library's, with errors that reach the session and times that are always read."""

from __future__ import annotations

import dataclasses
import importlib
import types
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mesolive.connectors.ibkr.listeners import Record
from mesolive.connectors.ibkr.tws_events import TwsEvents
from mesolive.connectors.ibkr.tws_messages import (
    CommissionRow,
    Contract,
    ExecutionRow,
    MarketRule,
    OptionParameters,
    OrderState,
    PositionRow,
    decimal_of,
    stated,
)
from mesolive.connectors.ibkr.tws_rows import (
    Raw,
    account_value,
    contract_details_of,
    contract_of,
    margins_of,
    order_row_of,
)

_decoder: Raw = importlib.import_module("ib_async.decoder")

EXECUTION: Final = 11
TICK_PRICE: Final = 1


class _Wrapper:
    """What the library's client and decoder call; it passes on typed values."""

    def __init__(self, events: TwsEvents) -> None:
        self._events = events
        self.defaultTimezone = UTC
        self.ib = types.SimpleNamespace(TimezoneTWS="UTC")
        # Messages whose arguments are plain numbers and texts go straight to the events.
        self.managedAccounts = events.managed_accounts
        self.connectionClosed = events.connection_closed
        self.currentTime = events.current_time
        self.contractDetailsEnd = events.request_ended
        self.securityDefinitionOptionParameterEnd = events.request_ended
        self.execDetailsEnd = events.request_ended
        self.accountSummaryEnd = events.request_ended
        self.tickSnapshotEnd = events.request_ended
        self.openOrderEnd = events.open_orders_ended
        self.completedOrdersEnd = events.completed_orders_ended
        self.positionEnd = events.positions_ended
        self.tickSize = events.tick_size
        self.tickGeneric = events.tick_generic
        self.tickString = events.tick_string
        self.marketDataType = events.data_type

    def error(self, req_id: int, code: int, text: str, _reject: str = "") -> None:
        self._events.error(req_id, code, text)

    def setEventsDone(self) -> None:  # noqa: N802 - the library's name
        """Do nothing: there are no events of the library's own."""

    def connectAck(self) -> None:  # noqa: N802 - the library's name
        """Do nothing: the session waits for the end of the handshake."""

    def contractDetails(self, req_id: int, details: Raw) -> None:  # noqa: N802 - the library's name
        self._events.contract_details(req_id, contract_details_of(details))

    def securityDefinitionOptionParameter(  # noqa: N802 - the library's name
        self,
        req_id: int,
        exchange: str,
        under_con_id: str,
        trading_class: str,
        multiplier: str,
        expirations: Sequence[str],
        strikes: Sequence[float],
    ) -> None:
        row = OptionParameters(
            exchange=exchange,
            under_con_id=int(under_con_id or 0),
            trading_class=trading_class,
            multiplier=multiplier,
            expirations=tuple(expirations),
            strikes=tuple(decimal_of(strike) for strike in strikes),
        )
        self._events.option_parameters(req_id, row)

    def marketRule(self, rule_id: int, steps: Sequence[Raw]) -> None:  # noqa: N802 - the library's name
        pairs = tuple((decimal_of(float(step.lowEdge)), decimal_of(float(step.increment))) for step in steps)
        self._events.market_rule(MarketRule(rule_id, pairs))

    def openOrder(self, order_id: int, contract: Raw, order: Raw, state: Raw) -> None:  # noqa: N802 - the library's name
        row = order_row_of(contract, order, state, order_id, margins_of(state) if order.whatIf else None)
        self._events.open_order(row)

    def completedOrder(self, contract: Raw, order: Raw, state: Raw) -> None:  # noqa: N802 - the library's name
        self._events.completed_order(order_row_of(contract, order, state, 0, None))

    def orderStatus(  # noqa: N802 - the library's name
        self,
        order_id: int,
        status: str,
        filled: float,
        remaining: float,
        average_price: float,
        perm_id: int,
        _parent_id: int,
        _last_price: float,
        client_id: int,
        why_held: str,
        _cap: float = 0.0,
    ) -> None:
        self._events.order_state(
            OrderState(
                order_id=order_id,
                client_id=client_id,
                perm_id=perm_id,
                status=status,
                filled=decimal_of(filled),
                remaining=decimal_of(remaining),
                average_price=decimal_of(average_price),
                why_held=why_held,
            )
        )

    def commissionReport(self, report: Raw) -> None:  # noqa: N802 - the library's name
        commission = stated(float(report.commission))
        if commission is not None and commission < 0:
            commission = None  # -1 is how some versions write what is not known yet
        self._events.commission(CommissionRow(str(report.execId), commission, str(report.currency)))

    def position(self, account: str, contract: Raw, quantity: float, cost: float) -> None:
        self._events.position(PositionRow(account, contract_of(contract), decimal_of(quantity), decimal_of(cost)))

    def accountSummary(self, req_id: int, account: str, tag: str, value: str, currency: str) -> None:  # noqa: N802 - the library's name
        self._events.account_value(req_id, account_value(account, tag, value, currency))

    def priceSizeTick(self, req_id: int, tick_type: int, price: float, size: float) -> None:  # noqa: N802 - the library's name
        self._events.tick_price(req_id, tick_type, price, size)

    def tickOptionComputation(self, req_id: int, tick_type: int, _attribute: int, *values: float) -> None:  # noqa: N802 - the library's name
        self._events.tick_computation(req_id, tick_type, values)

    def tickReqParams(self, req_id: int, min_tick: float, _exchange: str, _permissions: int) -> None:  # noqa: N802 - the library's name
        self._events.tick_parameters(req_id, min_tick)


class StrictDecoder(_decoder.Decoder):  # pyright: ignore[reportUntypedBaseClass] - the library's class, of any type here
    """The library's decoder, whose errors reach the session, and that reads the times of executions itself.

    The library logs an error of a message, or of what is called with it, and goes on: a fact is lost then. It also
    loses an execution whole when its time zone is unknown, and drops prices of zero, which are bids of worthless
    options.
    """

    def __init__(self, events: TwsEvents, zone: str, record: Record | None = None) -> None:
        super().__init__(_Wrapper(events), 0)  # pyright: ignore[reportUnknownMemberType] - as above
        self._events = events
        self._zone = zone
        self._record = record
        self.handlers[EXECUTION] = self._execution
        self.handlers[TICK_PRICE] = self._tick_price

    def wrap(self, methodName: str, types: Sequence[type], skip: int = 2) -> Callable[[Sequence[str]], None]:  # noqa: N803 - the library's name
        """Return a reader of a simple message, as the library's, but without its `except`."""
        readers = [_READERS[kind] for kind in types]

        def handler(fields: Sequence[str]) -> None:
            method = getattr(self.wrapper, methodName, None)
            if method is not None:
                method(*(read(field) for read, field in zip(readers, fields[skip:], strict=False)))

        return handler

    def parse(self, obj: Raw) -> None:
        """Read the fields of an object by their types, as the library's; which they are is looked up once."""
        for name, kind, default in _parsed_fields(obj.__class__):
            text = getattr(obj, name)
            setattr(obj, name, (bool(int(text)) if kind is bool else kind(text)) if text else default)

    def interpret(self, fields: list[str]) -> None:
        """Read one message and report it."""
        if self._record is not None:
            self._record(True, fields)
        try:
            handler = self.handlers.get(int(fields[0]))
            if handler is not None:  # messages that the library does not know belong to requests that are never made
                handler(fields)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a message, the session must know of it
            self._events.unreadable(fields[0] if fields else "", error)

    def _tick_price(self, fields: Sequence[str]) -> None:
        _, _, req_id, tick_type, price, size, _ = fields
        self._events.tick_price(int(req_id), int(tick_type), float(price or 0), float(size or 0))

    def _execution(self, fields: Sequence[str]) -> None:
        (
            req_id,
            order_id,
            con_id,
            symbol,
            sec_type,
            last_trade,
            strike,
            right,
            multiplier,
            exchange,
            currency,
            local_symbol,
            trading_class,
            exec_id,
            time,
            account,
            _exchange,
            side,
            shares,
            price,
            perm_id,
            client_id,
            liquidation,
            _cumulative,
            _average,
            order_ref,
        ) = fields[1:27]
        contract = Contract(
            con_id=int(con_id or 0),
            symbol=symbol,
            sec_type=sec_type,
            last_trade=last_trade,
            strike=decimal_of(float(strike or 0)),
            right=right,
            multiplier=multiplier,
            exchange=exchange,
            currency=currency,
            local_symbol=local_symbol,
            trading_class=trading_class,
        )
        row = ExecutionRow(
            req_id=int(req_id),
            exec_id=exec_id,
            order_id=int(order_id or 0),
            client_id=int(client_id or 0),
            perm_id=int(perm_id or 0),
            order_ref=order_ref,
            account=account,
            contract=contract,
            side=side,
            shares=decimal_of(float(shares)),
            price=decimal_of(float(price)),
            at=execution_time(time, self._zone) or self._events.now(),
            liquidation=liquidation not in {"", "0"},
        )
        self._events.execution(row)


@lru_cache
def _parsed_fields(kind: type) -> Sequence[tuple[str, Callable[[Raw], Raw], Raw]]:
    """Return the names of the fields that are not text, their types and defaults."""
    decoders: list[tuple[str, Callable[[Raw], Raw], Raw]] = []
    for field in cast("Sequence[Raw]", dataclasses.fields(kind)):
        default: object = field.default
        for read in (bool, int, float):  # a flag is a whole number, too
            if isinstance(default, read):
                decoders.append((str(field.name), read, default))
                break
    return decoders


def _whole(field: str) -> int:
    return int(field or 0)


def _number(field: str) -> float:
    return float(field or 0)


def _flag(field: str) -> bool:
    return bool(int(field or 0))


_READERS: Final[dict[type, Callable[[str], Raw]]] = {str: str, int: _whole, float: _number, bool: _flag}


def execution_time(text: str, zone: str) -> datetime | None:
    """Return the moment of an execution in UTC, to the second.

    Parameters
    ----------
    text
        `20261130 09:30:01 US/Eastern`, without a zone, or as `20261130-14:30:01` in UTC.
    zone
        IANA name of the zone that TWS is logged in with, for a text without one.

    Returns
    -------
    moment
        `None` where the zone is none that the zone database knows, such as `Central European Standard Time`.
    """
    if "-" in text[:9]:
        return datetime.strptime(text[:17], "%Y%m%d-%H:%M:%S").replace(tzinfo=UTC)
    day, _, rest = text.partition(" ")
    clock, _, name = rest.strip().partition(" ")
    try:
        local = ZoneInfo(name.strip() or zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
    moment = datetime.strptime(f"{day} {clock}", "%Y%m%d %H:%M:%S").replace(tzinfo=local)
    return moment.astimezone(UTC)
