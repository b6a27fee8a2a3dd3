"""What a risk graph is drawn of: positions as they are held, what a plan would still trade, and candidates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from mesolive.access.context import UserContext
from mesolive.errors import conflict, not_found, unavailable, validation
from mesolive.market.contracts import OptionContract
from mesolive.market.service import Market, UnknownContractError, UnknownProviderError, UnknownUnderlyingError
from mesolive.store.database import Database, Transaction
from mesolive.trading.orders.repository import orders_of_plans
from mesolive.trading.portfolio.accounts import account_by_id, find_account
from mesolive.trading.portfolio.plans import PlanKind, PlanState, find_plan, group_quantities
from mesolive.trading.portfolio.positions import Position, open_position_ids, positions_by_id
from mesolive.trading.strategies import find_strategy
from mesolive_sdk import models

ZERO, ONE = Decimal(0), Decimal(1)

MAX_CHOSEN = 1000
"""The most open positions that a choice by strategy or account sums."""


@dataclass(slots=True)
class Holding:
    """A contract in the sum of all that a graph is drawn of.

    Attributes
    ----------
    names
        Of its legs.
    qty
        Signed contracts, those that would be traded included.
    cost
        What was paid for those that are held, in account currency.
    traded
        Signed contracts that would be traded, at the mark.
    """

    names: list[str] = field(default_factory=list[str])
    qty: Decimal = ZERO
    cost: Decimal = ZERO
    traded: Decimal = ZERO


@dataclass(slots=True)
class GraphHoldings:
    """All that a graph is drawn of, each contract once.

    Attributes
    ----------
    provider
        Whose quotes value it; `None` for the provider that serves the underlying.
    realized
        What its positions have realised, in account currency.
    position_ids
        The positions in the sum.
    """

    provider: models.DataProviderType | None = None
    realized: Decimal = ZERO
    position_ids: list[int] = field(default_factory=list[int])
    contracts: dict[OptionContract, Holding] = field(default_factory=dict[OptionContract, Holding])

    def hold(self, contract: OptionContract, name: str, qty: Decimal, cost: Decimal) -> None:
        """Add contracts that are held."""
        holding = self.contracts.setdefault(contract, Holding())
        holding.names.append(name)
        holding.qty += qty
        holding.cost += cost

    def trade(self, contract: OptionContract, name: str, qty: Decimal) -> None:
        """Add contracts that would be traded."""
        holding = self.contracts.setdefault(contract, Holding())
        holding.names.append(name)
        holding.qty += qty
        holding.traded += qty


async def read_holdings(
    database: Database, market: Market, user: UserContext, args: models.GetRiskGraphArgs
) -> GraphHoldings:
    """Return what the caller asks a graph of.

    Raises
    ------
    ServiceError
        `NotFound` for a position, a strategy, an account, a plan or a contract that is not there; `Conflict` for a plan
        that was executed; `ProviderUnavailable` for a provider that this server does not run.
    """
    result = GraphHoldings(_provider(market, args.Provider))
    if args.QtyMultiplier is not None and args.ExecPlanId is None:
        raise validation({"QtyMultiplier": [f"expected none without ExecPlanId, got {args.QtyMultiplier}"]})
    ids = list(dict.fromkeys(args.PositionIds or ()))
    async with database.read() as tx:
        if args.ExecPlanId is not None:
            changed = await _add_plan(tx, user.user_id, args.ExecPlanId, args.QtyMultiplier, result)
            ids += [changed] if changed is not None and changed not in ids else []
        named = len(ids)
        ids += [chosen for chosen in await _chosen_ids(tx, user.user_id, args) if chosen not in ids]
        positions = await positions_by_id(tx, user.user_id, ids)
        for place, position_id in enumerate(ids):
            position = positions.get(position_id)
            if position is None:
                raise not_found(f"position {position_id}")
            if place >= named and args.Symbol not in {None, *_underlyings(position)}:
                continue
            result.position_ids.append(position_id)
            result.realized += position.realized_pnl
            result.provider = result.provider or position.provider
            for leg in position.open_legs:
                if leg.holding.qty != 0:
                    name = f"{position.name}: {leg.name}"
                    result.hold(leg.traded.contract, name, leg.holding.qty, leg.holding.cost)
    for place, candidate in enumerate(args.Combo or ()):
        if not candidate.Ratio.is_finite() or candidate.Ratio == 0:
            raise validation({f"Combo[{place}].Ratio": [f"expected a number other than 0, got {candidate.Ratio}"]})
        contract = _resolved(market, candidate.Contract, result.provider, f"Combo[{place}].Contract")
        result.trade(contract, f"Combo[{place}]", candidate.Ratio)
    return result


async def _chosen_ids(tx: Transaction, user_id: int, args: models.GetRiskGraphArgs) -> Sequence[int]:
    """Return the open positions of a strategy, of an account, or of a strategy on an account; none without a choice."""
    if args.StrategyId is None and args.BrokerAccountId is None:
        if args.Symbol is not None:
            raise validation({"Symbol": ["expected none without StrategyId or BrokerAccountId"]})
        return ()
    if args.StrategyId is not None:
        await find_strategy(tx, user_id, args.StrategyId, deleted=True)
    account = None if args.BrokerAccountId is None else await find_account(tx, user_id, args.BrokerAccountId)
    account_id = None if account is None else account.id
    ids = await open_position_ids(tx, user_id, args.StrategyId, account_id, MAX_CHOSEN + 1)
    if len(ids) > MAX_CHOSEN:
        field = "StrategyId" if args.StrategyId is not None else "BrokerAccountId"
        raise validation({field: [f"expected a choice of at most {MAX_CHOSEN} open positions"]})
    return ids


def _underlyings(position: Position) -> set[str]:
    return {leg.traded.contract.underlying for leg in position.open_legs if leg.holding.qty != 0}


async def _add_plan(
    tx: Transaction, user_id: int, plan_id: int, multiplier: Decimal | None, result: GraphHoldings
) -> int | None:
    """Add what a plan would still trade, and return the position that it changes."""
    plan = await find_plan(tx, user_id, plan_id)
    if plan.state is not PlanState.PREPARED:
        raise conflict(f"exec plan {plan_id} was executed already", code="PlanExecuted")
    if multiplier is not None and plan.kind is not PlanKind.ENTRY:
        raise validation({"QtyMultiplier": [f"expected none: exec plan {plan_id} is no entry, got {multiplier}"]})
    if multiplier is not None and not (multiplier.is_finite() and multiplier > 0):
        raise validation({"QtyMultiplier": [f"expected a number above 0, got {multiplier}"]})
    filled: dict[int, Decimal] = {}
    for order in await orders_of_plans(tx, [plan_id]):
        filled[order.group] = filled.get(order.group, ZERO) + order.filled
        if order.filled and order.multiplier is not None:
            multiplier = order.multiplier  # begun with it, the plan goes on with it
    account = await account_by_id(tx, user_id, plan.account_id)
    result.provider = result.provider or plan.data_provider or account.provider
    contracts: Mapping[str, OptionContract] = {leg.name: leg.traded.contract for leg in plan.legs}
    groups = group_quantities(plan.legs, multiplier or plan.qty_multiplier or ONE)
    for group, quantity in groups.items():
        left = quantity.qty - filled.get(group, ZERO)
        for name, ratio in quantity.ratios.items():
            if ratio * left:
                result.trade(contracts[name], f"plan {plan_id}: {name}", ratio * left)
    return plan.position_id


def _provider(market: Market, wanted: models.DataProviderType | None) -> models.DataProviderType | None:
    try:
        return None if wanted is None else market.provider(wanted).name
    except UnknownProviderError as error:
        raise unavailable(str(error), str(error.provider), code="ProviderUnavailable") from None


def _resolved(
    market: Market, contract: models.LiveContract, provider: models.DataProviderType | None, path: str
) -> OptionContract:
    try:
        return market.resolve(contract, provider)
    except ValueError as error:
        raise validation({path: [str(error)]}) from None
    except UnknownContractError as error:
        raise not_found(f"contract {error.contract}") from None
    except UnknownUnderlyingError as error:
        raise not_found(f"underlying {error.symbol!r}") from None


def symbols_of(holdings: GraphHoldings) -> Sequence[str]:
    """Return the underlyings of all that is held or would be traded."""
    return sorted({contract.underlying for contract, holding in holdings.contracts.items() if _counts(holding)})


def _counts(holding: Holding) -> bool:
    return holding.qty != 0 or holding.traded != 0
