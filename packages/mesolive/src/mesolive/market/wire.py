"""Converts contracts and underlyings to and from their wire models."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from mesolive.market.calendar import ExchangeCalendar, settlement_day
from mesolive.market.contracts import Expiration, OptionContract, Right, Underlying
from mesolive.market.option_classes import roots_of
from mesolive_sdk.models import LiveContract, LiveUnderlying, MesoContractType, MesoOptionType

OPTION_TYPES: Final = {Right.CALL: MesoOptionType.Call, Right.PUT: MesoOptionType.Put}
RIGHTS: Final = {kind: right for right, kind in OPTION_TYPES.items()}
OPTIONS: Final = frozenset({MesoContractType.Options, MesoContractType.FuturesOptions})
"""Contract types of options."""


def option_type(underlying: MesoContractType) -> MesoContractType:
    """Return the contract type of options on an underlying of a contract type."""
    return MesoContractType.FuturesOptions if underlying is MesoContractType.Futures else MesoContractType.Options


def live_underlying(underlying: Underlying) -> LiveUnderlying:
    """Return the wire model of an underlying."""
    return LiveUnderlying(
        Symbol=underlying.symbol,
        ContractType=MesoContractType[underlying.kind.value],
        Currency=underlying.currency,
    )


def live_contract(contract: OptionContract, expiration: Expiration, underlying: Underlying) -> LiveContract:
    """Return the wire model of an option contract: `Expiration` is the instant of its settlement, in UTC.

    Parameters
    ----------
    contract
        The contract.
    expiration
        Its expiration.
    underlying
        What it is written on.
    """
    return LiveContract(
        ContractType=option_type(MesoContractType[underlying.kind.value]),
        Underlying=live_underlying(underlying),
        Root=contract.root,
        OptionType=OPTION_TYPES[contract.right],
        Expiration=expiration.settles_at,
        Strike=contract.strike,
        Multiplier=contract.multiplier,
    )


def candidates(
    contract: LiveContract, listed: Iterable[Expiration], calendar: ExchangeCalendar | None = None
) -> list[OptionContract]:
    """Return which option contracts a contract off the wire may mean, the likeliest first.

    `Expiration` is read as the settlement instant, or at midnight UTC as that exchange-local date. Without a `Root`
    the expirations that settle at just that instant come first, then the underlying's usual order of trading classes.
    Without a `Multiplier` the expiration's own is taken.

    Parameters
    ----------
    contract
        The contract.
    listed
        The expirations among which it may be.
    calendar
        The exchange's sessions; by default those of US options.

    Raises
    ------
    ValueError
        When it is not an option, or when type, strike or expiration is missing.
    """
    if contract.ContractType not in OPTIONS:
        raise ValueError(f"ContractType must be Options or FuturesOptions, not {contract.ContractType}")
    right = None if contract.OptionType is None else RIGHTS.get(contract.OptionType)
    if right is None:
        raise ValueError("OptionType must be Call or Put")
    if contract.Strike is None or not contract.Strike.is_finite() or contract.Strike <= 0:
        raise ValueError("Strike must be greater than zero")
    if contract.Expiration is None:
        raise ValueError("Expiration is missing")
    day, instant = settlement_day(contract.Expiration, calendar), contract.Expiration
    symbol, wanted = contract.Underlying.Symbol, contract.Root
    usual = roots_of(symbol)  # the table's order, else alphabetically

    def likelihood(expiration: Expiration) -> tuple[bool, int, str]:
        rank = usual.index(expiration.root) if expiration.root in usual else len(usual)
        return expiration.settles_at != instant, rank, expiration.root

    fitting = [item for item in listed if item.day == day and (wanted is None or item.root == wanted)]
    return [
        OptionContract(
            underlying=symbol,
            root=expiration.root,
            day=day,
            right=right,
            strike=contract.Strike,
            multiplier=expiration.multiplier if contract.Multiplier is None else contract.Multiplier,
        )
        for expiration in sorted(fitting, key=likelihood)
    ]
