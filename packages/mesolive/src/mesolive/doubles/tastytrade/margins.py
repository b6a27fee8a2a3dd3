"""Margin, values and balances of the double of tastytrade: Reg-T by underlying, half of the value of shares."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from mesolive.doubles.tastytrade.desk import Desk
from mesolive.doubles.tastytrade.fees import Fees
from mesolive.doubles.tastytrade.instruments import FUTURE, Instrument
from mesolive.doubles.tastytrade.matching import quote_of
from mesolive.doubles.tastytrade.records import Account, Order
from mesolive.doubles.tastytrade.values import ZERO, JsonObject, amount, effect_of, moment, signed
from mesolive.market.option_classes import MarginRate, margin_rate_of
from mesolive.pricing.margin import MarginRules, reg_t_margin
from mesolive.pricing.margin_regt import BROAD_INDEX, EQUITY, RegTLeg

CENT: Final = Decimal("0.01")
MARGIN_OF_SHARES: Final = Decimal("0.5")
MARGIN_OF_FUTURES: Final = Decimal("0.06")


@dataclass(frozen=True, slots=True)
class AccountValues:
    """What an account is worth and what its positions require, in US dollars; short values are greater than zero."""

    cash: Decimal
    long_options: Decimal = ZERO
    short_options: Decimal = ZERO
    long_shares: Decimal = ZERO
    short_shares: Decimal = ZERO
    requirements: Sequence[tuple[str, Decimal]] = ()

    @property
    def net_liquidation(self) -> Decimal:
        """Cash and the value of everything held."""
        return self.cash + self.long_options - self.short_options + self.long_shares - self.short_shares

    @property
    def required(self) -> Decimal:
        """What all positions require."""
        return sum((required for _, required in self.requirements), ZERO)

    @property
    def buying_power(self) -> Decimal:
        """What is left for new positions."""
        return self.net_liquidation - self.required


def price_of(desk: Desk, instrument: Instrument) -> Decimal:
    """Return the present price of an instrument: the middle of its market, 0 where there is none."""
    quote = quote_of(desk, instrument)
    return ZERO if quote is None else quote.middle or ZERO


def values_of(
    desk: Desk, account: Account, extra: Iterable[tuple[Instrument, int]] = (), cash: Decimal = ZERO
) -> AccountValues:
    """Return the values of an account, with contracts and cash added as an order would add them."""
    quantities = {symbol: position.quantity for symbol, position in account.positions.items()}
    for instrument, quantity in extra:
        quantities[instrument.symbol] = quantities.get(instrument.symbol, 0) + quantity
    options: dict[str, list[RegTLeg]] = defaultdict(list)
    required: dict[str, Decimal] = defaultdict(lambda: ZERO)
    sums = {"long_options": ZERO, "short_options": ZERO, "long_shares": ZERO, "short_shares": ZERO}
    for symbol, quantity in quantities.items():
        if not quantity:
            continue
        instrument = desk.instrument(symbol)
        price = price_of(desk, instrument)
        worth = price * abs(quantity) * instrument.factor
        side = "long" if quantity > 0 else "short"
        if instrument.option is not None and instrument.expiration is not None:
            sums[f"{side}_options"] += worth
            options[instrument.product].append(
                RegTLeg(
                    is_call=instrument.option.right.value == "C",
                    strike=instrument.option.strike,
                    expires=instrument.expiration.settles_at,
                    quantity=Decimal(quantity),
                    price=price,
                    multiplier=instrument.factor,
                )
            )
        elif instrument.kind == FUTURE:
            required[instrument.product] += worth * MARGIN_OF_FUTURES
        else:
            sums[f"{side}_shares"] += worth
            required[instrument.product] += worth * MARGIN_OF_SHARES
    for product, legs in options.items():
        required[product] += _options_margin(desk, product, legs)
    rows = [(product, amount.quantize(CENT)) for product, amount in required.items()]
    return AccountValues(account.cash + cash, **sums, requirements=rows)


def _options_margin(desk: Desk, product: str, legs: Sequence[RegTLeg]) -> Decimal:
    spot = desk.markets.spot(product)
    if spot is None or spot <= 0:
        return ZERO
    rate = margin_rate_of(product, desk.markets.book(product).listing.underlying.kind)
    # Options on futures are margined by SPAN; the percentages of indexes stand in for it.
    rates = BROAD_INDEX if rate in {MarginRate.BROAD_INDEX, MarginRate.FUTURES} else EQUITY
    return reg_t_margin(legs, spot, rates, MarginRules())


@dataclass(frozen=True, slots=True)
class Effect:
    """What an order would do to the buying power of its account."""

    before: AccountValues
    after: AccountValues
    alone: Decimal
    is_spread: bool

    @property
    def affordable(self) -> bool:
        """Whether the account has the margin; what lessens the requirement is always so."""
        return self.after.buying_power >= 0 or self.after.required <= self.before.required

    def as_json(self) -> JsonObject:
        """Return the object `buying-power-effect`."""
        margin = (self.before.required - self.after.required).quantize(CENT)
        change = (self.after.buying_power - self.before.buying_power).quantize(CENT)
        return {
            **signed("change-in-margin-requirement", margin),
            **signed("change-in-buying-power", change),
            **signed("current-buying-power", self.before.buying_power.quantize(CENT)),
            **signed("new-buying-power", self.after.buying_power.quantize(CENT)),
            **signed("isolated-order-margin-requirement", -self.alone),
            "is-spread": self.is_spread,
            "impact": amount(abs(change)),
            "effect": effect_of(change),
        }


def effect_of_order(desk: Desk, account: Account, order: Order, fees: Fees) -> Effect:
    """Return what an order would do if it were filled at its price, or at the market without one."""
    legs = [(desk.instrument(leg.symbol), leg.sign * leg.quantity) for leg in order.legs]
    net = order.limit
    if net is None:
        pairs = zip(legs, order.ratios, strict=True)
        net = sum((ratio * price_of(desk, instrument) for (instrument, _), ratio in pairs), ZERO)
    factor = ZERO if legs[0][0].kind == FUTURE else legs[0][0].factor
    cash = -net * factor * order.size - fees.total
    alone = values_of(desk, Account(account.number, ZERO, account.opened_at), legs)
    return Effect(values_of(desk, account), values_of(desk, account, legs, cash), alone.required, len(legs) > 1)


def balances_view(desk: Desk, account: Account) -> JsonObject:
    """Return the JSON object of the balances."""
    values = values_of(desk, account)
    power = values.buying_power.quantize(CENT)
    zeros = dict.fromkeys
    view: JsonObject = {
        "account-number": account.number,
        "cash-balance": amount(account.cash),
        "long-equity-value": amount(values.long_shares),
        "short-equity-value": amount(values.short_shares),
        "long-derivative-value": amount(values.long_options),
        "short-derivative-value": amount(values.short_options),
        **zeros(
            (
                "long-futures-value",
                "short-futures-value",
                "long-futures-derivative-value",
                "short-futures-derivative-value",
                "long-margineable-value",
                "short-margineable-value",
            ),
            "0.0",
        ),
        "margin-equity": amount(values.net_liquidation),
        "equity-buying-power": amount(power),
        "derivative-buying-power": amount(power),
        **zeros(
            ("day-trading-buying-power", "futures-margin-requirement", "available-trading-funds"),
            "0.0",
        ),
        "maintenance-requirement": amount(values.required),
        **zeros(
            ("maintenance-call-value", "reg-t-call-value", "day-trading-call-value", "day-equity-call-value"), "0.0"
        ),
        "net-liquidating-value": amount(values.net_liquidation),
        "cash-available-to-withdraw": amount(power),
        "day-trade-excess": amount(power),
        "pending-cash": "0.0",
        "pending-cash-effect": "None",
        **zeros(
            (
                "long-cryptocurrency-value",
                "short-cryptocurrency-value",
                "cryptocurrency-margin-requirement",
                "unsettled-cryptocurrency-fiat-amount",
            ),
            "0.0",
        ),
        "unsettled-cryptocurrency-fiat-effect": "None",
        "closed-loop-available-balance": amount(power),
        **zeros(("equity-offering-margin-requirement", "long-bond-value", "bond-margin-requirement"), "0.0"),
        "snapshot-date": desk.today().isoformat(),
        "reg-t-margin-requirement": amount(values.required),
        **zeros(("futures-overnight-margin-requirement", "futures-intraday-margin-requirement"), "0.0"),
        "maintenance-excess": amount(power),
        "pending-margin-interest": "0.0",
        "effective-cryptocurrency-buying-power": amount(power),
        "updated-at": moment(desk.now()),
    }
    return view
