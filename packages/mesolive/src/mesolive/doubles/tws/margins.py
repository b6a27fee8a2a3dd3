"""Margin and values of accounts of the double of TWS: Reg-T by underlying, half of the value of shares."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from mesolive.doubles.tws.gateway import Gateway
from mesolive.doubles.tws.instruments import Instrument
from mesolive.doubles.tws.records import ZERO, Account
from mesolive.market.option_classes import MarginRate, margin_rate_of
from mesolive.pricing.margin import MarginRules, reg_t_margin
from mesolive.pricing.margin_regt import BROAD_INDEX, EQUITY, RegTLeg

CENT: Final = Decimal("0.01")
INITIAL_OF_SHARES: Final = Decimal("0.5")
MAINTENANCE_OF_SHARES: Final = Decimal("0.25")
INITIAL_OF_FUTURES: Final = Decimal("0.06")


@dataclass(frozen=True, slots=True)
class AccountValues:
    """What an account is worth and what its positions require, in US dollars."""

    cash: Decimal
    option_value: Decimal
    share_value: Decimal
    initial: Decimal
    maintenance: Decimal

    @property
    def net_liquidation(self) -> Decimal:
        """Cash and the value of everything held."""
        return self.cash + self.option_value + self.share_value

    @property
    def equity_with_loan(self) -> Decimal:
        """What margin is compared with."""
        return self.net_liquidation


def price_of(gateway: Gateway, instrument: Instrument) -> Decimal:
    """Return the present price of a contract per unit: the middle of its market, 0 where there is none."""
    if instrument.option is None:
        return gateway.markets.spot(instrument.product) or ZERO
    quote = gateway.markets.quote(instrument.option)
    return ZERO if quote is None else quote.middle or ZERO


def values_of(
    gateway: Gateway, account: Account, extra: Iterable[tuple[Instrument, Decimal]] = (), cash: Decimal = ZERO
) -> AccountValues:
    """Return the values of an account, with contracts and cash added as an order would add them."""
    quantities: dict[int, Decimal] = {
        con_id: position.quantity for con_id, position in account.positions.items() if position.quantity
    }
    instruments: dict[int, Instrument] = {}
    for instrument, quantity in extra:
        quantities[instrument.con_id] = quantities.get(instrument.con_id, ZERO) + quantity
        instruments[instrument.con_id] = instrument
    options: dict[str, list[RegTLeg]] = defaultdict(list)
    option_value = share_value = initial = maintenance = ZERO
    for con_id, quantity in quantities.items():
        instrument = instruments.get(con_id) or gateway.instrument(con_id)
        if instrument is None or not quantity:
            continue
        price = price_of(gateway, instrument)
        worth = price * quantity * instrument.factor
        if instrument.option is not None and instrument.settles_at is not None:
            option_value += worth
            options[instrument.product].append(
                RegTLeg(
                    is_call=instrument.right == "C",
                    strike=instrument.strike,
                    expires=instrument.settles_at,
                    quantity=quantity,
                    price=price,
                    multiplier=instrument.factor,
                )
            )
        elif instrument.sec_type == "FUT":
            share_value += worth
            initial += abs(worth) * INITIAL_OF_FUTURES
            maintenance += abs(worth) * INITIAL_OF_FUTURES
        else:
            share_value += worth
            initial += abs(worth) * INITIAL_OF_SHARES
            maintenance += abs(worth) * MAINTENANCE_OF_SHARES
    for product, legs in options.items():
        required = _options_margin(gateway, product, legs)
        initial += required
        maintenance += required
    return AccountValues(
        account.cash + cash, option_value, share_value, initial.quantize(CENT), maintenance.quantize(CENT)
    )


def _options_margin(gateway: Gateway, product: str, legs: Sequence[RegTLeg]) -> Decimal:
    spot = gateway.markets.spot(product)
    if spot is None or spot <= 0:
        return ZERO
    rate = margin_rate_of(product, gateway.markets.book(product).listing.underlying.kind)
    # Options on futures are margined by SPAN at IB; the percentages of indexes stand in for it.
    rates = BROAD_INDEX if rate in {MarginRate.BROAD_INDEX, MarginRate.FUTURES} else EQUITY
    return reg_t_margin(legs, spot, rates, MarginRules())
