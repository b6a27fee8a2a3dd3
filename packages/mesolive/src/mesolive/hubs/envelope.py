"""Response envelope of unary hub methods: decodes arguments, calls a service, maps errors to statuses."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import uuid4

import msgspec
import structlog

from mesolive.access.context import Role, UserContext
from mesolive.errors import ServiceError, forbidden, storage_failure
from mesolive.logs import CALL_FIELDS
from mesolive.shares import CallShares, CountedShares, Lane
from mesolive_sdk import wire
from mesolive_sdk.models import MesoLiveApiError, MesoLiveApiResponse, StatusCode
from signalr_asyncio import Hub, HubContext, Payload, Principal

A = TypeVar("A", bound=msgspec.Struct)

Service = Callable[[UserContext, A], Awaitable[object]]
"""What a method calls: the caller and the decoded arguments in, the method's data (or a whole envelope) out."""

USER = "user"
SINCE = "since"
ADDRESS = "address"

_log = structlog.get_logger(__name__)
_calls = logging.getLogger("mesolive.calls")
"""Logs every call at `debug`. A standard library logger: its level check costs little at each call."""


class Shares(msgspec.Struct, frozen=True):
    """Limits of concurrent calls and streams of one user, over all connections."""

    calls: CallShares
    streams: CountedShares


def principal_of(user: UserContext, address: str | None = None) -> Principal:
    """Return the principal of a connection that begins now; it ends when the user's API key expires.

    Parameters
    ----------
    user
        Who has connected.
    address
        From where; `None` where it is not known.
    """
    claims = {USER: user, SINCE: datetime.now(UTC), ADDRESS: address}
    return Principal(user_id=str(user.user_id), name=user.user_name, claims=claims, expires_at=user.expires_at)


def beginning_of(principal: Principal) -> tuple[datetime, str | None]:
    """Return when a connection of our hubs began, by real time, and from which address."""
    return principal.claims[SINCE], principal.claims[ADDRESS]


def user_of(context: HubContext) -> UserContext:
    """Return the user of a connection; every connection of our hubs was authenticated by `principal_of`."""
    return caller_of(context.principal)


def caller_of(principal: Principal) -> UserContext:
    """Return the user behind a connection of our hubs."""
    user = principal.claims[USER]
    assert isinstance(user, UserContext)  # noqa: S101 - the one hook that makes principals puts nothing else there
    return user


LANES = {
    "CancelOrder": Lane.RISK,
    "LiquidatePosition": Lane.RISK,
    "HaltTrading": Lane.RISK,
    "HaltAndFlatten": Lane.RISK,
    "SetPositionClosed": Lane.RISK,
    "StartPreparePositionExit": Lane.RISK,
    "GetPreparePositionExitStatus": Lane.RISK,
    "SendOrder": Lane.ORDERS,
    "ApplyPaperFills": Lane.ORDERS,
}
"""The lanes of methods; all other methods use the common lane. The method name does not distinguish orders that close
a position from those that open one, so all orders share a lane that queries do not use."""


WATCHED = frozenset(
    {
        "GetIdempotencyRecord",
        "ListAgents",
        "ListAccounts",
        "GetAccount",
        "ListStrategies",
        "GetStrategy",
        "GetStrategyVersion",
        "GetStrategyVersions",
        "ListPositions",
        "GetPosition",
        "GetRiskGraph",
        "ListLegs",
        "GetLeg",
        "GetLegs",
        "GetPreparePositionEntryStatus",
        "GetPreparePositionExitStatus",
        "GetPreparePositionAdjustmentStatus",
        "GetReconciliation",
        "ListHalts",
        "GetAccountLimits",
        "ListConnections",
        "GetOrderHistory",
        "GetEvaluations",
        "GetOutlook",
        "CheckStrategyDefinition",
        "GetStrategySchema",
        "GetEvents",
        "ListBacktestMarkets",
        "GetBacktest",
        "ListBacktests",
        "GetBacktestResult",
        "GetBacktestTrades",
        "GetBacktestDecisions",
        "CompareBacktests",
        "GetEquityHistory",
        "GetPositionHistory",
        "GetSession",
        "ListErrorAcknowledgements",
        "ListVariables",
        "ListUnderlyings",
        "GetExpirations",
        "GetChain",
        "CheckOrder",
        "GetExecPlan",
        "ListExecPlans",
        "ListNotificationRules",
        "GetOrder",
        "ListOrders",
        "ListExecutions",
        "GetExecution",
        "GetExecutions",
        "ListConnectorKinds",
        "ListConnectors",
        "GetConnectorLog",
        "GetPositionSnapshot",
        "GetLegSnapshot",
        "GetLegsSnapshot",
        "GetComboContractsSnapshot",
        "GetContractSnapshot",
        "GetUnderlyingSnapshot",
        "GetAccountSnapshot",
        "SubscribeToStrategies",
        "UnsubscribeFromStrategies",
        "GetLatestEventSeqId",
        "GetEventsSince",
    }
)
"""The methods that a caller with the role `watch` may call: every other one is refused, one that is new included.
Streams of the Data Hub read only."""

WATCH_ONLY = "WatchOnly"
"""`Error.Code` when a caller with the role `watch` calls another method."""


class EnvelopeHub(Hub):
    """Base of the hubs: decodes arguments, calls a service and wraps the outcome in the envelope.

    Attributes
    ----------
    shares
        Limits of concurrent calls and streams of one user, over all connections; `None` is no limit.
    """

    shares: Shares | None = None

    @property
    def user(self) -> UserContext:
        """The user of the connection."""
        return user_of(self.context)

    async def _answer(
        self, method: str, arguments: type[A], payload: Payload | None, service: Service[A]
    ) -> MesoLiveApiResponse[Any]:
        """Decode the argument, call the service and return its outcome in the envelope.

        Every error becomes an answer: the connection stays open.

        Parameters
        ----------
        method
            The hub method's name, for the log.
        arguments
            The args model.
        payload
            The client's argument; empty where the model has no required field.
        service
            Does the work.
        """
        user, connection = self.user, self.context.connection_id
        bound = CALL_FIELDS.set(
            {"connection": connection, "method": method, "user_id": user.user_id, "key_id": user.key_id}
        )
        try:
            began = time.perf_counter()
            if self.shares is None:
                answer = await self._outcome(method, arguments, payload, service)
            else:
                async with self.shares.calls.turn(user.user_id, LANES.get(method, Lane.COMMON)):
                    answer = await self._outcome(method, arguments, payload, service)
            if _calls.isEnabledFor(logging.DEBUG):
                _calls.debug("%s in %.3f ms", answer.Status.name, 1000 * (time.perf_counter() - began))
            return answer
        finally:
            CALL_FIELDS.reset(bound)

    async def _outcome(
        self, method: str, arguments: type[A], payload: Payload | None, service: Service[A]
    ) -> MesoLiveApiResponse[Any]:
        try:
            if self.user.role is not Role.TRADE and method not in WATCHED:
                raise forbidden(f"this key or session may only watch; {method} needs the role trade", WATCH_ONLY)
            data = await service(self.user, wire.decode_args(payload, arguments))
        except wire.WireValidationError as error:
            return MesoLiveApiResponse(
                Status=StatusCode.ValidationError,
                Message=f"the argument of {method} is not valid: {error}",
                Error=MesoLiveApiError(ValidationErrors=error.problems),
            )
        except ServiceError as error:
            return envelope_of(error)
        except Exception as error:  # noqa: BLE001 - a fault of ours is an answer too; the log has the trace
            answer = storage_failure(error)
            if answer is None:
                return self._internal(method)
            _log.warning("database_failed", code=None if answer.error is None else answer.error.Code)
            return envelope_of(answer)
        if isinstance(data, MesoLiveApiResponse):
            return data  # pyright: ignore[reportUnknownVariableType]  # the service wrapped its own data
        return MesoLiveApiResponse(Status=StatusCode.Success, Data=data)

    def _internal(self, method: str) -> MesoLiveApiResponse[Any]:
        """Return `InternalError`: the caller gets a reference, the log gets the traceback."""
        reference = uuid4().hex[:12]
        _log.exception("hub_method_failed", reference=reference)
        return MesoLiveApiResponse(
            Status=StatusCode.InternalError,
            Message=f"{method} failed inside the server; the log has it under reference {reference}",
            Error=MesoLiveApiError(Code="InternalError", Detail=reference),
        )


def envelope_of(error: ServiceError) -> MesoLiveApiResponse[Any]:
    """Return the envelope for an answer other than success."""
    return MesoLiveApiResponse(Status=error.status, Message=error.message, Error=error.error, Data=error.data)
