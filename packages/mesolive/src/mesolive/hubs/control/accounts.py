"""Control Hub methods of accounts: balances, limits, halts, history, what a broker holds."""

from __future__ import annotations

from mesolive.hubs.control.services import Answer, ControlMethods
from mesolive_sdk import models
from signalr_asyncio import Payload, hub_method


class AccountMethods(ControlMethods):
    """Methods of accounts."""

    @hub_method(name="ListAccounts")
    async def list_accounts(self, args: Payload | None = None) -> Answer:
        """List the caller's accounts."""
        return await self._answer("ListAccounts", models.ListAccountsArgs, args, self._services.accounts.list)

    @hub_method(name="GetAccount")
    async def get_account(self, args: Payload | None = None) -> Answer:
        """Return one account."""
        return await self._answer("GetAccount", models.GetAccountArgs, args, self._services.accounts.get)

    @hub_method(name="CreateAccount")
    async def create_account(self, args: Payload | None = None) -> Answer:
        """Create a paper account, or one at the simulated venue."""
        return await self._answer(
            "CreateAccount", models.CreateAccountArgs, args, self._services.account_settings.create
        )

    @hub_method(name="GetAccountLimits")
    async def get_account_limits(self, args: Payload | None = None) -> Answer:
        """Return what an account may send."""
        return await self._answer(
            "GetAccountLimits", models.GetAccountLimitsArgs, args, self._services.account_settings.limits
        )

    @hub_method(name="SetAccountLimits")
    async def set_account_limits(self, args: Payload | None = None) -> Answer:
        """Change what an account may send."""
        return await self._answer(
            "SetAccountLimits", models.SetAccountLimitsArgs, args, self._services.account_settings.set_limits
        )

    @hub_method(name="ListHalts")
    async def list_halts(self, args: Payload | None = None) -> Answer:
        """List the halts that concern the caller."""
        return await self._answer("ListHalts", models.ListHaltsArgs, args, self._services.halts.list)

    @hub_method(name="HaltTrading")
    async def halt_trading(self, args: Payload | None = None) -> Answer:
        """Stop sending orders, or entries alone, and cancel what works of them; idempotent."""
        return await self._answer("HaltTrading", models.HaltTradingArgs, args, self._services.halts.halt)

    @hub_method(name="HaltAndFlatten")
    async def halt_and_flatten(self, args: Payload | None = None) -> Answer:
        """Halt entries, cancel working orders, and close every position at the market; idempotent."""
        return await self._answer(
            "HaltAndFlatten", models.HaltAndFlattenArgs, args, self._services.flattening.halt_and_flatten
        )

    @hub_method(name="ResumeTrading")
    async def resume_trading(self, args: Payload | None = None) -> Answer:
        """Let orders be sent again; idempotent."""
        return await self._answer("ResumeTrading", models.ResumeTradingArgs, args, self._services.halts.resume)

    @hub_method(name="GetReconciliation")
    async def get_reconciliation(self, args: Payload | None = None) -> Answer:
        """Compare what a broker holds with the books."""
        service = self._services.reconciliations.get
        return await self._answer("GetReconciliation", models.GetReconciliationArgs, args, service)

    @hub_method(name="GetEquityHistory")
    async def get_equity_history(self, args: Payload | None = None) -> Answer:
        """Return the value, the cash and the margin of an account over time."""
        return await self._answer("GetEquityHistory", models.GetEquityHistoryArgs, args, self._services.history.equity)
