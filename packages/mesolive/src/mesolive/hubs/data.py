"""The Data Hub, `/hubs/data/v1`: live prices, greeks and PnL, each as a stream and as a snapshot.

A stream that fails ends with an error whose text is the status, a colon and the message, such as `NotFound: position
7 was not found`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import Any, TypeVar
from uuid import uuid4

import msgspec
import structlog

from mesolive.access.context import UserContext
from mesolive.errors import ServiceError, rate_limited
from mesolive.hubs.envelope import EnvelopeHub
from mesolive.streams.service import Streams
from mesolive_sdk import models, wire
from signalr_asyncio import ExactError, Payload, Shared, hub_method

A = TypeVar("A", bound=msgspec.Struct)
Answer = models.MesoLiveApiResponse[Any]
Items = AsyncIterator[Shared]

WAITING_ITEMS = 4
"""The maximum number of items queued for a slow client; beyond it the oldest is dropped."""

_log = structlog.get_logger(__name__)


class DataHub(EnvelopeHub):
    """The methods of the Data Hub; one object per connection."""

    def __init__(self, streams: Streams) -> None:
        self._streams = streams

    @hub_method(name="StreamPositionData", latest_only=True, buffer=WAITING_ITEMS)
    async def stream_position_data(self, args: Payload | None = None) -> Items:
        """Stream a position, its legs and its leg groups."""
        items = self._streams.position
        return self._follow("StreamPositionData", models.StreamPositionDataArgs, args, items)

    @hub_method(name="GetPositionSnapshot")
    async def get_position_snapshot(self, args: Payload | None = None) -> Answer:
        """Return a position, its legs and its leg groups."""
        service = self._streams.position_snapshot
        return await self._answer("GetPositionSnapshot", models.GetPositionSnapshotArgs, args, service)

    @hub_method(name="StreamLegData", latest_only=True, buffer=WAITING_ITEMS)
    async def stream_leg_data(self, args: Payload | None = None) -> Items:
        """Stream a leg."""
        return self._follow("StreamLegData", models.StreamLegDataArgs, args, self._streams.leg)

    @hub_method(name="GetLegSnapshot")
    async def get_leg_snapshot(self, args: Payload | None = None) -> Answer:
        """Return a leg."""
        return await self._answer("GetLegSnapshot", models.GetLegSnapshotArgs, args, self._streams.leg_snapshot)

    @hub_method(name="StreamLegsData", latest_only=True, buffer=WAITING_ITEMS)
    async def stream_legs_data(self, args: Payload | None = None) -> Items:
        """Stream several legs."""
        return self._follow("StreamLegsData", models.StreamLegsDataArgs, args, self._streams.legs)

    @hub_method(name="GetLegsSnapshot")
    async def get_legs_snapshot(self, args: Payload | None = None) -> Answer:
        """Return several legs."""
        return await self._answer("GetLegsSnapshot", models.GetLegsSnapshotArgs, args, self._streams.legs_snapshot)

    @hub_method(name="StreamComboContractsData", latest_only=True, buffer=WAITING_ITEMS)
    async def stream_combo_contracts_data(self, args: Payload | None = None) -> Items:
        """Stream a combo of contracts."""
        method, items = "StreamComboContractsData", self._streams.combo
        return self._follow(method, models.StreamComboContractsDataArgs, args, items)

    @hub_method(name="GetComboContractsSnapshot")
    async def get_combo_contracts_snapshot(self, args: Payload | None = None) -> Answer:
        """Return a combo of contracts."""
        service = self._streams.combo_snapshot
        return await self._answer("GetComboContractsSnapshot", models.GetComboContractsSnapshotArgs, args, service)

    @hub_method(name="StreamContractData", latest_only=True, buffer=WAITING_ITEMS)
    async def stream_contract_data(self, args: Payload | None = None) -> Items:
        """Stream a contract."""
        items = self._streams.contract
        return self._follow("StreamContractData", models.StreamContractDataArgs, args, items)

    @hub_method(name="GetContractSnapshot")
    async def get_contract_snapshot(self, args: Payload | None = None) -> Answer:
        """Return a contract."""
        service = self._streams.contract_snapshot
        return await self._answer("GetContractSnapshot", models.GetContractSnapshotArgs, args, service)

    @hub_method(name="StreamUnderlyingData", latest_only=True, buffer=WAITING_ITEMS)
    async def stream_underlying_data(self, args: Payload | None = None) -> Items:
        """Stream an underlying."""
        items = self._streams.underlying
        return self._follow("StreamUnderlyingData", models.StreamUnderlyingDataArgs, args, items)

    @hub_method(name="GetUnderlyingSnapshot")
    async def get_underlying_snapshot(self, args: Payload | None = None) -> Answer:
        """Return an underlying."""
        service = self._streams.underlying_snapshot
        return await self._answer("GetUnderlyingSnapshot", models.GetUnderlyingSnapshotArgs, args, service)

    async def _follow(
        self,
        method: str,
        arguments: type[A],
        payload: Payload | None,
        items: Callable[[UserContext, A], AsyncGenerator[Shared]],
    ) -> AsyncGenerator[Shared]:
        """Decode the argument and yield the items; a failure ends the stream, its status first in the text."""
        user_id, streams = self.user.user_id, None if self.shares is None else self.shares.streams
        if streams is not None and not streams.take(user_id):
            refused = rate_limited(
                f"you have {streams.most} streams open, over all connections, and may have no more",
                code="TooManyStreams",
            )
            raise ExactError(str(refused))
        try:
            async with aclosing(items(self.user, wire.decode_args(payload, arguments))) as followed:
                async for item in followed:
                    yield item
        except wire.WireValidationError as error:
            raise ExactError(f"ValidationError: the argument of {method} is not valid: {error}") from None
        except ServiceError as error:
            raise ExactError(str(error)) from None
        except Exception:  # noqa: BLE001 - a fault of ours: the caller gets a reference, the log gets the trace
            reference = uuid4().hex[:12]
            _log.exception("hub_stream_failed", method=method, reference=reference, user_id=self.user.user_id)
            raise ExactError(
                f"InternalError: {method} failed inside the server; the log has it under reference {reference}"
            ) from None
        finally:
            if streams is not None:
                streams.give_back(user_id)
