"""Entry-time variables: variables, profit target and stop loss, captured when a position opens."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from decimal import Decimal

from msgspec import Struct

from mesolive.errors import ServiceError
from mesolive.journal.unstamped import UNSTAMPED
from mesolive.language import freeze_at_entry
from mesolive.language.decision import Evaluation, PositionState
from mesolive.store.database import Transaction
from mesolive.trading.evaluation.evaluator import StrategyContext, StrategyEvaluator, decision_name, load_context
from mesolive.trading.portfolio.accounts import Account
from mesolive.trading.portfolio.plans import Plan
from mesolive.trading.portfolio.variable_errors import variable_error_id
from mesolive_sdk import models

AT_ENTRY = "not frozen at entry"
"""The beginning of the message of an entry-time variable error.

It is a part of the error's id, too: with another text, active errors of an older version would never be resolved.
"""


class CapturedVariables(Struct, frozen=True):
    """The variables of a new position, and the statements that could not be evaluated.

    A statement that fails is reported and does not prevent the booking of the position: its fills have happened.

    Attributes
    ----------
    unavailable
        Why nothing could be evaluated; `None` when it could.
    without_quotes
        Whether that is because no quotes come, as before a connection of market data is there.
    """

    variables: Mapping[str, Decimal]
    failed: tuple[Evaluation, ...] = ()
    unavailable: str | None = None
    without_quotes: bool = False

    @classmethod
    def none(cls, error: ServiceError) -> CapturedVariables:
        """Return that nothing was captured because of an error."""
        return cls({}, unavailable=error.message, without_quotes=error.status is models.StatusCode.ProviderUnavailable)

    def error_events(
        self, plan: Plan, position_id: int, what: str = AT_ENTRY, known: Collection[uuid.UUID] = ()
    ) -> list[models.MesoLiveEvent]:
        """Return one active error per statement that failed.

        Parameters
        ----------
        what
            Begins its message, and makes its id distinct from those of other occasions.
        known
            Ids of errors that are published already.
        """
        causes: list[tuple[str, models.ConditionType, str | None]] = [
            (
                evaluation.error or "it could not be evaluated",
                models.ConditionType[evaluation.kind.value],
                evaluation.statement,
            )
            for evaluation in self.failed
        ]
        if self.unavailable is not None:
            causes.append((self.unavailable, models.ConditionType.VarDefine, None))
        return [
            models.ErrorEvent(
                EventTime=UNSTAMPED,
                State=models.ErrorState.Active,
                ErrorId=error_id,
                StrategyId=plan.strategy_id,
                StrategyName=plan.strategy_name,
                PositionId=position_id,
                PositionName=plan.position_name,
                BrokerAccountId=plan.broker_account_id,
                Message=f"{what}: {message}",
                ConditionType=kind,
                Statement=statement,
            )
            for message, kind, statement in causes
            if (error_id := variable_error_id(position_id, kind, statement, what)) not in known
        ]


class EntryVariableCapture:
    """Evaluates the variables, profit target and stop loss of a position whose fills are complete.

    Parameters
    ----------
    evaluator
        The strategy evaluator.
    """

    def __init__(self, evaluator: StrategyEvaluator) -> None:
        self.evaluator = evaluator

    async def context(self, tx: Transaction, user_id: int, account: Account, strategy_id: int) -> StrategyContext:
        """Read the inputs of the evaluation; a deleted strategy is read too, since its fills have happened."""
        return await load_context(tx, user_id, account, strategy_id, deleted=True)

    @staticmethod
    def underlying(context: StrategyContext, position: PositionState) -> str:
        """Return the symbol of the underlying whose market a position's variables are evaluated on."""
        return position.legs[0].contract.underlying if position.legs else context.symbol

    async def capture(
        self, context: StrategyContext, position: PositionState, provider: models.DataProviderType | None
    ) -> CapturedVariables:
        """Evaluate VarDefines, profit target and stop loss on the market now, for the position that the fills make.

        What the position's variables hold already is not evaluated again.
        """
        try:
            view = self.evaluator.fresh_view(self.underlying(context, position), provider, context.account)
            account = context.account_state(self.evaluator.marks(view, context.account))
            captured = await self.evaluator.run(
                context,
                decision_name(context.strategy_id, context.account.id, None, view.now),
                view,
                provider,
                lambda strategy, external, random: freeze_at_entry(
                    strategy, view, account, position, external=external, random=random
                ),
            )
        except ServiceError as error:
            return CapturedVariables.none(error)
        return CapturedVariables(
            variables=captured.variables,
            failed=tuple(evaluation for evaluation in captured.evaluations if evaluation.error is not None),
        )
