"""Bodies of order requests to the double of tastytrade, read and checked for their form."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Final

import msgspec

ORDER_TYPES: Final = frozenset({"Limit", "Market", "Marketable Limit", "Stop", "Stop Limit", "Notional Market"})
TIMES_IN_FORCE: Final = frozenset({"Day", "GTC", "GTD", "Ext", "GTC Ext", "Ext Overnight", "GTC Ext Overnight", "IOC"})

MAX_PRICE: Final = Decimal(1_000_000_000)


class Reason(msgspec.Struct, frozen=True, omit_defaults=True):
    """One entry of the `errors` of a refusal: a field with what is wrong with it, or a code with a message."""

    domain: str | None = None
    reason: str | None = None
    code: str | None = None
    message: str | None = None


class Refusal(Exception):  # noqa: N818 - an answer, not a failure
    """A request that is refused.

    Parameters
    ----------
    status
        Of HTTP.
    code, message
        Of the error.
    errors
        Its entries.
    data
        What is answered beside the error: the effect of an order on the buying power.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        errors: list[Reason] | None = None,
        data: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.errors = errors or []
        self.data = data


def invalid(field: str, reason: str) -> Refusal:
    """Return the refusal of a malformed request."""
    return Refusal(400, "validation_error", "Request validation failed", [Reason(domain=field, reason=reason)])


def preflight(code: str, message: str) -> Refusal:
    """Return the refusal of an order by a check before it is taken."""
    reasons = [Reason(code=code, message=message)]
    return Refusal(422, "preflight_check_failure", "One or more preflight checks failed", reasons)


class LegBody(msgspec.Struct, rename="kebab"):
    """A leg of a request."""

    instrument_type: str
    symbol: str
    action: str
    quantity: Decimal | None = None


class ConditionBody(msgspec.Struct, rename="kebab"):
    """A condition of a request."""

    action: str
    symbol: str
    instrument_type: str
    indicator: str
    comparator: str
    threshold: Decimal


class RulesBody(msgspec.Struct, rename="kebab"):
    """The rules of a request."""

    conditions: list[ConditionBody] = []
    route_after: datetime | None = None
    cancel_at: datetime | None = None


class InstructionsBody(msgspec.Struct, rename="kebab"):
    """The advanced instructions of a request."""

    strict_position_effect_validation: bool = False


class OrderBody(msgspec.Struct, rename="kebab", kw_only=True):
    """An order request; fields that are not known are ignored."""

    order_type: str
    time_in_force: str = "Day"
    legs: list[LegBody] | None = None
    price: Decimal | None = None
    price_effect: str | None = None
    stop_trigger: Decimal | None = None
    gtc_date: date | None = None
    external_identifier: str | None = None
    source: str | None = None
    rules: RulesBody | None = None
    advanced_instructions: InstructionsBody | None = None

    @property
    def strict(self) -> bool:
        """Whether an order must not be taken with another position effect than it names."""
        return self.advanced_instructions is not None and (self.advanced_instructions.strict_position_effect_validation)


class PriceBody(msgspec.Struct, rename="kebab"):
    """The body of a PATCH: what it names is changed."""

    order_type: str | None = None
    time_in_force: str | None = None
    price: Decimal | None = None
    price_effect: str | None = None
    stop_trigger: Decimal | None = None
    external_identifier: str | None = None


class ComplexBody(msgspec.Struct, rename="kebab"):
    """A request for a complex order."""

    type: str
    orders: list[OrderBody]
    trigger_order: OrderBody | None = None


def check_form(body: OrderBody, *, legs_needed: bool) -> None:
    """Check the fields of a request by themselves.

    Raises
    ------
    Refusal
        When a field is missing, or out of its range.
    """
    if body.order_type not in ORDER_TYPES:
        raise invalid("order-type", "does not have a valid value")
    if body.time_in_force not in TIMES_IN_FORCE:
        raise invalid("time-in-force", "does not have a valid value")
    if legs_needed and not body.legs:
        raise invalid("legs", "is missing")
    for name, number in (("price", body.price), ("stop-trigger", body.stop_trigger)):
        if number is not None and not (number.is_finite() and abs(number) < MAX_PRICE):
            raise invalid(name, "is not a valid number")
    for index, leg in enumerate(body.legs or ()):
        if (
            leg.quantity is None
            or not leg.quantity.is_finite()
            or leg.quantity <= 0
            or leg.quantity != leg.quantity.to_integral_value()
        ):
            raise invalid(f"legs[{index}][quantity]", "must be a whole number greater than 0")
    if body.price is not None and body.price < 0:
        raise invalid("price", "must be greater than or equal to 0")
    if body.price_effect not in {None, "Debit", "Credit", "None"}:
        raise invalid("price-effect", "does not have a valid value")
    _check_prices(body)
    if body.time_in_force == "GTD" and body.gtc_date is None:
        raise invalid("gtc-date", "is missing")


def _check_prices(body: OrderBody) -> None:
    if body.order_type in {"Limit", "Stop Limit"}:
        if body.price is None:
            raise invalid("price", "is missing")
        if body.price_effect is None:
            raise invalid("price-effect", "is missing")
    elif body.price is not None:
        raise Refusal(422, "order_must_omit_price", f"{body.order_type} orders must omit the price.")
    if body.order_type in {"Stop", "Stop Limit"}:
        if body.stop_trigger is None or body.stop_trigger <= 0:
            raise invalid("stop-trigger", "is missing")
    elif body.stop_trigger is not None:
        raise invalid("stop-trigger", "is only for Stop and Stop Limit orders")
