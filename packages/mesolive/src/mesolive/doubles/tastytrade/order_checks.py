"""Checks of orders at the double of tastytrade before they are taken: legs, symbols, ticks, open and close, margin."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from mesolive.doubles.tastytrade.desk import Desk
from mesolive.doubles.tastytrade.fees import Fees, fees_of
from mesolive.doubles.tastytrade.instruments import EQUITY, EQUITY_OPTION, FUTURE, FUTURE_OPTION, INDEX, Instrument
from mesolive.doubles.tastytrade.ledger import Ledger
from mesolive.doubles.tastytrade.margins import Effect, effect_of_order
from mesolive.doubles.tastytrade.order_request import LegBody, OrderBody, Refusal, check_form, invalid, preflight
from mesolive.doubles.tastytrade.records import ACTIONS, CLOSING, OPENING, Condition, Leg, Order, Rules
from mesolive.market.calendar import NEW_YORK
from mesolive_sdk.ticks import on_tick

MAX_LEGS: Final = 4
MAX_QUANTITY: Final = {EQUITY: 50_000, EQUITY_OPTION: 10_000, FUTURE: 2_500, FUTURE_OPTION: 2_500}
"""Per leg: the sizes of `position-limit`."""

CONDITION_ACTIONS: Final = frozenset({"route", "cancel"})


class OrderChecks:
    """Makes orders of requests, or refuses them.

    Parameters
    ----------
    desk
        The books.
    ledger
        What opening and closing is checked against.
    """

    def __init__(self, desk: Desk, ledger: Ledger) -> None:
        self._desk = desk
        self._ledger = ledger

    def order_of(self, account: str, body: OrderBody) -> Order:
        """Return the order of a request, not taken yet and without an id.

        Raises
        ------
        Refusal
            When it is malformed, or when it must not be taken.
        """
        check_form(body, legs_needed=True)
        instruments = [self._instrument(index, leg) for index, leg in enumerate(body.legs or ())]
        legs = [
            Leg(instrument.symbol, leg.instrument_type, int(leg.quantity or 0), leg.action)
            for instrument, leg in zip(instruments, body.legs or (), strict=True)
        ]
        self._check_legs(legs, instruments)
        self._check_type(body, instruments)
        self._check_ticks(body, instruments, buys_only=all(leg.sign > 0 for leg in legs))
        for leg in legs:
            self._check_effect(account, leg, strict=body.strict)
        self._check_restrictions(account, legs)
        now = self._desk.now()
        first = instruments[0]
        return Order(
            id=0,
            account=account,
            order_type=body.order_type,
            time_in_force=body.time_in_force,
            legs=legs,
            underlying=first.underlying,
            underlying_type=first.underlying_kind,
            status="Received",
            received_at=now,
            taken_at=self._desk.timer.now(),
            price=body.price,
            effect=body.price_effect,
            stop_trigger=body.stop_trigger,
            gtc_date=body.gtc_date,
            identifier=body.external_identifier,
            source=body.source,
            rules=self._rules(body),
        )

    def check_prices(self, body: OrderBody, order: Order) -> None:
        """Check the type and the price of a replacement against the legs of its order.

        Raises
        ------
        Refusal
            When they do not fit.
        """
        instruments = [self._desk.instrument(leg.symbol) for leg in order.legs]
        self._check_type(body, instruments)
        self._check_ticks(body, instruments, buys_only=all(leg.sign > 0 for leg in order.legs))

    def fees(self, order: Order) -> Fees:
        """Return the estimate of commission and fees."""
        total = Fees()
        for leg in order.legs:
            total += fees_of(self._desk.instrument(leg.symbol), leg.action, leg.quantity)
        return total

    def effect(self, order: Order, fees: Fees) -> Effect:
        """Return what an order would do to the buying power."""
        return effect_of_order(self._desk, self._desk.account(order.account), order, fees)

    def require_margin(self, effect: Effect) -> None:
        """Refuse an order whose margin the account does not have.

        Raises
        ------
        Refusal
            With the effect beside the error.
        """
        if self._desk.settings.margin_check and not effect.affordable:
            data = {"buying-power-effect": effect.as_json()}
            refusal = preflight(
                "margin_check_failed", "Account does not have sufficient buying power available for this order."
            )
            refusal.data = data
            raise refusal

    def _instrument(self, index: int, leg: LegBody) -> Instrument:
        if leg.action not in ACTIONS:
            raise invalid(f"legs[{index}][action]", "does not have a valid value")
        instrument = self._desk.instruments.find(leg.symbol)
        if instrument is None:
            raise preflight("invalid_symbol", f"The symbol {leg.symbol} is not known.")
        if instrument.kind == INDEX:
            raise preflight("instrument_not_tradable", f"{leg.symbol} is an index.")
        if instrument.kind != leg.instrument_type:
            raise invalid(f"legs[{index}][instrument-type]", f"must be {instrument.kind} for this symbol")
        if not self._desk.instruments.alive(instrument, self._desk.now()):
            raise preflight("instruments_stopped_trading", f"{leg.symbol} has stopped trading.")
        return instrument

    def _check_restrictions(self, account: str, legs: Sequence[Leg]) -> None:
        """Refuse what the trading status of the account does not allow."""
        flags = self._desk.restrictions.get(account, frozenset())
        if "is-frozen" in flags:
            raise preflight("account_frozen", "The account is frozen.")
        if "is-closing-only" in flags and any(leg.action in OPENING for leg in legs):
            raise preflight("account_closing_only", "The account can only close positions.")

    def _check_legs(self, legs: Sequence[Leg], instruments: Sequence[Instrument]) -> None:
        if len(legs) > MAX_LEGS:
            raise preflight("too_many_legs", f"An order has at most {MAX_LEGS} legs.")
        if len({leg.symbol for leg in legs}) < len(legs):
            raise preflight("duplicate_legs", "The legs of an order must have distinct symbols.")
        if len({instrument.underlying for instrument in instruments}) > 1:
            raise preflight("multiple_underlyings", "All legs of an order must have the same underlying.")
        for leg, instrument in zip(legs, instruments, strict=True):
            outright = leg.action in {"Buy", "Sell"}
            if outright != (instrument.kind == FUTURE):
                raise preflight("invalid_action", f"{leg.action} is not for {instrument.kind} legs.")
        for leg in legs:
            if leg.quantity > MAX_QUANTITY[leg.instrument_type]:
                raise preflight("order_size_exceeded", f"{leg.quantity} of {leg.symbol} are too many for one order.")
        shares = [instrument for instrument in instruments if instrument.kind in {EQUITY, FUTURE}]
        if shares and len(legs) > 2:
            raise preflight("too_many_legs", "An order with shares or a future has at most one option beside them.")

    def _check_type(self, body: OrderBody, instruments: Sequence[Instrument]) -> None:
        if body.order_type == "Notional Market":
            raise preflight("notional_not_supported", "Notional orders are for fractions of shares.")
        if body.order_type == "Market":
            if len(instruments) > 1:
                raise preflight("market_orders_single_leg", "Market orders have one leg.")
            if body.time_in_force.startswith("GTC"):
                raise Refusal(422, "gtc_market_orders_not_supported", "GTC market orders are not supported.")
        if body.order_type in {"Stop", "Stop Limit"} and len(instruments) > 1:
            raise preflight("stop_orders_single_leg", "Stop orders have one leg.")
        if (
            body.order_type == "Stop"
            and body.time_in_force != "Day"
            and instruments[0].kind in {EQUITY_OPTION, FUTURE_OPTION}
        ):
            raise preflight("tif_no_stop_market_gtc_options", "Stop market orders of options are for the day only.")

    def _check_ticks(self, body: OrderBody, instruments: Sequence[Instrument], *, buys_only: bool) -> None:
        if body.price is None:
            return
        if body.price == 0 and len(instruments) == 1:
            raise preflight("zero_price", "The price of a single leg must be greater than 0.")
        options = [instrument for instrument in instruments if instrument.option is not None]
        if len(options) < len(instruments):
            good = body.price % (Decimal("0.25") if instruments[0].kind == FUTURE else Decimal("0.01")) == 0
        else:
            good = on_tick(
                [instrument.option.root for instrument in options if instrument.option is not None], body.price
            )
        if not good:
            raise preflight("invalid_price_increment", "The price is not a multiple of the tick size.")
        if body.price_effect == "Credit" and buys_only:
            raise Refusal(422, "cant_buy_for_credit", "You cannot buy for a credit.")

    def _check_effect(self, account: str, leg: Leg, *, strict: bool) -> None:
        """Compare a closing leg with the ledger; a leg that is not strict becomes one that opens."""
        if leg.action not in CLOSING:
            return
        known = self._ledger.quantity_known(account, leg.symbol)
        closable = known if leg.action == "Sell to Close" else -known
        relabelled = not strict and (
            self._desk.faults.strike("close_relabelled", account=account, symbol=leg.symbol) is not None
        )
        if closable >= leg.quantity and not relabelled:
            return
        if strict:
            raise preflight(
                "position_effect_mismatch",
                f"{leg.action} of {leg.quantity} {leg.symbol} does not match a position of the account.",
            )
        leg.action = "Sell to Open" if leg.action == "Sell to Close" else "Buy to Open"

    def _rules(self, body: OrderBody) -> Rules | None:
        if body.rules is None:
            return None
        conditions: list[Condition] = []
        for index, condition in enumerate(body.rules.conditions):
            if condition.action not in CONDITION_ACTIONS or condition.comparator not in {"gte", "lte"}:
                raise invalid(f"rules[conditions][{index}]", "does not have a valid value")
            if not condition.threshold.is_finite():
                raise invalid(f"rules[conditions][{index}][threshold]", "is not a valid number")
            if condition.indicator not in {"last", "nat"}:
                raise invalid(f"rules[conditions][{index}][indicator]", "does not have a valid value")
            if self._desk.instruments.find(condition.symbol) is None:
                raise preflight("invalid_symbol", f"The symbol {condition.symbol} is not known.")
            conditions.append(
                Condition(
                    0,
                    condition.action,
                    condition.symbol,
                    condition.instrument_type,
                    condition.indicator,
                    condition.comparator,
                    condition.threshold,
                )
            )
        return Rules(conditions, _aware(body.rules.route_after), _aware(body.rules.cancel_at))


def _aware(value: datetime | None) -> datetime | None:
    return value if value is None or value.tzinfo is not None else value.replace(tzinfo=NEW_YORK)
