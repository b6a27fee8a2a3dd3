"""Typed rows from the client library's objects: contracts, details, orders, margins."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, TypeAlias

from mesolive.connectors.ibkr.tws_messages import (
    AccountValue,
    ComboLeg,
    Contract,
    ContractDetails,
    Margins,
    OrderRow,
    decimal_of,
    stated,
)

Raw: TypeAlias = Any
"""An object of the client library, whose annotations are partial."""


def contract_of(raw: Raw) -> Contract:
    """Return a contract."""
    return Contract(
        con_id=int(raw.conId),
        symbol=str(raw.symbol),
        sec_type=str(raw.secType),
        last_trade=str(raw.lastTradeDateOrContractMonth),
        strike=decimal_of(float(raw.strike or 0)),
        right=str(raw.right),
        multiplier=str(raw.multiplier),
        exchange=str(raw.exchange),
        primary_exchange=str(raw.primaryExchange),
        currency=str(raw.currency),
        local_symbol=str(raw.localSymbol),
        trading_class=str(raw.tradingClass),
    )


def contract_details_of(raw: Raw) -> ContractDetails:
    """Return the details of a contract."""
    return ContractDetails(
        contract=contract_of(raw.contract),
        min_tick=decimal_of(float(raw.minTick or 0)),
        valid_exchanges=_texts(raw.validExchanges),
        market_rule_ids=tuple(int(text) for text in _texts(raw.marketRuleIds)),
        order_types=_texts(raw.orderTypes),
        under_con_id=int(raw.underConId or 0),
        under_symbol=str(raw.underSymbol),
        long_name=str(raw.longName),
        contract_month=str(raw.contractMonth),
        real_expiration=str(raw.realExpirationDate),
        last_trade_time=str(raw.lastTradeTime),
        time_zone=str(raw.timeZoneId),
        trading_hours=str(raw.tradingHours),
        liquid_hours=str(raw.liquidHours),
    )


def combo_legs_of(raw: Raw) -> tuple[ComboLeg, ...]:
    """Return the legs of a combo; empty for a single contract."""
    return tuple(
        ComboLeg(con_id=int(leg.conId), ratio=int(leg.ratio), action=str(leg.action), exchange=str(leg.exchange))
        for leg in raw.comboLegs or ()
    )


def order_row_of(contract: Raw, order: Raw, state: Raw, order_id: int, margins: Margins | None) -> OrderRow:
    """Return an order of a list, or as it was reported."""
    filled = stated(_as_number(order.filledQuantity))
    return OrderRow(
        contract=contract_of(contract),
        legs=combo_legs_of(contract),
        order_id=order_id,
        client_id=int(order.clientId or 0),
        perm_id=int(order.permId or 0),
        order_ref=str(order.orderRef),
        account=str(order.account),
        action=str(order.action),
        quantity=decimal_of(float(order.totalQuantity or 0)),
        order_type=str(order.orderType),
        time_in_force=str(order.tif),
        limit_price=stated(_as_number(order.lmtPrice)),
        stop_price=stated(_as_number(order.auxPrice)),
        status=str(state.status),
        filled=filled,
        completed_status=str(state.completedStatus),
        completed_time=str(state.completedTime),
        margins=margins,
    )


def margins_of(state: Raw) -> Margins:
    """Return what a preview of an order says."""
    return Margins(
        initial_change=_figure(state.initMarginChange),
        maintenance_change=_figure(state.maintMarginChange),
        initial_after=_figure(state.initMarginAfter),
        maintenance_after=_figure(state.maintMarginAfter),
        equity_after=_figure(state.equityWithLoanAfter),
        commission=_figure(state.commission),
        warning=str(state.warningText),
    )


def account_value(account: str, tag: str, value: str, currency: str) -> AccountValue:
    """Return a figure of an account."""
    return AccountValue(account, tag, value, currency)


def _texts(raw: Raw) -> tuple[str, ...]:
    return tuple(part for part in str(raw).split(",") if part)


def _as_number(raw: Raw) -> float | str:
    return "" if raw is None else float(raw)


def _figure(raw: Raw) -> Decimal | None:
    """Return a figure of a preview: a text or a number, which may be empty or the number for `not known`."""
    text = str(raw).strip()
    try:
        return stated(text) if text else None
    except ValueError:
        return None
