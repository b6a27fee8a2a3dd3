"""Mapping of option contracts: database columns, records and wire models."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from msgspec import Struct
from sqlalchemy import Row

from mesolive.market.contracts import OptionContract, Right
from mesolive.market.wire import option_type
from mesolive.store.types import stored_decimal, stored_moment
from mesolive_sdk import models


class TradedContract(Struct, frozen=True):
    """An option contract with the fields of the wire model beyond its identity.

    Attributes
    ----------
    settles_at
        When its settlement value is taken, in UTC: the wire's `Expiration`.
    underlying_type, currency
        Type of the underlying and currency of its quotes.
    """

    contract: OptionContract
    settles_at: datetime
    underlying_type: models.MesoContractType = models.MesoContractType.Index
    currency: str = "USD"

    @property
    def columns(self) -> dict[str, Any]:
        """The contract as the columns of a row."""
        return {
            "underlying": self.contract.underlying,
            "underlying_type": self.underlying_type.name,
            "currency": self.currency,
            "root": self.contract.root,
            "expiration_day": self.contract.day,
            "settles_at": self.settles_at,
            "contract_right": self.contract.right.value,
            "strike": self.contract.strike,
            "multiplier": self.contract.multiplier,
        }

    @property
    def live(self) -> models.LiveContract:
        """The contract as the wire shows it."""
        call = self.contract.right is Right.CALL
        return models.LiveContract(
            ContractType=option_type(self.underlying_type),
            Underlying=models.LiveUnderlying(
                Symbol=self.contract.underlying,
                ContractType=self.underlying_type,
                Exchange=None,
                Currency=self.currency,
            ),
            Root=self.contract.root,
            OptionType=models.MesoOptionType.Call if call else models.MesoOptionType.Put,
            Expiration=self.settles_at,
            Strike=self.contract.strike,
            Multiplier=self.contract.multiplier,
        )


def from_row(row: Row[Any]) -> TradedContract:
    """Return the contract that a row's columns hold."""
    return _contract(
        row.underlying,
        row.underlying_type,
        row.currency,
        row.root,
        row.expiration_day,
        row.settles_at,
        row.contract_right,
        row.strike,
        row.multiplier,
    )


def as_stored(traded: TradedContract) -> TradedContract:
    """Return the contract as reading its columns would give it."""
    contract = traded.contract
    return _contract(
        contract.underlying,
        traded.underlying_type.name,
        traded.currency,
        contract.root,
        contract.day,
        stored_moment(traded.settles_at),
        contract.right.value,
        stored_decimal(contract.strike),
        stored_decimal(contract.multiplier),
    )


@lru_cache(maxsize=8192)
def _contract(
    underlying: str,
    underlying_type: str,
    currency: str,
    root: str,
    day: date,
    settles_at: datetime,
    right: str,
    strike: Decimal,
    multiplier: Decimal,
) -> TradedContract:
    """Return a contract. The same few are read again and again; making one takes five times as long as finding it."""
    contract = OptionContract(underlying, root, day, Right(right), strike, multiplier)
    return TradedContract(contract, settles_at, models.MesoContractType[underlying_type], currency)
