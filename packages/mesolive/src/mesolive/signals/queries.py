"""Queries of the signal evaluator: active strategies, open positions and active signals, in one read."""

from __future__ import annotations

from dataclasses import dataclass, field

from msgspec import Struct
from sqlalchemy import select

from mesolive.signals.keys import Kind, Names, Scope
from mesolive.signals.transitions import ActiveState
from mesolive.store.database import Transaction
from mesolive.store.tables.signals import signal_states
from mesolive.trading.evaluation.evaluator import StrategyContext
from mesolive.trading.portfolio.accounts import accounts_by_id
from mesolive.trading.portfolio.margin import rules_by_position
from mesolive.trading.portfolio.position_queries import last_trades, strategies_with_positions
from mesolive.trading.portfolio.positions import Position, open_positions_of_account
from mesolive.trading.strategies import active_strategies, find_strategies
from mesolive_sdk.models import LivePositionState

_ACTIVE_SIGNALS = select(signal_states)


class StrategyAccount(Struct, frozen=True):
    """A strategy on an account, with all data of the account that it may read.

    Attributes
    ----------
    active
        Whether the strategy may enter there; a strategy whose positions are still open is watched without.
    """

    context: StrategyContext
    active: bool

    @property
    def names(self) -> Names:
        """The pair's scope and names."""
        context = self.context
        scope = Scope(context.user_id, context.strategy_id, context.account.id)
        return Names(scope, context.strategy_name, context.account.broker_account_id)

    def names_of(self, position: Position) -> Names:
        """Return the scope and names of one of its positions."""
        context = self.context
        scope = Scope(context.user_id, context.strategy_id, context.account.id, position.id)
        return Names(scope, context.strategy_name, context.account.broker_account_id, position.name)

    @property
    def own(self) -> list[Position]:
        """The strategy's positions on the account that are not closed."""
        return [position for position in self.context.positions if position.strategy_id == self.context.strategy_id]


@dataclass(slots=True)
class Watch:
    """Active strategies, open positions and active signals, by user."""

    pairs: list[StrategyAccount] = field(default_factory=list[StrategyAccount])
    active: dict[int, dict[str, ActiveState]] = field(default_factory=dict[int, dict[str, ActiveState]])

    @property
    def is_whole(self) -> bool:
        """Whether every position that is watched is open: none is entered or closed in part."""
        return all(position.state is LivePositionState.Open for pair in self.pairs for position in pair.own)

    @property
    def existing(self) -> set[Scope]:
        """The scopes that there are."""
        result = {pair.names.scope for pair in self.pairs}
        result.update(pair.names_of(position).scope for pair in self.pairs for position in pair.own)
        return result


async def load(tx: Transaction, user_id: int | None = None) -> Watch:
    """Read the active signals, and the active strategies with their positions, of one user or (`None`) of all."""
    watch = Watch()
    for row in await tx.all(_ACTIVE_SIGNALS):
        scope = Scope(row.user_id, row.strategy_id, row.account_id, row.position_id)
        active = ActiveState(row.subject, Kind(row.kind), scope, row.body, row.since)
        watch.active.setdefault(row.user_id, {})[row.subject] = active
    active = await active_strategies(tx)
    wanted = sorted(active | await strategies_with_positions(tx))
    if not wanted:
        return watch
    by_id = await find_strategies(tx, {strategy for strategy, _ in wanted})
    if user_id is not None:
        by_id = {strategy_id: strategy for strategy_id, strategy in by_id.items() if strategy.user_id == user_id}
        wanted = [pair for pair in wanted if pair[0] in by_id]
    of_account = await accounts_by_id(tx, {account for _, account in wanted})
    on_account = {
        account.id: tuple(await open_positions_of_account(tx, account.user_id, account.id))
        for account in of_account.values()
    }
    margin_rules = await rules_by_position(tx, [item.id for positions in on_account.values() for item in positions])
    last = await last_trades(tx, by_id)
    for strategy_id, account_id in wanted:
        strategy = by_id.get(strategy_id)
        if strategy is None or of_account[account_id].disabled:
            continue
        trades = last.get((strategy_id, account_id))
        context = StrategyContext(
            user_id=strategy.user_id,
            account=of_account[account_id],
            strategy_id=strategy_id,
            strategy_name=strategy.name,
            definition=strategy.definition,
            symbol=strategy.symbol,
            positions=on_account[account_id],
            last_entry_at=None if trades is None else trades.entry_at,
            last_exit_at=None if trades is None else trades.exit_at,
            margin_rules=margin_rules,
        )
        watch.pairs.append(StrategyAccount(context, (strategy_id, account_id) in active))
    return watch
