"""What a notification says of an event, and of which kind the event is. Pure."""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct

from mesolive_sdk import models
from mesolive_sdk.models import NotificationKind as Kind
from mesolive_sdk.models import OrderState, SignalState

MAX_LINE = 300
"""Characters of one event's line; what strategies are called is bounded elsewhere, texts of brokers are not."""

ENDED_BADLY = frozenset({OrderState.Rejected, OrderState.Cancelled, OrderState.Expired})

FILLED = frozenset({OrderState.PartiallyFilled, OrderState.Filled})


class Note(Struct, frozen=True):
    """A notification of one event: its kind and its line.

    Attributes
    ----------
    line
        One line without its time.
    """

    kind: Kind
    line: str


def note_of(event: object) -> Note | None:
    """Return the notification of an event; `None` for events without one, such as the end of a signal."""
    match event:
        case models.EntrySignalEvent(State=SignalState.On):
            return Note(Kind.Signals, _line(f"entry signal: {event.StrategyName} on {event.BrokerAccountId}"))
        case models.ExitSignalEvent(State=SignalState.On):
            return Note(Kind.Signals, _line(f"exit signal: {_position(event)}"))
        case models.AdjustmentSignalEvent(State=SignalState.On):
            return Note(Kind.Signals, _line(f"adjustment signal: {_position(event)}: {event.Condition.Statement}"))
        case models.OrderUpdateEvent():
            return _order(event)
        case models.OrderRefusedEvent():
            of = event.StrategyName or f"exec plan {event.ExecPlanId}"
            text = f"order refused ({event.Code}): {of} on {event.BrokerAccountId}: {event.Message}"
            return Note(Kind.Limits, _line(text))
        case models.PositionUpdateEvent():
            return Note(
                Kind.Positions,
                _line(f"position {event.Status.value.lower()}: {_position(event)}, realised {event.RealizedPnL:,.2f}"),
            )
        case models.ErrorEvent(State=models.ErrorState.Active):
            where = event.PositionName or event.StrategyName or event.BrokerAccountId
            return Note(Kind.Errors, _line(f"error: {where + ': ' if where else ''}{event.Message or 'unknown'}"))
        case models.AgentStatusEvent():
            return _agent(event)
        case models.HaltChangeEvent():
            what = "entries" if event.Scope is models.HaltScope.Entries else "trading"
            where = event.BrokerAccountId or "all accounts"
            done = "halted" if event.Halted else "resumed"
            return Note(Kind.Halts, _line(f"{what} {done} on {where}: {event.Reason}"))
        case models.AccessEvent():
            return Note(Kind.Access, _line(_access(event)))
        case _:
            return None


def concerns(event: object, strategy_id: int | None, broker_account_id: str | None) -> bool:
    """Return whether an event is of a strategy and an account; one that does not name them concerns all."""
    of_strategy = getattr(event, "StrategyId", None)
    of_account = getattr(event, "BrokerAccountId", None)
    return (strategy_id is None or of_strategy is None or of_strategy == strategy_id) and (
        broker_account_id is None or of_account is None or of_account == broker_account_id
    )


def wanted_note(
    event: object, kinds: Collection[Kind], strategy_id: int | None, broker_account_id: str | None
) -> Note | None:
    """Return the notification of an event under a rule; `None` for none."""
    note = note_of(event)
    if note is None or note.kind not in kinds or not concerns(event, strategy_id, broker_account_id):
        return None
    return note


def _order(event: models.OrderUpdateEvent) -> Note | None:
    order = f"order {event.OrderId} of {event.StrategyName} on {event.BrokerAccountId or 'its account'}"
    if event.FillPrice is not None and event.State in FILLED:
        rest = f", {abs(event.RemainingQty):f} left" if event.RemainingQty else ""
        return Note(Kind.Fills, _line(f"fill: {order} at {event.FillPrice:f}{rest}"))
    if event.State in ENDED_BADLY:
        why = "" if event.Rejection is None else f": {event.Rejection.Reason}"
        return Note(Kind.Orders, _line(f"order {event.State.value.lower()}: {order}{why}"))
    return None


_ACCESS_WORDS = {
    models.AccessChange.SignedIn: "browser signed in",
    models.AccessChange.SignedInAgain: "browser presented a key again",
    models.AccessChange.SessionEnded: "browser signed out",
    models.AccessChange.SessionExpired: "session of a browser ended by age",
    models.AccessChange.KeyCreated: "API key created",
    models.AccessChange.KeyRevoked: "API key revoked",
}


def _access(event: models.AccessEvent) -> str:
    if event.Change is models.AccessChange.SignInRefused:
        attempts = event.Attempts or 1
        return f"{attempts} {'sign-in' if attempts == 1 else 'sign-ins'} refused, the last from {event.Address or '?'}"
    of_session = f" from {event.Address}" if event.Address else ""
    of_key = f" {event.KeyLabel or event.KeyId}" if event.SessionId is None else ""
    said = f"{_ACCESS_WORDS.get(event.Change, 'access changed')}{of_key}{of_session} ({event.Role})"
    if event.Change is models.AccessChange.SessionExpired:
        return said
    return f"{said}, by {event.By or 'the command line'}"


def _agent(event: models.AgentStatusEvent) -> Note:
    name = "an agent" if event.Connector is None else str(event.Connector)
    if event.Status is models.AgentStatus.Connected:
        return Note(Kind.Agents, _line(f"agent is back: {event.Message or name}"))
    return Note(Kind.Agents, _line(f"agent {event.Status.value.lower()}: {event.Message or name}"))


def _position(event: models.ExitSignalEvent | models.AdjustmentSignalEvent | models.PositionUpdateEvent) -> str:
    return f"{event.PositionName} (#{event.PositionId}, {event.StrategyName}) on {event.BrokerAccountId or '?'}"


def _line(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= MAX_LINE else f"{flat[: MAX_LINE - 1]}…"
