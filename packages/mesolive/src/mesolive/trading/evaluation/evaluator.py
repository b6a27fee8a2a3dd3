"""Strategy evaluator: runs compiled strategies on an account and a market view, in one worker thread.

The language is pure but not quick enough for the event loop (a selection over a large chain solves volatilities), and a
compiled strategy serves one evaluation at a time. So all evaluations run one after another in one worker thread, each
on one immutable market view.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from random import Random
from typing import TypeAlias, TypeVar

from msgspec import Struct, field

from mesolive.clock import Clock
from mesolive.errors import not_found, timed_out, unavailable
from mesolive.language import CompiledStrategy
from mesolive.language.decision import AccountState, PositionState
from mesolive.language.definition import StrategyDefinition
from mesolive.language.legs import outdated, quote_problem
from mesolive.market.calendar import ExchangeCalendar
from mesolive.market.chain_view import BookView
from mesolive.market.contracts import OptionContract
from mesolive.market.service import Market, UnknownProviderError, UnknownUnderlyingError
from mesolive.market.view import MarketView
from mesolive.pricing.margin import MarginRules
from mesolive.records import replace
from mesolive.store.database import Transaction
from mesolive.trading.evaluation.external_values import ExternalDataReader
from mesolive.trading.portfolio.accounts import Account
from mesolive.trading.portfolio.held_value import open_value
from mesolive.trading.portfolio.margin import rules_by_position
from mesolive.trading.portfolio.marks import Marks
from mesolive.trading.portfolio.position_queries import last_trades
from mesolive.trading.portfolio.positions import Position, open_positions_of_account
from mesolive.trading.strategies import CompiledStrategies, find_strategy
from mesolive_sdk import models

T = TypeVar("T")

DECISION_STEP = timedelta(minutes=5)
"""What is decided within one such step draws the same random numbers."""

EVALUATION_SECONDS = 30.0
"""The longest that one evaluation may take; its own limits end it much earlier."""


def decision_name(strategy_id: int, account_id: int, position_id: int | None, at: datetime) -> str:
    """Return the name of a decision, which seeds its randomness: the same for a signal and its preparation.

    Parameters
    ----------
    position_id
        The position concerned; `None` for an entry.
    at
        The moment: all of one five-minute step, as schedules have them, are one decision.
    """
    step = at - (at - at.min.replace(tzinfo=at.tzinfo)) % DECISION_STEP
    return f"{strategy_id}/{account_id}/{position_id or 'entry'}/{step.isoformat()}"


class StrategyContext(Struct, frozen=True):
    """A strategy on an account, as one read of the store found it.

    Attributes
    ----------
    positions
        All open positions of the account, also those of other strategies.
    margin_rules
        Margin rules by position id; positions of strategies without margin rules are left out.
    """

    user_id: int
    account: Account
    strategy_id: int
    strategy_name: str
    definition: str
    symbol: str
    positions: tuple[Position, ...]
    last_entry_at: datetime | None
    last_exit_at: datetime | None
    margin_rules: Mapping[int, MarginRules] = field(default_factory=dict[int, MarginRules])

    @property
    def position_states(self) -> tuple[PositionState, ...]:
        """The account's positions as the language reads them, each with its own strategy's margin rules."""
        return tuple(
            replace(position.language_state, margin_rules=self.margin_rules.get(position.id))
            for position in self.positions
        )

    def account_state(self, marks: Marks) -> AccountState:
        """Return the account as the language reads it for this strategy, held legs valued at their marks.

        Raises
        ------
        ServiceError
            As `whole_account`.
        """
        return self.for_strategy(self.whole_account(marks))

    def whole_account(self, marks: Marks) -> AccountState:
        """Return what all strategies on the account read alike.

        Raises
        ------
        ServiceError
            `ProviderUnavailable`, naming the contract, when a held leg has no mark: sizing by a wrong account value is
            worse than none.
        """
        legs = [leg for position in self.positions for leg in position.open_legs]
        value = open_value(legs, marks)
        if value is None:
            contracts = (leg.traded.contract for leg in legs if leg.holding.qty != 0)
            missing = next(contract for contract in contracts if marks.of(contract) is None)
            raise unavailable(f"{missing} has no price now: the account's value is not known", code="PriceMissing")
        return AccountState(
            nav=self.account.cash + value, initial_cash=self.account.initial_cash, positions=self.position_states
        )

    def for_strategy(self, account: AccountState) -> AccountState:
        """Return the account with what only this strategy reads of it."""
        return replace(
            account,
            strategy_positions=sum(position.strategy_id == self.strategy_id for position in self.positions),
            last_entry_at=self.last_entry_at,
            last_exit_at=self.last_exit_at,
        )


async def load_context(
    tx: Transaction, user_id: int, account: Account, strategy_id: int, *, deleted: bool = False
) -> StrategyContext:
    """Read what an evaluation of the strategy on the account needs; raises and takes `deleted` as `find_strategy`."""
    strategy = await find_strategy(tx, user_id, strategy_id, deleted=deleted)
    last = (await last_trades(tx, [strategy_id], account.id)).get((strategy_id, account.id))
    positions = tuple(await open_positions_of_account(tx, user_id, account.id))
    return StrategyContext(
        user_id=user_id,
        account=account,
        strategy_id=strategy_id,
        strategy_name=strategy.name,
        definition=strategy.definition,
        symbol=strategy.symbol,
        positions=positions,
        last_entry_at=None if last is None else last.entry_at,
        last_exit_at=None if last is None else last.exit_at,
        margin_rules=await rules_by_position(tx, [position.id for position in positions]),
    )


class CompletedEvaluation(Struct, frozen=True):
    """An evaluation that has ended, for logs of decisions.

    Attributes
    ----------
    name
        As it was given to `StrategyEvaluator.run`.
    strategy_id
        The strategy's.
    view
        The market that was evaluated on.
    outcome
        What was returned or raised.
    """

    name: str
    strategy_id: int
    view: MarketView
    outcome: object


EvaluationListener: TypeAlias = Callable[[CompletedEvaluation], None]
"""Called with every evaluation when it has ended, on the event loop."""


class StrategyEvaluator:
    """The one thread in which strategies are evaluated, and the views and compiled definitions they get there.

    Parameters
    ----------
    outside
        Values that strategies read from outside of the chain.
    random
        Makes the source of randomness of one evaluation from a text that names it, so that a run can be repeated.
    listener
        Called with every evaluation, failed ones too; `None` for no listener.
    in_thread
        Whether the event loop goes on during an evaluation; a backtest has nothing else to do.
    """

    def __init__(
        self,
        market: Market,
        strategies: CompiledStrategies,
        outside: ExternalDataReader,
        random: Callable[[str], Random] = Random,
        listener: EvaluationListener | None = None,
        *,
        in_thread: bool = True,
    ) -> None:
        self._market = market
        self._strategies = strategies
        self._outside = outside
        self._random = random
        self._listener = listener
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="evaluation") if in_thread else None

    @property
    def market(self) -> Market:
        """Where views come from."""
        return self._market

    def view(self, symbol: str, provider: models.DataProviderType | None) -> BookView:
        """Return the current market view of one underlying.

        Raises
        ------
        ServiceError
            `NotFound` for an underlying that the provider does not have; `ProviderUnavailable` for a provider that is
            not connected to this server.
        """
        try:
            return self._market.view(symbol, provider)
        except UnknownUnderlyingError:
            raise not_found(f"underlying {symbol!r}") from None
        except UnknownProviderError as error:
            name = provider.name if provider is not None else None
            raise unavailable(str(error), name, code="ProviderUnavailable") from None

    def random(self, name: str) -> Random:
        """Return the source of randomness of what `name` names; the same name draws the same."""
        return self._random(name)

    def fresh_view(self, symbol: str, provider: models.DataProviderType | None, account: Account) -> BookView:
        """Return the current market for a decision on an account; quotes that are not live and fresh are refused.

        Parameters
        ----------
        provider
            Whose quotes; `None` for those that value the account.
        account
            Whose setting says whether delayed quotes will do.

        Raises
        ------
        ServiceError
            As `view`; and `ProviderUnavailable` when the provider has been silent for too long, or sends the
            underlying's prices delayed, frozen or modelled.
        """
        chosen = provider or account.provider
        view = self.view(symbol, chosen).accepting(account.accepted_quality, night=account.night_sessions)
        name = None if chosen is None else chosen.name
        why = outdated(view)
        if view.stale:
            raise unavailable(
                f"no quotes of {symbol} are coming in: nothing is decided on old ones ({why})", name, code="QuotesStale"
            )
        if why is not None:
            raise unavailable(why, name, code="QuotesNotLive")
        return view

    def require_quotes(self, view: BookView, contracts: Iterable[OptionContract]) -> None:
        """Refuse to open contracts whose quotes are not accepted for the account that the view is for.

        Raises
        ------
        ServiceError
            `ProviderUnavailable`, naming the first such contract, its quality and its age.
        """
        for contract in contracts:
            if (why := quote_problem(view, contract)) is not None:
                raise unavailable(why, code="QuotesNotLive")

    def now(self, account: Account, otherwise: Clock) -> datetime:
        """Return the market time of the quotes that value an account; that of a clock where there are none."""
        return self._market.now(account.provider, otherwise)

    def is_open(self, symbol: str, account: Account, now: datetime, calendar: ExchangeCalendar) -> bool:
        """Return whether strategies on an underlying are evaluated at `now`, by the quotes that value an account.

        Parameters
        ----------
        calendar
            The trading days of an underlying that is not quoted.
        """
        return self._market.hours(symbol, account.provider, calendar).decides(now, night=account.night_sessions)

    def takes_orders(self, symbol: str, account: Account, now: datetime, calendar: ExchangeCalendar) -> bool:
        """Return whether an account's orders of the options on an underlying are taken at `now`; see `is_open`."""
        return self._market.hours(symbol, account.provider, calendar).takes_orders(now, night=account.night_sessions)

    def marks(self, view: MarketView, account: Account) -> Marks:
        """Return marks that read `view` for its underlying, and for others the quotes that value the account."""
        return Marks(self._market, view, provider=account.provider)

    async def definition_of(self, context: StrategyContext) -> StrategyDefinition:
        """Return the parsed definition of a strategy."""
        compiled = await self._in_thread(lambda: self._strategies.get(context.strategy_id, context.definition))
        return compiled.definition

    async def run(
        self,
        context: StrategyContext,
        name: str,
        view: BookView,
        provider: models.DataProviderType | None,
        work: Callable[[CompiledStrategy, Mapping[str, float], Random], T],
    ) -> T:
        """Run `work` in the evaluation thread.

        Parameters
        ----------
        name
            Names the evaluation; it seeds its randomness.
        view, provider
            The market that is evaluated on, and whose it is.
        work
            Gets the strategy's compiled form, its values from outside, and a source of randomness.

        Raises
        ------
        ServiceError
            `Timeout` when the evaluation took too long. Errors of `work` are raised unchanged.
        """
        compiled = await self._in_thread(lambda: self._strategies.get(context.strategy_id, context.definition))
        external = await self._outside.get(compiled.definition, view, provider or context.account.provider)
        outcome: object = None
        try:
            outcome = result = await self._in_thread(lambda: work(compiled, external, self._random(name)))
        except Exception as error:
            outcome = error
            raise
        finally:
            if self._listener is not None and outcome is not None:
                self._listener(CompletedEvaluation(name, context.strategy_id, view, outcome))
        return result

    async def _in_thread(self, call: Callable[[], T]) -> T:
        if self._thread is None:
            return call()
        try:
            async with asyncio.timeout(EVALUATION_SECONDS):
                return await asyncio.get_running_loop().run_in_executor(self._thread, call)
        except TimeoutError:
            raise timed_out(
                f"the evaluation took longer than {EVALUATION_SECONDS:g} s", code="EvaluationTimeout"
            ) from None

    def close(self) -> None:
        """End the thread once the evaluation under way is done."""
        if self._thread is not None:
            self._thread.shutdown(wait=True, cancel_futures=True)
