"""What the oracle of orders knows, and the venue that it scripts: see `trading/execution/test_order_model.py`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from mesolive.market.contracts import OptionContract
from mesolive.trading.portfolio.plans import PlanKind
from mesolive.venues.base import (
    Accepted,
    CancelDenied,
    Dedupes,
    Ended,
    Ending,
    Execution,
    SendCheck,
    SettlementFact,
    VenueFact,
    VenueOrder,
    VenueRequest,
    VenueStatus,
    VenueUnreachableError,
    unchecked,
)
from mesolive_sdk.models import AgentStatus, BrokerType
from mesolive_testkit.server import START
from mesolive_testkit.venues.desk import SIM


def price_of(contract: OptionContract) -> Decimal:
    """Return what a contract always costs here."""
    return contract.strike / 400


@dataclass(eq=False)
class Trade:
    """What the oracle knows of a plan: so many combos of contracts, some of them opened under a name."""

    plan_id: int
    kind: PlanKind
    whole: int
    ratios: Mapping[str, int]
    contracts: Mapping[str, OptionContract]
    opens: frozenset[str]
    done: bool = False


@dataclass(eq=False)
class Known:
    """What the oracle knows of an order: the truth at the venue, and what of it the server has received."""

    trade: Trade
    reference: str
    qty: int
    number: int = 0
    at_venue: bool = False
    is_acknowledged: bool = False
    filled: int = 0
    ended: str | None = None
    cancel_asked: bool = False
    fills: list[Execution] = field(default_factory=list[Execution])

    @property
    def state(self) -> str:
        if self.filled >= self.qty:
            return "Filled"
        if self.ended is not None:
            return self.ended
        if self.cancel_asked:
            return "PendingCancel"
        if self.filled:
            return "PartiallyFilled"
        return "Submitted" if self.is_acknowledged else "PendingSubmit"

    @property
    def late(self) -> bool:
        """Whether it was at the venue and ended with something left that can still be reported as filled."""
        return self.at_venue and self.state in {"Cancelled", "Expired"} and self.filled < self.qty

    @property
    def open(self) -> bool:
        return self.state in {"PendingSubmit", "Submitted", "PartiallyFilled", "PendingCancel"}


class ScriptedVenue:
    """Answers as the test says."""

    kind = BrokerType.Simulated
    dedupes = Dedupes.FOREVER
    listing_seconds = 0.0
    status = VenueStatus(state=AgentStatus.Connected)

    def __init__(self) -> None:
        self.answer = "accept"
        self.sent: list[VenueRequest] = []

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    @asynccontextmanager
    async def session(self) -> AsyncGenerator[AsyncIterator[VenueFact]]:
        raise AssertionError("reports come from the test, not from a session")
        yield

    async def submit(self, request: VenueRequest, check: SendCheck = unchecked) -> Accepted | Ended:
        assert await check() is None
        self.sent.append(request)
        if self.answer.startswith("lost"):
            raise VenueUnreachableError("no answer")
        if self.answer == "reject":
            return Ended(
                account=SIM, reference=request.reference, venue_id=None, how=Ending.REJECTED, at=START, reason="no"
            )
        return Accepted(account=SIM, reference=request.reference, venue_id=f"V{len(self.sent)}", at=START)

    async def replace(
        self, reference: str, filled: Decimal, request: VenueRequest, check: SendCheck = unchecked
    ) -> Accepted | Ended:
        raise AssertionError("the histories of the test replace no orders")

    async def cancel(self, account: str, reference: str, venue_id: str | None) -> Ended | CancelDenied | None:
        if self.answer == "lost":
            raise VenueUnreachableError("no answer")
        if self.answer == "denied":
            return CancelDenied(account=account, reference=reference, reason="no", at=START)
        if self.answer == "heard":
            return None
        return Ended(account=account, reference=reference, venue_id=venue_id, how=Ending.CANCELLED, at=START)

    async def orders(self, account: str, since: datetime) -> Sequence[VenueOrder]:
        return []

    async def executions(self, account: str, since: datetime) -> Sequence[Execution]:
        return []

    async def settlements(self, account: str, since: datetime) -> Sequence[SettlementFact]:
        return []

    async def positions(self, account: str) -> Mapping[OptionContract, Decimal]:
        return {}
