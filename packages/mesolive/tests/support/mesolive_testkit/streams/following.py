"""Who follows a stream, and what is followed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from datetime import UTC, datetime, time
from decimal import Decimal

import pytest

from mesolive.access.context import UserContext
from mesolive.errors import ServiceError
from mesolive.market.contracts import Right
from mesolive.streams.service import LiveStream
from mesolive_sdk import models
from mesolive_testkit.streams.positions import FakePositions, leg, position
from mesolive_testkit.streams.running import DAY, contract, item, settled
from signalr_asyncio import Shared

CALL, PUT, FAR = contract(Right.CALL, 5100), contract(Right.PUT, 4900), contract(Right.CALL, 5400)
OTHER = UserContext(2, "other", "key")
SPX = models.LiveUnderlying(Symbol="SPX", ContractType=models.MesoContractType.Index, Currency="USD")
IBKR = models.DataProviderType.Ibkr


def strangle() -> FakePositions:
    """Return a short strangle that has realised something."""
    return FakePositions(position(1, leg(1, CALL, -1, "60", group=1), leg(2, PUT, -1, "70", group=1), realized="5"))


def position_args(**changes: object) -> models.StreamPositionDataArgs:
    """Return arguments of a position's stream."""
    return models.StreamPositionDataArgs(**{"PositionId": 1, **changes})  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] - fields by name


def live_contract(strike: int = 5100, changes: Mapping[str, object] | None = None) -> models.LiveContract:
    """Return a contract as the wire names it."""
    fields: dict[str, object] = {
        "ContractType": models.MesoContractType.Options,
        "Underlying": SPX,
        "Root": "SPXW",
        "OptionType": models.MesoOptionType.Call,
        "Expiration": datetime.combine(DAY, time(), UTC),
        "Strike": Decimal(strike),
    }
    return models.LiveContract(**fields | (changes or {}))  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] - fields by name


class Follower:
    """Takes the items of a stream as they come."""

    def __init__(self, stream: LiveStream) -> None:
        self.items: list[Shared] = []
        self.error: BaseException | None = None
        self.task = asyncio.create_task(self._run(stream))

    async def _run(self, stream: LiveStream) -> None:
        try:
            async with aclosing(stream):
                async for item in stream:
                    self.items.append(item)
        except ServiceError as error:
            self.error = error

    @property
    def ended(self) -> bool:
        """Whether the stream has ended."""
        return self.task.done()

    def last(self) -> models.PositionDataEntry:
        """Return the latest item, of a position."""
        return item(self.items[-1], models.PositionDataEntry)

    def last_of_account(self) -> models.AccountDataEntry:
        """Return the latest item, of an account."""
        return item(self.items[-1], models.AccountDataEntry)

    async def leave(self) -> None:
        """Follow no more."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


async def follow(stream: LiveStream) -> Follower:
    """Follow a stream from now on."""
    follower = Follower(stream)
    await settled()
    return follower


async def refused(stream: LiveStream) -> ServiceError:
    """Return how a stream is refused."""
    with pytest.raises(ServiceError) as raised:
        await anext(stream)
    return raised.value
