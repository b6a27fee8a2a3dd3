"""Data Hub models: selectors, stream items and snapshots.

A stream and its snapshot take the same fields and answer the same blocks; a block that was not asked for is null.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, ClassVar

import msgspec

from mesolive_sdk.models import _enums as enums
from mesolive_sdk.models._base import Id, IdList, Timed, UtcDateTime
from mesolive_sdk.models._common import LiveContract, LiveGreeks, LivePnL, LivePrices, LiveUnderlying

ALL_FIELDS = enums.LiveQuoteFields.All
ALL_BLOCKS = enums.LiveDataInclude.All


class PositionDataArgs(msgspec.Struct, kw_only=True):
    """Base of the arguments of the position pair.

    Attributes
    ----------
    PositionId
        Which position.
    PriceFields, GreekFields, PnlFields
        On which bases prices, greeks and PnL are wanted.
    IncludePosition, IncludeLegs, IncludeLegGroups
        Which blocks are wanted of the position, its legs and its leg groups.
    Provider
        Whose quotes to use; null for the server's default.
    """

    PositionId: Id
    PriceFields: enums.LiveQuoteFields = ALL_FIELDS
    GreekFields: enums.LiveQuoteFields = ALL_FIELDS
    PnlFields: enums.LiveQuoteFields = ALL_FIELDS
    IncludePosition: enums.LiveDataInclude = ALL_BLOCKS
    IncludeLegs: enums.LiveDataInclude = ALL_BLOCKS
    IncludeLegGroups: enums.LiveDataInclude = ALL_BLOCKS
    Provider: enums.DataProviderType | None = None


class StreamPositionDataArgs(PositionDataArgs, kw_only=True):
    """Arguments of `StreamPositionData`."""


class GetPositionSnapshotArgs(PositionDataArgs, kw_only=True):
    """Arguments of `GetPositionSnapshot`."""


class PositionDataEntry(msgspec.Struct, kw_only=True):
    """One item of `StreamPositionData`.

    Attributes
    ----------
    PositionPrices, PositionGreeks, PositionPnLs
        Of the whole position.
    LegPrices, LegGreeks, LegPnLs
        By leg id.
    LegGroupPrices, LegGroupGreeks, LegGroupPnLs
        By group id.
    """

    PositionPrices: LivePrices | None = None
    PositionGreeks: LiveGreeks | None = None
    PositionPnLs: LivePnL | None = None
    LegPrices: dict[int, LivePrices] | None = None
    LegGreeks: dict[int, LiveGreeks] | None = None
    LegPnLs: dict[int, LivePnL] | None = None
    LegGroupPrices: dict[int, LivePrices] | None = None
    LegGroupGreeks: dict[int, LiveGreeks] | None = None
    LegGroupPnLs: dict[int, LivePnL] | None = None


class StreamPositionsDataArgs(msgspec.Struct, kw_only=True):
    """Arguments of `StreamPositionsData`; an extension.

    Attributes
    ----------
    PositionIds
        Which positions; 500 at most. One that is not known has no items; where none is known, the stream ends with
        `NotFound`.
    PriceFields, GreekFields, PnlFields
        On which bases prices, greeks and PnL are wanted.
    IncludePosition, IncludeLegs, IncludeLegGroups
        Which blocks are wanted of each position, its legs and its leg groups.
    Provider
        Whose quotes to use; null for the server's default.
    """

    PositionIds: IdList
    PriceFields: enums.LiveQuoteFields = ALL_FIELDS
    GreekFields: enums.LiveQuoteFields = ALL_FIELDS
    PnlFields: enums.LiveQuoteFields = ALL_FIELDS
    IncludePosition: enums.LiveDataInclude = ALL_BLOCKS
    IncludeLegs: enums.LiveDataInclude = ALL_BLOCKS
    IncludeLegGroups: enums.LiveDataInclude = ALL_BLOCKS
    Provider: enums.DataProviderType | None = None


class PositionsDataEntry(PositionDataEntry, kw_only=True):
    """One item of `StreamPositionsData`: that of one of the positions.

    Attributes
    ----------
    PositionId
        Which one.
    """

    PositionId: Id


class GetPositionSnapshotResult(PositionDataEntry, kw_only=True):
    """Result of `GetPositionSnapshot`."""


class LegDataArgs(msgspec.Struct, kw_only=True):
    """Base of the arguments of the leg pair.

    Attributes
    ----------
    LegId
        Which leg.
    PriceFields, GreekFields, PnlFields
        On which bases prices, greeks and PnL are wanted.
    Include
        Which blocks are wanted.
    Provider
        Whose quotes to use; null for the server's default.
    """

    LegId: Id
    PriceFields: enums.LiveQuoteFields = ALL_FIELDS
    GreekFields: enums.LiveQuoteFields = ALL_FIELDS
    PnlFields: enums.LiveQuoteFields = ALL_FIELDS
    Include: enums.LiveDataInclude = ALL_BLOCKS
    Provider: enums.DataProviderType | None = None


class StreamLegDataArgs(LegDataArgs, kw_only=True):
    """Arguments of `StreamLegData`."""


class GetLegSnapshotArgs(LegDataArgs, kw_only=True):
    """Arguments of `GetLegSnapshot`."""


class LegDataEntry(msgspec.Struct, kw_only=True):
    """One item of `StreamLegData`.

    Attributes
    ----------
    Prices, Greeks, PnL
        Of the leg.
    """

    Prices: LivePrices | None = None
    Greeks: LiveGreeks | None = None
    PnL: LivePnL | None = None


class GetLegSnapshotResult(LegDataEntry, kw_only=True):
    """Result of `GetLegSnapshot`."""


class LegsDataArgs(msgspec.Struct, kw_only=True):
    """Base of the arguments of the legs pair.

    Attributes
    ----------
    LegIds
        Which legs; at most 1000.
    PriceFields, GreekFields, PnlFields
        On which bases prices, greeks and PnL are wanted.
    Include
        Which blocks are wanted.
    Provider
        Whose quotes to use; null for the server's default.
    """

    LegIds: IdList
    PriceFields: enums.LiveQuoteFields = ALL_FIELDS
    GreekFields: enums.LiveQuoteFields = ALL_FIELDS
    PnlFields: enums.LiveQuoteFields = ALL_FIELDS
    Include: enums.LiveDataInclude = ALL_BLOCKS
    Provider: enums.DataProviderType | None = None


class StreamLegsDataArgs(LegsDataArgs, kw_only=True):
    """Arguments of `StreamLegsData`."""


class GetLegsSnapshotArgs(LegsDataArgs, kw_only=True):
    """Arguments of `GetLegsSnapshot`."""


class LegsDataEntry(msgspec.Struct, kw_only=True):
    """One item of `StreamLegsData`.

    Attributes
    ----------
    LegPrices, LegGreeks, LegPnLs
        By leg id.
    """

    LegPrices: dict[int, LivePrices] | None = None
    LegGreeks: dict[int, LiveGreeks] | None = None
    LegPnLs: dict[int, LivePnL] | None = None


class GetLegsSnapshotResult(LegsDataEntry, kw_only=True):
    """Result of `GetLegsSnapshot`."""


class ComboLeg(msgspec.Struct, kw_only=True):
    """One contract of a combo.

    Attributes
    ----------
    Contract
        What is traded.
    Ratio
        Signed contracts in one combo.
    """

    Contract: LiveContract
    Ratio: Decimal


class ComboContractsDataArgs(msgspec.Struct, kw_only=True):
    """Base of the arguments of the combo pair.

    Attributes
    ----------
    Combo
        The contracts with their ratios, 1 to 100.
    PriceFields, GreekFields
        On which bases prices and greeks are wanted.
    Include
        Which blocks are wanted.
    Provider
        Whose quotes to use.
    """

    Combo: Annotated[list[ComboLeg], msgspec.Meta(min_length=1, max_length=100)]
    PriceFields: enums.LiveQuoteFields = ALL_FIELDS
    GreekFields: enums.LiveQuoteFields = ALL_FIELDS
    Include: enums.LiveDataInclude = ALL_BLOCKS
    Provider: enums.DataProviderType


class StreamComboContractsDataArgs(ComboContractsDataArgs, kw_only=True):
    """Arguments of `StreamComboContractsData`."""


class GetComboContractsSnapshotArgs(ComboContractsDataArgs, kw_only=True):
    """Arguments of `GetComboContractsSnapshot`."""


class ComboContractsDataEntry(msgspec.Struct, kw_only=True):
    """One item of `StreamComboContractsData`.

    Attributes
    ----------
    ComboPrices, ComboGreeks
        Of one combo.
    ContractPrices, ContractGreeks
        Of each contract, in the combo's order.
    """

    ComboPrices: LivePrices | None = None
    ComboGreeks: LiveGreeks | None = None
    ContractPrices: list[LivePrices] | None = None
    ContractGreeks: list[LiveGreeks] | None = None


class GetComboContractsSnapshotResult(ComboContractsDataEntry, kw_only=True):
    """Result of `GetComboContractsSnapshot`."""


class ContractDataArgs(msgspec.Struct, kw_only=True):
    """Base of the arguments of the contract pair.

    Attributes
    ----------
    Contract
        Which contract.
    PriceFields, GreekFields
        On which bases prices and greeks are wanted.
    Include
        Which blocks are wanted.
    Provider
        Whose quotes to use.
    """

    Contract: LiveContract
    PriceFields: enums.LiveQuoteFields = ALL_FIELDS
    GreekFields: enums.LiveQuoteFields = ALL_FIELDS
    Include: enums.LiveDataInclude = ALL_BLOCKS
    Provider: enums.DataProviderType


class StreamContractDataArgs(ContractDataArgs, kw_only=True):
    """Arguments of `StreamContractData`."""


class GetContractSnapshotArgs(ContractDataArgs, kw_only=True):
    """Arguments of `GetContractSnapshot`."""


class ContractDataEntry(msgspec.Struct, kw_only=True):
    """One item of `StreamContractData`.

    Attributes
    ----------
    Prices, Greeks
        Of the contract.
    """

    Prices: LivePrices | None = None
    Greeks: LiveGreeks | None = None


class GetContractSnapshotResult(ContractDataEntry, kw_only=True):
    """Result of `GetContractSnapshot`."""


class UnderlyingDataArgs(msgspec.Struct, kw_only=True):
    """Base of the arguments of the underlying pair.

    Attributes
    ----------
    Underlying
        Which underlying.
    PriceFields
        On which bases prices are wanted.
    Provider
        Whose quotes to use.
    """

    Underlying: LiveUnderlying
    PriceFields: enums.LiveQuoteFields = ALL_FIELDS
    Provider: enums.DataProviderType


class StreamUnderlyingDataArgs(UnderlyingDataArgs, kw_only=True):
    """Arguments of `StreamUnderlyingData`."""


class GetUnderlyingSnapshotArgs(UnderlyingDataArgs, kw_only=True):
    """Arguments of `GetUnderlyingSnapshot`."""


class UnderlyingDataEntry(msgspec.Struct, kw_only=True):
    """One item of `StreamUnderlyingData`.

    Attributes
    ----------
    Prices
        Of the underlying.
    """

    Prices: LivePrices | None = None


class GetUnderlyingSnapshotResult(UnderlyingDataEntry, kw_only=True):
    """Result of `GetUnderlyingSnapshot`."""


class AccountDataArgs(msgspec.Struct, kw_only=True):
    """Base of the arguments of the account pair, an extension.

    Attributes
    ----------
    BrokerAccountId
        Which account.
    """

    BrokerAccountId: str


class StreamAccountDataArgs(AccountDataArgs, kw_only=True):
    """Arguments of `StreamAccountData`."""


class GetAccountSnapshotArgs(AccountDataArgs, kw_only=True):
    """Arguments of `GetAccountSnapshot`."""


class AccountDataEntry(Timed, kw_only=True):
    """One item of `StreamAccountData`; amounts are in account currency, and null while they are not known.

    Attributes
    ----------
    SnapshotTime
        Market time of the values.
    NetLiquidationValue, Cash, MaintenanceMarginReq
        Those of `LiveAccount`: of an account at a broker as the broker stated them last. The margin is computed anew
        every five seconds.
    UnrealizedPnL, DayPnL
        Of what is held, at the mark, and what the positions have brought since the close of the session before.
    ActivePositions
        How many positions are open on it.
    Greeks
        The sum over all positions, at the mark.
    """

    times: ClassVar[tuple[str, ...]] = ("SnapshotTime",)

    SnapshotTime: UtcDateTime
    NetLiquidationValue: Decimal | None = None
    Cash: Decimal | None = None
    MaintenanceMarginReq: Decimal | None = None
    UnrealizedPnL: Decimal | None = None
    DayPnL: Decimal | None = None
    ActivePositions: int
    Greeks: LiveGreeks


class GetAccountSnapshotResult(AccountDataEntry, kw_only=True):
    """Result of `GetAccountSnapshot`."""
