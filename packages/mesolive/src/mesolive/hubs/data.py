"""The Data Hub, `/hubs/data/v1`: live prices, greeks and PnL, each as a stream and as a snapshot.

A stream that fails ends with an error whose text is the status, a colon and the message, such as `NotFound: position
7 was not found`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import aclosing, contextmanager
from typing import Any, Protocol, TypeVar
from uuid import uuid4

import msgspec
import structlog

from mesolive.access.context import UserContext
from mesolive.errors import ServiceError, rate_limited
from mesolive.hubs.envelope import EnvelopeHub
from mesolive.signals.evaluation_stream import EvaluationStreams
from mesolive.streams.service import Streams
from mesolive_sdk import models, wire
from signalr_asyncio import ExactError, Payload, Shared, hub_method
from signalr_asyncio.server import PushedItems

A = TypeVar("A", bound=msgspec.Struct)
Answer = models.MesoLiveApiResponse[Any]
Items = PushedItems[Shared]

WAITING_ITEMS = 4
"""The maximum number of items queued for a slow client; beyond it the oldest is dropped."""

_log = structlog.get_logger(__name__)


class _Pushing(Protocol):
    """A stream whose items are pushed into a connection."""

    async def push(self, put: Callable[[Shared], None]) -> None:
        """Call `put` with each item until the stream ends."""
        ...


class DataHub(EnvelopeHub):
    """The methods of the Data Hub; one object per connection."""

    def __init__(self, streams: Streams, evaluations: EvaluationStreams) -> None:
        self._streams = streams
        self._evaluations = evaluations

    @hub_method(name="StreamPositionData", latest_only=True, buffer=WAITING_ITEMS)
    async def stream_position_data(self, args: Payload | None = None) -> Items:
        """Stream a position, its legs and its leg groups."""
        items = self._streams.position
        return self._follow("StreamPositionData", models.StreamPositionDataArgs, args, items)

    @hub_method(name="StreamPositionsData")
    async def stream_positions_data(self, args: Payload | None = None) -> AsyncGenerator[Shared]:
        """Stream many positions, an item for each that changes."""
        method = "StreamPositionsData"
        with _following(self, method):
            many = self._streams.positions(self.user, wire.decode_args(args, models.StreamPositionsDataArgs))
            async with aclosing(many.items()) as items:
                async for item in items:
                    yield item

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

    @hub_method(name="StreamChainData", latest_only=True, buffer=WAITING_ITEMS)
    async def stream_chain_data(self, args: Payload | None = None) -> Items:
        """Stream a window of strikes."""
        return self._follow("StreamChainData", models.StreamChainDataArgs, args, self._streams.chain)

    @hub_method(name="StreamEvaluations", latest_only=True, buffer=WAITING_ITEMS)
    async def stream_evaluations(self, args: Payload | None = None) -> Items:
        """Stream the evaluations of strategies and positions, also those whose conditions were false."""
        return self._follow("StreamEvaluations", models.StreamEvaluationsArgs, args, self._evaluations.follow)

    @hub_method(name="StreamAccountData", latest_only=True, buffer=WAITING_ITEMS)
    async def stream_account_data(self, args: Payload | None = None) -> Items:
        """Stream an account's value, PnL and greeks."""
        return self._follow("StreamAccountData", models.StreamAccountDataArgs, args, self._streams.account)

    @hub_method(name="GetAccountSnapshot")
    async def get_account_snapshot(self, args: Payload | None = None) -> Answer:
        """Return an account's value, PnL and greeks."""
        service = self._streams.account_snapshot
        return await self._answer("GetAccountSnapshot", models.GetAccountSnapshotArgs, args, service)

    def _follow(
        self,
        method: str,
        arguments: type[A],
        payload: Payload | None,
        stream: Callable[[UserContext, A], _Pushing],
    ) -> Items:
        """Return the items of a stream; its argument is decoded and its user's share taken when it begins."""
        return _Followed(self, method, lambda: stream(self.user, wire.decode_args(payload, arguments)))


class _Followed(PushedItems[Shared]):
    """The items of one stream; a failure ends it, its status first in the text.

    Parameters
    ----------
    hub
        The connection's hub object.
    method
        The hub method, for the log and the errors.
    begin
        Decodes the argument and returns the stream.
    """

    def __init__(self, hub: DataHub, method: str, begin: Callable[[], _Pushing]) -> None:
        self._hub = hub
        self._method = method
        self._begin = begin

    async def push(self, put: Callable[[Shared], None]) -> None:
        """Push the items into the connection until the stream ends."""
        with _following(self._hub, self._method):
            await self._begin().push(put)


@contextmanager
def _following(hub: DataHub, method: str) -> Generator[None]:
    """Take the user's share of a stream; a failure within ends the stream, its status first in the text.

    Parameters
    ----------
    method
        The hub method, for the log and the errors.
    """
    user_id, streams = hub.user.user_id, None if hub.shares is None else hub.shares.streams
    if streams is not None and not streams.take(user_id):
        refused = rate_limited(
            f"you have {streams.maximum} streams open, over all connections, and may have no more",
            code="TooManyStreams",
        )
        raise ExactError(str(refused))
    try:
        yield
    except wire.WireValidationError as error:
        raise ExactError(f"ValidationError: the argument of {method} is not valid: {error}") from None
    except ServiceError as error:
        raise ExactError(str(error)) from None
    except Exception:  # noqa: BLE001 - a fault of ours: the caller gets a reference, the log gets the trace
        reference = uuid4().hex[:12]
        _log.exception("hub_stream_failed", method=method, reference=reference, user_id=user_id)
        raise ExactError(
            f"InternalError: {method} failed inside the server; the log has it under reference {reference}"
        ) from None
    finally:
        if streams is not None:
            streams.give_back(user_id)
