"""Orders of tastytrade: requests, and the answers of submit, replace, cancel, search and dry run.

All fields of answers may be missing but the id of an order; unknown fields are ignored, and texts such as statuses are
kept as they came.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import msgspec

from mesolive.tastytrade_client.values import Moment, moment, signed

EQUITY_OPTION: Final = "Equity Option"
FUTURE_OPTION: Final = "Future Option"
OPTIONS: Final = frozenset({EQUITY_OPTION, FUTURE_OPTION})
"""Instrument types of options."""
"""Options on stocks, funds and indexes."""

ENDED: Final = frozenset({"filled", "cancelled", "canceled", "expired", "rejected", "removed", "partially removed"})
"""Statuses in which an order is worked no more. A status that is not known counts as working."""


class FromServer(msgspec.Struct, frozen=True, kw_only=True, rename="kebab"):
    """Base of all answers: keys have hyphens, unknown keys are ignored."""


class Fill(FromServer, frozen=True):
    """A fill of one leg. It says nothing of the fills of the other legs."""

    fill_id: str | int
    quantity: Decimal
    fill_price: Decimal | None = None
    filled_at: Moment = None
    destination_venue: str | None = None
    ext_group_fill_id: str | int | None = None
    ext_exec_id: str | int | None = None

    @property
    def id(self) -> str:
        """The id of the fill as text; it is unique within the order's leg."""
        return str(self.fill_id)

    @property
    def at(self) -> datetime | None:
        """When it was filled."""
        return moment(self.filled_at)


class OrderLeg(FromServer, frozen=True):
    """One leg of an order; quantities are unsigned."""

    instrument_type: str = ""
    symbol: str = ""
    quantity: Decimal = Decimal(0)
    remaining_quantity: Decimal | None = None
    action: str = ""
    fills: tuple[Fill, ...] | None = None

    @property
    def sign(self) -> int:
        """1 where contracts are bought, -1 where they are sold."""
        return -1 if self.action.lower().startswith("sell") else 1

    @property
    def filled(self) -> Decimal:
        """Contracts filled so far: the sum of the fills, for the remaining quantity is wrong after a cancel."""
        return sum((fill.quantity for fill in self.fills or ()), Decimal(0))


class Order(FromServer, frozen=True):
    """An order as the server shows it."""

    id: int | str
    account_number: str = ""
    status: str = ""
    contingent_status: str | None = None
    order_type: str = ""
    time_in_force: str = ""
    size: Decimal | None = None
    price: Decimal | None = None
    price_effect: str | None = None
    stop_trigger: Decimal | None = None
    underlying_symbol: str | None = None
    underlying_instrument_type: str | None = None
    legs: tuple[OrderLeg, ...] | None = None
    external_identifier: str | None = None
    source: str | None = None
    cancellable: bool | None = None
    editable: bool | None = None
    edited: bool | None = None
    reject_reason: str | None = None
    replaces_order_id: int | str | None = None
    replacing_order_id: int | str | None = None
    complex_order_id: int | str | None = None
    received_at: Moment = None
    updated_at: Moment = None
    in_flight_at: Moment = None
    live_at: Moment = None
    cancelled_at: Moment = None
    terminal_at: Moment = None

    @property
    def order_id(self) -> str:
        """The permanent id as text."""
        return str(self.id)

    @property
    def replaces(self) -> str | None:
        """The id of the order that this one takes the place of."""
        return None if self.replaces_order_id is None else str(self.replaces_order_id)

    @property
    def replaced_by(self) -> str | None:
        """The id of the order that takes the place of this one."""
        return None if self.replacing_order_id is None else str(self.replacing_order_id)

    @property
    def has_ended(self) -> bool:
        """Whether the order is worked no more. An unknown status counts as working: the order may still be filled."""
        return self.status.lower() in ENDED

    @property
    def is_filled(self) -> bool:
        """Whether the server calls it filled; fills of some legs may still be missing then."""
        return self.status.lower() == "filled"

    @property
    def is_complete(self) -> bool:
        """Whether the fills of all legs make their whole quantity."""
        legs = self.legs or ()
        return bool(legs) and all(leg.filled >= leg.quantity for leg in legs)

    @property
    def signed_price(self) -> Decimal | None:
        """The limit per combo: positive is a debit, negative a credit."""
        cash = signed(self.price, self.price_effect)
        return None if cash is None else -cash

    @property
    def updated(self) -> datetime | None:
        """When it changed last."""
        return moment(self.updated_at)

    @property
    def received(self) -> datetime | None:
        """When the server received it."""
        return moment(self.received_at)

    @property
    def ended_at(self) -> datetime | None:
        """When it ended; `None` where that is not stated."""
        return moment(self.terminal_at) or moment(self.cancelled_at)


class Warned(FromServer, frozen=True):
    """A warning or an error in the answer to an order."""

    code: str | None = None
    message: str | None = None


class BuyingPowerEffect(FromServer, frozen=True):
    """What an order does to margin and buying power; amounts are unsigned beside their effect."""

    change_in_margin_requirement: Decimal | None = None
    change_in_margin_requirement_effect: str | None = None
    change_in_buying_power: Decimal | None = None
    change_in_buying_power_effect: str | None = None
    current_buying_power: Decimal | None = None
    new_buying_power: Decimal | None = None
    new_buying_power_effect: str | None = None
    isolated_order_margin_requirement: Decimal | None = None
    is_spread: bool | None = None
    impact: Decimal | None = None
    effect: str | None = None


class FeeCalculation(FromServer, frozen=True):
    """The fees that an order will cost; amounts are unsigned beside their effect."""

    regulatory_fees: Decimal | None = None
    clearing_fees: Decimal | None = None
    commission: Decimal | None = None
    proprietary_index_option_fees: Decimal | None = None
    total_fees: Decimal | None = None
    total_fees_effect: str | None = None

    @property
    def cost(self) -> Decimal | None:
        """All fees together; negative for a rebate, `None` where they are not stated."""
        cash = signed(self.total_fees, self.total_fees_effect)
        return None if cash is None else -cash


class DryRunOrder(FromServer, frozen=True):
    """The order in the answer to a dry run: it has no id."""

    status: str | None = None
    size: Decimal | None = None
    legs: tuple[OrderLeg, ...] | None = None


class DryRun(FromServer, frozen=True):
    """The answer to a dry run."""

    order: DryRunOrder | None = None
    buying_power_effect: BuyingPowerEffect | None = None
    fee_calculation: FeeCalculation | None = None
    warnings: tuple[Warned, ...] | None = None
    errors: tuple[Warned, ...] | None = None


class Placed(FromServer, frozen=True):
    """The answer to a submission."""

    order: Order
    buying_power_effect: BuyingPowerEffect | None = None
    fee_calculation: FeeCalculation | None = None
    warnings: tuple[Warned, ...] | None = None
    errors: tuple[Warned, ...] | None = None


# --- requests ---------------------------------------------------------------------------------------------------------


class ToServer(msgspec.Struct, frozen=True, kw_only=True, rename="kebab", omit_defaults=True):
    """Base of all requests: what has no value is left out."""


class NewLeg(ToServer, frozen=True):
    """A leg of an order that is sent."""

    instrument_type: str
    symbol: str
    quantity: int
    action: str


class NewOrder(ToServer, frozen=True):
    """An order that is sent, or the body of a replacement.

    Attributes
    ----------
    price
        Unsigned, per combo and unit of the underlying; see `values.price_text`.
    external_identifier
        Ours. The server echoes it, and does not check that it is unique.
    advanced_instructions
        `strict_position_effects` for orders whose opening and closing shall be taken literally.
    """

    order_type: str
    time_in_force: str
    price: str | None = None
    price_effect: str | None = None
    stop_trigger: str | None = None
    source: str | None = None
    external_identifier: str | None = None
    automated_source: bool | None = None
    advanced_instructions: dict[str, Any] | None = None
    legs: tuple[NewLeg, ...] | None = None


STRICT_POSITION_EFFECTS: Final[dict[str, Any]] = {"strict-position-effect-validation": True}
"""With it a close that the account does not hold is refused; without it the server may turn it into an opening."""
