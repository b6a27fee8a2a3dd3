"""Messages of TWS about orders: openOrder, completedOrder, orderStatus, execDetails and commissionReport."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal
from typing import Final

from mesolive.doubles.tws.contract_messages import GatewayZone, last_trade_day
from mesolive.doubles.tws.instruments import BAG_CON_ID, Instrument
from mesolive.doubles.tws.records import Commission, Execution, Order, OrderStatus
from mesolive.doubles.tws.wire import UNSET_DOUBLE, UNSET_INTEGER, Field, Message
from mesolive.market.calendar import ExchangeCalendar

MARGIN_NAMES: Final = (
    "initMarginBefore",
    "maintMarginBefore",
    "equityWithLoanBefore",
    "initMarginChange",
    "maintMarginChange",
    "equityWithLoanChange",
    "initMarginAfter",
    "maintMarginAfter",
    "equityWithLoanAfter",
)


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What a margin preview says, by the names of the protocol; an empty preview has none of them."""

    margins: dict[str, Decimal]
    commission: Decimal | None = None
    min_commission: Decimal | None = None
    max_commission: Decimal | None = None
    warning: str = ""


class TimeForm(enum.Enum):
    """How times of executions are written."""

    LOCAL = "local"
    """In the gateway's time zone, with its name."""
    WITHOUT_ZONE = "without zone"
    UTC = "utc"


@dataclass(frozen=True, slots=True)
class Writing:
    """What the text of a message depends on beside its subject.

    Attributes
    ----------
    version
        The server version that was agreed on with the client.
    """

    sessions: ExchangeCalendar
    zone: GatewayZone
    version: int
    times: TimeForm = TimeForm.LOCAL


def order_status(order: Order, client_id: int, order_id: int) -> Message:
    """Return an order's status; the ids are those that the receiving client knows it by."""
    return (
        3,
        order_id,
        order.status.value,
        order.filled,
        order.remaining,
        order.average_price,
        order.perm_id,
        order.parent_id,
        order.last_fill_price,
        client_id,
        order.why_held,
        0.0,
    )


def open_order(
    order: Order, instrument: Instrument | None, order_id: int, writing: Writing, what_if: WhatIf | None = None
) -> Message:
    """Return the whole of an order with its state, or the preview of its margin.

    Parameters
    ----------
    instrument
        Its contract; `None` for a combo.
    order_id
        By which the receiving client knows it.
    """
    echo = order.echoed.get
    fields: list[Field] = [5, order_id, *_contract(order, instrument, writing)]
    fields += _head(order)
    fields += [order.client_id, order.perm_id, order.outside_rth, echo("hidden", "0"), echo("discretionaryAmt", "0")]
    fields += [echo("goodAfterTime", ""), "", echo("faGroup"), echo("faMethod"), echo("faPercentage")]
    if writing.version < 177:
        fields.append(echo("faProfile"))
    fields += [echo("modelCode"), order.good_till_date, echo("rule80A"), echo("percentOffset"), echo("settlingFirm")]
    fields += [echo("shortSaleSlot", "0"), echo("designatedLocation"), echo("exemptCode", "-1"), 0]
    fields += [echo("startingPrice"), echo("stockRefPrice"), echo("delta")]
    fields += [echo("stockRangeLower"), echo("stockRangeUpper"), echo("displaySize"), echo("blockOrder", "0")]
    fields += [echo("sweepToFill", "0"), order.all_or_none, echo("minQty"), echo("ocaType", "3"), 0, 0, ""]
    fields += [order.parent_id, echo("triggerMethod", "0"), echo("volatility"), echo("volatilityType", "0")]
    # TWS writes the word None for no delta-neutral order, and then the eight fields of one.
    fields += ["None", "", 0, "", "", "", "?", 0, 0, ""]
    fields += [echo("continuousUpdate", "0"), echo("referencePriceType", "0"), echo("trailStopPrice")]
    fields += [echo("trailingPercent"), "", "", _legs_description(order)]
    fields += _combo(order)
    fields += [echo("scaleInitLevelSize"), echo("scaleSubsLevelSize"), ""]
    fields += _hedge(order)
    fields += [echo("optOutSmartRouting", "0"), echo("clearingAccount"), echo("clearingIntent") or "IB"]
    fields += [echo("notHeld", "0"), 0, ""]
    fields += [echo("solicited", "0"), what_if is not None, order.status.value, *_margins(what_if)]
    fields += [echo("randomizeSize", "0"), echo("randomizePrice", "0"), 0]
    fields += ["None", UNSET_DOUBLE, echo("trailStopPrice") or UNSET_DOUBLE, UNSET_DOUBLE, UNSET_DOUBLE, UNSET_DOUBLE]
    fields += [UNSET_DOUBLE, 0, "", "", "", echo("cashQty"), 0, 0, 0, echo("usePriceMgmtAlgo") or "0"]
    if writing.version >= 159:
        fields.append(echo("duration") or UNSET_INTEGER)
    if writing.version >= 160:
        fields.append(echo("postToAts") or UNSET_INTEGER)
    if writing.version >= 162:
        fields.append(echo("autoCancelParent", "0"))
    if writing.version >= 170:
        fields += ["", "", "", "", ""]
    return fields


def completed_order(order: Order, instrument: Instrument | None, writing: Writing) -> Message:
    """Return an order that has ended today. A filled combo has a total quantity of 0."""
    echo = order.echoed.get
    filled = order.status is OrderStatus.FILLED
    fields: list[Field] = [101, *_contract(order, instrument, writing)]
    fields += _head(order, quantity=Decimal(0) if filled and order.is_combo else order.quantity)
    fields += [order.perm_id, order.outside_rth, echo("hidden", "0"), echo("discretionaryAmt", "0"), ""]
    fields += [echo("faGroup"), echo("faMethod"), echo("faPercentage")]
    if writing.version < 177:
        fields.append(echo("faProfile"))
    fields += [echo("modelCode"), order.good_till_date, echo("rule80A"), echo("percentOffset"), echo("settlingFirm")]
    fields += [echo("shortSaleSlot", "0"), echo("designatedLocation"), echo("exemptCode", "-1")]
    fields += [echo("startingPrice"), echo("stockRefPrice"), echo("delta"), echo("stockRangeLower")]
    fields += [echo("stockRangeUpper"), echo("displaySize"), echo("sweepToFill", "0"), order.all_or_none]
    fields += [echo("minQty"), echo("ocaType", "3"), echo("triggerMethod", "0"), echo("volatility")]
    fields += [echo("volatilityType", "0"), "None", "", 0, 0, 0, ""]
    fields += [echo("continuousUpdate", "0"), echo("referencePriceType", "0"), echo("trailStopPrice")]
    fields += [echo("trailingPercent"), _legs_description(order)]
    fields += _combo(order)
    fields += [echo("scaleInitLevelSize"), echo("scaleSubsLevelSize"), ""]
    fields += _hedge(order)
    fields += [echo("clearingAccount"), echo("clearingIntent") or "IB", echo("notHeld", "0"), 0, ""]
    fields += [echo("solicited", "0"), order.status.value, echo("randomizeSize", "0"), echo("randomizePrice", "0"), 0]
    ended = order.ended_at
    time = "" if ended is None else f"{ended.astimezone(writing.zone.zone):%Y%m%d %H:%M:%S} {writing.zone.name}"
    text = f"Filled Size: {order.filled}" if filled else (order.end_reason or "Cancelled by Trader")
    fields += [UNSET_DOUBLE, UNSET_DOUBLE, echo("cashQty"), 0, 0, "", order.filled, 0, 0]
    fields += ["Not an insider or substantial shareholder", 0, 0, 0, time, text]
    if writing.version >= 170:
        fields += ["", "", "", "", ""]
    return fields


def exec_details(
    req_id: int, execution: Execution, instrument: Instrument | None, order_id: int, writing: Writing
) -> Message:
    """Return one execution; `req_id` is -1 when it was not requested.

    Parameters
    ----------
    instrument
        Its contract; `None` for the report of a combo.
    """
    fields: list[Field] = [11, req_id, order_id]
    if instrument is None:
        fields += [execution.con_id, execution.symbol, "BAG", "", 0.0, "", "", execution.exchange, "USD"]
        fields += [f"{BAG_CON_ID}", "COMB"]
    else:
        fields += [instrument.con_id, instrument.symbol, instrument.sec_type]
        fields += [last_trade_day(instrument, writing.sessions, writing.zone), float(instrument.strike)]
        fields += [instrument.right, instrument.multiplier, execution.exchange, instrument.currency]
        fields += [instrument.local_symbol, instrument.trading_class]
    fields += [execution.exec_id, _time(execution, writing), execution.account]
    fields += [execution.exchange, execution.side, execution.shares, execution.price, execution.perm_id]
    fields += [execution.client_id, execution.liquidation, execution.cumulative, execution.average]
    fields += [execution.order_ref, "", "", "", 2]
    if writing.version >= 178:
        fields.append(0)
    return fields


def commission_report(report: Commission, *, unset: bool = False) -> Message:
    """Return what an execution cost; `unset` writes the protocol's unset number in its place."""
    return (
        59,
        1,
        report.exec_id,
        UNSET_DOUBLE if unset else report.commission,
        report.currency,
        UNSET_DOUBLE if report.realized is None else report.realized,
        UNSET_DOUBLE,
        "",
    )


def utc_text(execution: Execution) -> str:
    """Return the time of an execution in the UTC form of the protocol."""
    return f"{execution.at.astimezone(UTC):%Y%m%d-%H:%M:%S}"


def _time(execution: Execution, writing: Writing) -> str:
    if writing.times is TimeForm.UTC:
        return utc_text(execution)
    local = local_text(execution, writing.zone)
    return local if writing.times is TimeForm.WITHOUT_ZONE else f"{local} {writing.zone.name}"


def local_text(execution: Execution, zone: GatewayZone) -> str:
    """Return the time of an execution in the gateway's time zone, without the name of the zone."""
    return f"{execution.at.astimezone(zone.zone):%Y%m%d %H:%M:%S}"


def _contract(order: Order, instrument: Instrument | None, writing: Writing) -> Iterator[Field]:
    if instrument is None:
        yield from (BAG_CON_ID, order.symbol, "BAG", "", 0.0, "?", "", order.exchange, "USD", f"{BAG_CON_ID}", "COMB")
        return
    yield from (instrument.con_id, instrument.symbol, instrument.sec_type)
    yield last_trade_day(instrument, writing.sessions, writing.zone)
    yield from (float(instrument.strike), instrument.right or "?", instrument.multiplier)
    yield from (order.exchange, instrument.currency, instrument.local_symbol, instrument.trading_class)


def _head(order: Order, quantity: Decimal | None = None) -> Iterator[Field]:
    yield from (order.action, order.quantity if quantity is None else quantity, order.order_type)
    yield from (_price(order.limit_price), _price(order.aux_price), order.tif, order.oca_group, order.account)
    yield from (order.echoed.get("openClose", ""), order.echoed.get("origin", "0"), order.order_ref)


def _price(price: Decimal | None) -> str:
    return "0.0" if price is None else f"{float(price)}"


def _legs_description(order: Order) -> str:
    return ",".join(f"{leg.con_id}|{leg.ratio * leg.sign}" for leg in order.legs)


def _combo(order: Order) -> Iterator[Field]:
    yield len(order.legs)
    for leg in order.legs:
        yield from (leg.con_id, leg.ratio, leg.action, leg.exchange, leg.open_close, leg.short_sale_slot)
        yield from (leg.designated_location, leg.exempt_code)
    yield len(order.leg_prices)
    yield from order.leg_prices
    yield len(order.routing)
    for tag, value in order.routing:
        yield from (tag, value)


def _hedge(order: Order) -> Iterator[Field]:
    kind = order.echoed.get("hedgeType", "")
    yield kind
    if kind:
        yield order.echoed.get("hedgeParam", "")


def _margins(what_if: WhatIf | None) -> Iterator[Field]:
    """Yield margins and commissions; the protocol's unset number stands where there is none."""
    for name in MARGIN_NAMES:
        value = None if what_if is None else what_if.margins.get(name)
        yield UNSET_DOUBLE if value is None else value
    if what_if is None:
        yield from (UNSET_DOUBLE, UNSET_DOUBLE, UNSET_DOUBLE, "", "")
        return
    for cost in (what_if.commission, what_if.min_commission, what_if.max_commission):
        yield UNSET_DOUBLE if cost is None else cost
    yield from ("USD", what_if.warning)
