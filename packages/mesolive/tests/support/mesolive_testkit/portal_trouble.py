"""A server on a bad day for the Portal: long names, huge numbers, an error, a halt, orders that wait."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from mesolive.trading.execution.halts import halt
from mesolive.venues.simulated.faults import Fault
from mesolive_sdk import models, new_idempotency_key
from mesolive_testkit.portal import SIMULATED, Portal, make_live
from mesolive_testkit.server import ACCOUNT, Kit, definition, fills_args

LONG = "Broken-wing butterfly on the index, hedged by verticals, entered twice a week " + "W" * 40
"""A name that is longer than any column, with a word that no line of a phone holds."""

RICH = "ML99999999999999999999999999999"
"""A paper account with as many characters as an id may have, and with more cash than a tile of the front page shows."""

MANY = Decimal(20_000)
"""Contracts of the huge position: its margin and its greeks have nine digits and more."""

UNKNOWN = (
    "underlying_price + nil > 0 -- " + "a note of a person who explains at length what is waited for here, and why"
)
"""A condition that fails whenever it is evaluated."""


@dataclass(frozen=True)
class Trouble:
    """What is in trouble, by the addresses of its pages."""

    strategy: int
    position: int
    order: int
    ticket: str

    @property
    def paths(self) -> tuple[str, ...]:
        """The addresses of the pages that need a number."""
        return (f"strategies/{self.strategy}", f"positions/{self.position}", f"orders/{self.order}", self.ticket)


async def enter_many(kit: Kit, strategy: int, name: str) -> int:
    """Open a position of `MANY` times the quantities of the strategy, and return its id."""
    status = await kit.prepare_entry(strategy, name=name)
    assert status.Result is not None, status.Error
    plan = status.Result
    fills = fills_args(plan.ExecPlanId, plan.SelectedLegs, plan.LegPrices, multiplier=MANY)
    return (await kit.control.apply_paper_fills(fills)).PositionId


async def waiting_order(portal: Portal, strategy: models.LiveStrategy, *, lost: bool) -> tuple[int, str]:
    """Send an order that does not fill, or of which the venue says nothing; return its id and its ticket's address."""
    control = portal.kit.control
    job, plan = await portal.simulated_plan(strategy, LONG)
    (group,) = plan.LegGroups
    if lost:
        portal.faults.ask(Fault.REQUEST_LOST)
    order = models.LegGroupOrder(
        OrderType=models.OrderType.Limit,
        TimeInForce=models.TimeInForce.Day,
        LimitPrice=Decimal(-60),
        LegNames=list(plan.LegGroups[group]),
    )
    sent = await control.send_order(
        models.SendOrderArgs(
            IdempotencyKey=new_idempotency_key(),
            BrokerAccountId=SIMULATED,
            ExecPlanId=plan.ExecPlanId,
            LegGroupId=group,
            LegGroupOrder=order,
        )
    )
    return sent.LiveOrderId, f"tickets/{job}?kind=entry"


async def bad_day(portal: Portal) -> Trouble:
    """Bring everything about that a page may have to say at once."""
    kit = portal.kit
    owner = await kit.application.access.user("trader")
    await kit.application.accounts.create_paper(owner, RICH, Decimal("123456789012.34"))
    strategy = await kit.control.create_strategy(
        models.CreateStrategyArgs(
            StrategyDefinition=definition(StrategyName=LONG), ActiveOnAccounts=[ACCOUNT, SIMULATED, RICH]
        )
    )
    failing = definition(StrategyName=f"{LONG} 2")
    failing["Entry"] = failing["Entry"] | {"Conditions": [UNKNOWN]}
    await kit.control.create_strategy(models.CreateStrategyArgs(StrategyDefinition=failing, ActiveOnAccounts=[ACCOUNT]))
    position = await enter_many(kit, strategy.Id, LONG)
    closed = await kit.enter(strategy.Id, f"{LONG} closed")
    await kit.leave(closed.PositionId)
    await waiting_order(portal, strategy, lost=False)
    order, ticket = await waiting_order(portal, strategy, lost=True)
    await make_live(kit)
    for _ in range(130):
        await kit.advance(1)
    reason = "the feed of the index was lost for minutes on end, and nobody knows yet what the broker did meanwhile"
    await halt(kit.application.database, reason, kit.application.clock.now(), ACCOUNT)
    return Trouble(strategy.Id, position, order, ticket)
