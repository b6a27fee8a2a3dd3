"""Event Hub client: callbacks, strategy subscriptions and event replay."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from functools import cached_property
from typing import Any, ClassVar, TypeVar

import msgspec

from mesolive_sdk import models
from mesolive_sdk.clients._base import HubClient, signalr_error
from mesolive_sdk.wire import WireValidationError, decode_event, decode_reply

logger = logging.getLogger("mesolive_sdk.events")

R = TypeVar("R")


class MesoLiveEventHubClient(HubClient):
    """Signals, updates and errors as they happen, and their replay.

    A handler is registered with the callback's name (`on_entry_signal(handler)`, which also serves as a decorator) and
    is a function or a coroutine function that takes the event. The handlers of one callback run one after another, in
    the order of the events; what they raise is logged and ends nothing. Handlers may be registered before the client is
    started, which is the way to miss nothing of what the server sends on connect. Overlap with a replay is expected:
    de-duplicate by `EventId`. Constructor arguments are those of `HubClient`.

    Raises
    ------
    MesoLiveApiException
        From each method, when the server answers with another status than `Success`.
    MesoLiveTimeoutError
        From each method, when no answer comes within the client's `timeout`.
    MesoLiveSignalRError
        From each method, when the connection fails.
    signalr_asyncio.protocol.codec.EncodeError
        From each method, when an argument has no form on the wire; nothing was sent.
    """

    path: ClassVar[str] = "/hubs/event/v1"

    @cached_property
    def _handlers(self) -> dict[str, list[Callable[[Any], object]]]:
        return {}

    async def subscribe_to_strategies(
        self, args: models.SubscribeToStrategiesArgs | None = None
    ) -> models.SubscribeToStrategiesResult:
        """Subscribe to the events of strategies; without a list, of all that the user has now and creates later."""
        return await self._call(
            "SubscribeToStrategies", args or models.SubscribeToStrategiesArgs(), models.SubscribeToStrategiesResult
        )

    async def unsubscribe_from_strategies(
        self, args: models.UnsubscribeFromStrategiesArgs | None = None
    ) -> models.UnsubscribeFromStrategiesResult:
        """End subscriptions to the events of strategies; without a list, of all."""
        return await self._call(
            "UnsubscribeFromStrategies",
            args or models.UnsubscribeFromStrategiesArgs(),
            models.UnsubscribeFromStrategiesResult,
        )

    async def get_latest_event_seq_id(
        self, args: models.GetLatestEventSeqIdArgs | None = None
    ) -> models.GetLatestEventSeqIdResult:
        """Return the number of the last event."""
        return await self._call(
            "GetLatestEventSeqId", args or models.GetLatestEventSeqIdArgs(), models.GetLatestEventSeqIdResult
        )

    async def get_events(self, args: models.GetEventsArgs | None = None) -> models.GetEventsResult:
        """Return events backwards from an id or the newest, by what they are of and what they contain.

        Each envelope's `Event` is the callback's model, if this SDK knows it.
        """
        result = await self._call("GetEvents", args or models.GetEventsArgs(), models.GetEventsResult)
        return _decoded(result, "GetEvents")

    async def get_events_since(self, args: models.GetEventsSinceArgs) -> models.GetEventsSinceResult:
        """Return the events after a number; each envelope's `Event` is the callback's model, if this SDK knows it."""
        result = await self._call("GetEventsSince", args, models.GetEventsSinceResult)
        return _decoded(result, "GetEventsSince")

    def on_entry_signal(
        self, handler: Callable[[models.EntrySignalEvent], R]
    ) -> Callable[[models.EntrySignalEvent], R]:
        """Have `handler(event)` called when a strategy may be entered, or may not any more."""
        return self._on("OnEntrySignal", handler)

    def on_exit_signal(self, handler: Callable[[models.ExitSignalEvent], R]) -> Callable[[models.ExitSignalEvent], R]:
        """Have `handler(event)` called when a position should be closed, or should not any more."""
        return self._on("OnExitSignal", handler)

    def on_adjustment_signal(
        self, handler: Callable[[models.AdjustmentSignalEvent], R]
    ) -> Callable[[models.AdjustmentSignalEvent], R]:
        """Have `handler(event)` called when a position should be adjusted, or should not any more."""
        return self._on("OnAdjustmentSignal", handler)

    def on_order_update(
        self, handler: Callable[[models.OrderUpdateEvent], R]
    ) -> Callable[[models.OrderUpdateEvent], R]:
        """Have `handler(event)` called when an order has changed."""
        return self._on("OnOrderUpdate", handler)

    def on_position_update(
        self, handler: Callable[[models.PositionUpdateEvent], R]
    ) -> Callable[[models.PositionUpdateEvent], R]:
        """Have `handler(event)` called when a position was created, closed or adjusted, or its realised PnL changed."""
        return self._on("OnPositionUpdate", handler)

    def on_leg_update(self, handler: Callable[[models.LegUpdateEvent], R]) -> Callable[[models.LegUpdateEvent], R]:
        """Have `handler(event)` called when a leg has changed."""
        return self._on("OnLegUpdate", handler)

    def on_agent_status_change(
        self, handler: Callable[[models.AgentStatusEvent], R]
    ) -> Callable[[models.AgentStatusEvent], R]:
        """Have `handler(event)` called when an agent's status has changed."""
        return self._on("OnAgentStatusChange", handler)

    def on_halt_change(self, handler: Callable[[models.HaltChangeEvent], R]) -> Callable[[models.HaltChangeEvent], R]:
        """Have `handler(event)` called when trading was halted or resumed."""
        return self._on("OnHaltChange", handler)

    def on_order_refused(
        self, handler: Callable[[models.OrderRefusedEvent], R]
    ) -> Callable[[models.OrderRefusedEvent], R]:
        """Call `handler` for each order that a halt or a risk limit did not let leave."""
        return self._on("OnOrderRefused", handler)

    def on_access_event(self, handler: Callable[[models.AccessEvent], R]) -> Callable[[models.AccessEvent], R]:
        """Call `handler` for each sign-in, ended session, created and revoked key of the user."""
        return self._on("OnAccessEvent", handler)

    def on_error(self, handler: Callable[[models.ErrorEvent], R]) -> Callable[[models.ErrorEvent], R]:
        """Have `handler(event)` called when an error began or ended."""
        return self._on("OnError", handler)

    def on_position_entry_preparation_completed(
        self, handler: Callable[[models.PositionEntryPreparationCompletedEvent], R]
    ) -> Callable[[models.PositionEntryPreparationCompletedEvent], R]:
        """Have `handler(event)` called when preparing an entry is completed."""
        return self._on("OnPositionEntryPreparationCompleted", handler)

    def on_position_exit_preparation_completed(
        self, handler: Callable[[models.PositionExitPreparationCompletedEvent], R]
    ) -> Callable[[models.PositionExitPreparationCompletedEvent], R]:
        """Have `handler(event)` called when preparing an exit is completed."""
        return self._on("OnPositionExitPreparationCompleted", handler)

    def on_position_adjustment_preparation_completed(
        self, handler: Callable[[models.PositionAdjustmentPreparationCompletedEvent], R]
    ) -> Callable[[models.PositionAdjustmentPreparationCompletedEvent], R]:
        """Have `handler(event)` called when preparing an adjustment is completed."""
        return self._on("OnPositionAdjustmentPreparationCompleted", handler)

    def on_position_entry_preparation_failed(
        self, handler: Callable[[models.PositionEntryPreparationFailedEvent], R]
    ) -> Callable[[models.PositionEntryPreparationFailedEvent], R]:
        """Have `handler(event)` called when preparing an entry has failed."""
        return self._on("OnPositionEntryPreparationFailed", handler)

    def on_position_exit_preparation_failed(
        self, handler: Callable[[models.PositionExitPreparationFailedEvent], R]
    ) -> Callable[[models.PositionExitPreparationFailedEvent], R]:
        """Have `handler(event)` called when preparing an exit has failed."""
        return self._on("OnPositionExitPreparationFailed", handler)

    def on_position_adjustment_preparation_failed(
        self, handler: Callable[[models.PositionAdjustmentPreparationFailedEvent], R]
    ) -> Callable[[models.PositionAdjustmentPreparationFailedEvent], R]:
        """Have `handler(event)` called when preparing an adjustment has failed."""
        return self._on("OnPositionAdjustmentPreparationFailed", handler)

    def on_auto_update_vars_adjustment_started(
        self, handler: Callable[[models.AutoUpdateVarsAdjustmentStartedEvent], R]
    ) -> Callable[[models.AutoUpdateVarsAdjustmentStartedEvent], R]:
        """Have `handler(event)` called when the server begins to update variables by itself."""
        return self._on("OnAutoUpdateVarsAdjustmentStarted", handler)

    def on_auto_update_vars_adjustment_completed(
        self, handler: Callable[[models.AutoUpdateVarsAdjustmentCompletedEvent], R]
    ) -> Callable[[models.AutoUpdateVarsAdjustmentCompletedEvent], R]:
        """Have `handler(event)` called when the server has updated variables by itself."""
        return self._on("OnAutoUpdateVarsAdjustmentCompleted", handler)

    def on_auto_update_vars_adjustment_failed(
        self, handler: Callable[[models.AutoUpdateVarsAdjustmentFailedEvent], R]
    ) -> Callable[[models.AutoUpdateVarsAdjustmentFailedEvent], R]:
        """Have `handler(event)` called when the server could not update variables by itself."""
        return self._on("OnAutoUpdateVarsAdjustmentFailed", handler)

    def on_any_event(self, handler: Callable[[models.MesoLiveEvent], R]) -> Callable[[models.MesoLiveEvent], R]:
        """Have `handler(event)` called for each event of every callback; `type(event).callback` names it."""
        for callback in models.EVENT_MODELS:
            self._on(callback, handler)
        return handler

    def remove_handler(self, handler: Callable[[Any], object]) -> None:
        """Have a handler called no more, for whatever it was registered."""
        for handlers in self._handlers.values():
            while handler in handlers:
                handlers.remove(handler)

    async def start(self) -> None:
        """Connect; events of callbacks without a handler are passed over in silence."""
        for callback in models.EVENT_MODELS:
            self._listen(callback)
        await super().start()

    def _on(self, callback: str, handler: Callable[[Any], R]) -> Callable[[Any], R]:
        self._listen(callback).append(handler)
        return handler

    def _listen(self, callback: str) -> list[Callable[[Any], object]]:
        handlers = self._handlers.get(callback)
        if handlers is None:
            handlers = self._handlers[callback] = []
            model = models.EVENT_MODELS[callback]

            async def dispatch(argument: msgspec.Raw) -> None:
                if self._handlers[callback]:
                    await self._dispatch(callback, model, argument)

            self._connection.on(callback, dispatch, types=(msgspec.Raw,))
        return handlers

    async def _dispatch(self, callback: str, model: type[models.MesoLiveEvent], argument: msgspec.Raw) -> None:
        try:
            event = decode_reply(argument, model, self._encoding)
        except WireValidationError:
            logger.exception("An event of %s cannot be read", callback)
            return
        for handler in tuple(self._handlers[callback]):
            try:
                outcome = handler(event)
                if inspect.isawaitable(outcome):
                    await outcome
            except Exception:
                logger.exception("A handler of %s failed on event %s", callback, event.EventSeqId)


_E = TypeVar("_E", models.GetEventsResult, models.GetEventsSinceResult)


def _decoded(result: _E, method: str) -> _E:
    """Give each envelope its callback's model, if this SDK knows it."""
    try:
        for envelope in result.Events:
            event = decode_event(envelope)
            if event is not None:
                envelope.Event = event
    except WireValidationError as error:
        raise signalr_error(error, method) from error
    return result
