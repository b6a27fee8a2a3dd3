"""Data Hub client: live prices, greeks and PnL as streams and snapshots."""

from __future__ import annotations

from typing import ClassVar, TypeVar

import msgspec

from mesolive_sdk import models
from mesolive_sdk.clients._base import HubClient
from mesolive_sdk.clients._streams import DataStream

T = TypeVar("T")

STREAM_BUFFER = 64


class MesoLiveDataHubClient(HubClient):
    """Live prices, greeks and PnL: as streams, and as snapshots.

    Each `stream_…_data` method returns an asynchronous iterator; the stream is opened with the first item's wait. Each
    `get_…_snapshot` method returns the same values once. Constructor arguments are those of `HubClient`.

    Raises
    ------
    MesoLiveApiException
        From each snapshot, when the server answers with another status than `Success`.
    MesoLiveTimeoutError
        From each snapshot, when no answer comes within the client's `timeout`.
    MesoLiveSignalRError
        From each snapshot and each stream, when the connection fails or the server ends the stream with an error.
    signalr_asyncio.protocol.codec.EncodeError
        From each snapshot, when an argument has no form on the wire; nothing was sent.
    """

    path: ClassVar[str] = "/hubs/data/v1"

    def stream_position_data(self, args: models.StreamPositionDataArgs) -> DataStream[models.PositionDataEntry]:
        """Stream the live data of a position, its legs and its leg groups."""
        return self._stream("StreamPositionData", args, models.PositionDataEntry)

    async def get_position_snapshot(self, args: models.GetPositionSnapshotArgs) -> models.GetPositionSnapshotResult:
        """Return the live data of a position, its legs and its leg groups, once."""
        return await self._call("GetPositionSnapshot", args, models.GetPositionSnapshotResult)

    def stream_leg_data(self, args: models.StreamLegDataArgs) -> DataStream[models.LegDataEntry]:
        """Stream the live data of a leg."""
        return self._stream("StreamLegData", args, models.LegDataEntry)

    async def get_leg_snapshot(self, args: models.GetLegSnapshotArgs) -> models.GetLegSnapshotResult:
        """Return the live data of a leg, once."""
        return await self._call("GetLegSnapshot", args, models.GetLegSnapshotResult)

    def stream_legs_data(self, args: models.StreamLegsDataArgs) -> DataStream[models.LegsDataEntry]:
        """Stream the live data of several legs."""
        return self._stream("StreamLegsData", args, models.LegsDataEntry)

    async def get_legs_snapshot(self, args: models.GetLegsSnapshotArgs) -> models.GetLegsSnapshotResult:
        """Return the live data of several legs, once."""
        return await self._call("GetLegsSnapshot", args, models.GetLegsSnapshotResult)

    def stream_combo_contracts_data(
        self, args: models.StreamComboContractsDataArgs
    ) -> DataStream[models.ComboContractsDataEntry]:
        """Stream the live data of a combo and its contracts."""
        return self._stream("StreamComboContractsData", args, models.ComboContractsDataEntry)

    async def get_combo_contracts_snapshot(
        self, args: models.GetComboContractsSnapshotArgs
    ) -> models.GetComboContractsSnapshotResult:
        """Return the live data of a combo and its contracts, once."""
        return await self._call("GetComboContractsSnapshot", args, models.GetComboContractsSnapshotResult)

    def stream_contract_data(self, args: models.StreamContractDataArgs) -> DataStream[models.ContractDataEntry]:
        """Stream the live data of a contract."""
        return self._stream("StreamContractData", args, models.ContractDataEntry)

    async def get_contract_snapshot(self, args: models.GetContractSnapshotArgs) -> models.GetContractSnapshotResult:
        """Return the live data of a contract, once."""
        return await self._call("GetContractSnapshot", args, models.GetContractSnapshotResult)

    def stream_underlying_data(self, args: models.StreamUnderlyingDataArgs) -> DataStream[models.UnderlyingDataEntry]:
        """Stream the live data of an underlying."""
        return self._stream("StreamUnderlyingData", args, models.UnderlyingDataEntry)

    async def get_underlying_snapshot(
        self, args: models.GetUnderlyingSnapshotArgs
    ) -> models.GetUnderlyingSnapshotResult:
        """Return the live data of an underlying, once."""
        return await self._call("GetUnderlyingSnapshot", args, models.GetUnderlyingSnapshotResult)

    def stream_positions_data(self, args: models.StreamPositionsDataArgs) -> DataStream[models.PositionsDataEntry]:
        """Stream the live data of many positions, an item for each that changes; an extension."""
        # An item of a position that is taken late must not push out those of the others.
        buffer = 2 * max(STREAM_BUFFER, len(args.PositionIds))
        return self._stream("StreamPositionsData", args, models.PositionsDataEntry, buffer)

    def stream_chain_data(self, args: models.StreamChainDataArgs) -> DataStream[models.ChainDataEntry]:
        """Stream a window of strikes with quotes and greeks, at most once a second; an extension."""
        return self._stream("StreamChainData", args, models.ChainDataEntry)

    def stream_evaluations(
        self, args: models.StreamEvaluationsArgs | None = None
    ) -> DataStream[models.EvaluationsEntry]:
        """Stream the last evaluations, also those that were false, at most once a second; an extension."""
        return self._stream("StreamEvaluations", args or models.StreamEvaluationsArgs(), models.EvaluationsEntry)

    def stream_account_data(self, args: models.StreamAccountDataArgs) -> DataStream[models.AccountDataEntry]:
        """Stream an account's value, cash, margin, PnL and greeks, at most once a second; an extension."""
        return self._stream("StreamAccountData", args, models.AccountDataEntry)

    async def get_account_snapshot(self, args: models.GetAccountSnapshotArgs) -> models.GetAccountSnapshotResult:
        """Return an account's value, cash, margin, PnL and greeks, once; an extension."""
        return await self._call("GetAccountSnapshot", args, models.GetAccountSnapshotResult)

    def _stream(self, method: str, args: msgspec.Struct, item: type[T], buffer: int = STREAM_BUFFER) -> DataStream[T]:
        stream = self._connection.stream(method, args, item_type=msgspec.Raw, buffer=buffer, latest_only=True)
        return DataStream(stream, method, item, self._encoding)
