"""Positions as a store would hold them."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from mesolive.market.contracts import OptionContract
from mesolive.records import replace
from mesolive.trading.portfolio.accounting import Holding
from mesolive.trading.portfolio.contract_rows import TradedContract
from mesolive.trading.portfolio.positions import Leg, Position
from mesolive_sdk import models

MOMENT = datetime(2024, 3, 11, 14, 30, tzinfo=UTC)


def leg(
    number: int,
    contract: OptionContract,
    qty: int,
    price: str,
    *,
    group: int = 0,
    realized: str = "0",
    closed: bool = False,
) -> Leg:
    """Return an open leg that was entered at `price` per unit with commission, or a marker leg where `qty` is 0."""
    open_qty = Decimal(0) if closed else Decimal(qty)
    return Leg(
        id=number,
        position_id=1,
        name=f"leg{number}",
        traded=TradedContract(contract, datetime(2024, 4, 19, 20, tzinfo=UTC)),
        status=models.LegStatus.Closed if closed else models.LegStatus.Open,
        qty=Decimal(qty),
        holding=Holding(open_qty, open_qty * Decimal(price) * contract.multiplier, contract.multiplier),
        entry_price=Decimal(price),
        leg_group_id=group,
        expiration_name=None,
        realized_pnl=Decimal(realized),
        user_realized_pnl=None,
        created_at=MOMENT,
        closed_at=MOMENT if closed else None,
        broker_account_id="ML1000",
    )


def position(number: int, *legs: Leg, user: int = 1, realized: str = "0", closed: bool = False) -> Position:
    """Return a position of a user."""
    return Position(
        id=number,
        user_id=user,
        account_id=1,
        broker_account_id="ML1000",
        entry_plan_id=1,
        strategy_id=1,
        strategy_name="a strategy",
        name=f"position {number}",
        state=models.LivePositionState.Closed if closed else models.LivePositionState.Open,
        qty_multiplier=Decimal(1),
        variables={},
        realized_pnl=Decimal(realized),
        adjustment_count=0,
        created_at=MOMENT,
        closed_at=MOMENT if closed else None,
        legs=legs,
    )


class FakePositions:
    """Serves the positions that it is given.

    Attributes
    ----------
    reads
        How often anything was read.
    held_back
        While it is set to an event, reads wait for it.
    failure
        Is raised by the next read.
    """

    def __init__(self, *positions: Position) -> None:
        self.by_id = {position.id: position for position in positions}
        self.reads = 0
        self.held_back: asyncio.Event | None = None
        self.failure: Exception | None = None

    def put(self, changed: Position) -> None:
        """Replace a position."""
        self.by_id[changed.id] = changed

    def with_legs(self, number: int, *legs: Leg, realized: str | None = None, closed: bool = False) -> None:
        """Give a position other legs, or close it."""
        old = self.by_id[number]
        self.put(
            replace(
                old,
                legs=legs,
                realized_pnl=old.realized_pnl if realized is None else Decimal(realized),
                closed_at=MOMENT if closed else None,
            )
        )

    async def read_many(self, user_id: int, position_ids: Collection[int]) -> dict[int, Position]:
        """Return the user's positions among `position_ids`."""
        await self._read()
        return {
            number: known for number in position_ids if (known := self.by_id.get(number)) and known.user_id == user_id
        }

    async def read_legs(self, user_id: int, leg_ids: Sequence[int]) -> list[Leg]:
        """Return the user's legs among `leg_ids`."""
        await self._read()
        legs = {leg.id: leg for position in self.by_id.values() if position.user_id == user_id for leg in position.legs}
        return [legs[number] for number in dict.fromkeys(leg_ids) if number in legs]

    async def _read(self) -> None:
        self.reads += 1
        if self.held_back is not None:
            await self.held_back.wait()
        failure, self.failure = self.failure, None
        if failure is not None:
            raise failure
