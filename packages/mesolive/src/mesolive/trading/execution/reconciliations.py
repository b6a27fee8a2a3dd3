"""Reconciliation queries: the last comparison of an account with its broker, or a new one (`GetReconciliation`)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time
from decimal import Decimal

from mesolive.access.context import UserContext
from mesolive.errors import ServiceError, conflict, not_supported
from mesolive.market.contracts import OptionContract
from mesolive.market.service import Market
from mesolive.store.database import Database
from mesolive.trading.execution.reconciliation import ReconciliationEngine
from mesolive.trading.portfolio.accounts import Account, find_account
from mesolive.trading.portfolio.comparison import Comparison
from mesolive.trading.portfolio.contract_rows import TradedContract
from mesolive.venues.base import VenueUnreachableError
from mesolive_sdk import models
from mesolive_sdk.models import StatusCode

ZERO = Decimal(0)
COMPARE_ATTEMPTS = 3
"""How often broker and books are read before giving up: a fill between the reads makes them differ in time."""


class Reconciliations:
    """Answers how an account compares with its broker.

    Parameters
    ----------
    engine_of
        Returns the reconciliation engine of an account; `None` for a paper account.
    """

    def __init__(
        self, database: Database, market: Market, engine_of: Callable[[Account], ReconciliationEngine | None]
    ) -> None:
        self._database = database
        self._market = market
        self._engine_of = engine_of

    async def get(self, user: UserContext, args: models.GetReconciliationArgs) -> models.GetReconciliationResult:
        """Return the last comparison of an account with its broker, or a new one.

        Raises
        ------
        ServiceError
            `NotFound` for an account that the user does not have; `NotSupported` for a paper account; `BrokerError`
            when the broker does not answer; `Conflict` when fills come while the lists are read.
        """
        async with self._database.read() as tx:
            account = await find_account(tx, user.user_id, args.BrokerAccountId)
        engine = self._engine_of(account)
        if engine is None:
            raise not_supported(
                f"account {account.broker_account_id} has no broker to compare with", code="PaperAccount"
            )
        comparison = await self.fresh(account) if args.Refresh else engine.comparisons.get(account.id)
        if comparison is None:
            return models.GetReconciliationResult(BrokerAccountId=account.broker_account_id, Contracts=[], Trades=[])
        return self._shown(account, comparison)

    async def fresh(self, account: Account) -> Comparison:
        """Compare an account with its broker now; see `get` for what it raises."""
        engine = self._engine_of(account)
        if engine is None:
            raise not_supported(
                f"account {account.broker_account_id} has no broker to compare with", code="PaperAccount"
            )
        try:
            for _ in range(COMPARE_ATTEMPTS):
                comparison = await engine.compare(account)
                if comparison is not None:
                    return comparison
        except (VenueUnreachableError, TimeoutError) as error:
            text = f"the broker of account {account.broker_account_id} does not answer: {error or 'timed out'}"
            raise ServiceError(StatusCode.BrokerError, text) from error
        raise conflict(f"account {account.broker_account_id} trades while it is compared; try again", code="Busy")

    def _shown(self, account: Account, comparison: Comparison) -> models.GetReconciliationResult:
        return models.GetReconciliationResult(
            BrokerAccountId=account.broker_account_id,
            ComparedAt=comparison.at,
            Contracts=[
                models.ReconciledContract(
                    Contract=self._live(contract),
                    AtBroker=comparison.at_broker.get(contract, ZERO),
                    InBooks=comparison.booked.get(contract, ZERO),
                    Difference=comparison.difference(contract),
                )
                for contract in comparison.contracts
            ],
            Trades=[
                models.BrokerTrade(
                    ExecutionId=trade.execution_id,
                    ExecutedAt=trade.at,
                    Legs=[
                        models.BrokerTradeLeg(
                            Contract=self._live(leg.contract),
                            Qty=leg.qty,
                            Price=leg.price,
                            Commission=leg.commission,
                        )
                        for leg in trade.legs
                    ],
                )
                for trade in comparison.foreign
            ],
        )

    def _live(self, contract: OptionContract) -> models.LiveContract:
        try:
            return self._market.to_live(contract)
        except KeyError:
            # Held at the broker and listed by no provider, such as a contract on another underlying: its day is known.
            return TradedContract(contract, datetime.combine(contract.day, time(), UTC)).live
