"""Control Hub methods of strategies: definitions, their check, evaluations, outlook."""

from __future__ import annotations

from mesolive.hubs.control.services import Answer, ControlMethods
from mesolive_sdk import models
from signalr_asyncio import Payload, hub_method


class StrategyMethods(ControlMethods):
    """Methods of strategies."""

    @hub_method(name="CreateStrategy")
    async def create_strategy(self, args: Payload | None = None) -> Answer:
        """Import a strategy."""
        return await self._answer("CreateStrategy", models.CreateStrategyArgs, args, self._services.strategies.create)

    @hub_method(name="UpdateStrategy")
    async def update_strategy(self, args: Payload | None = None) -> Answer:
        """Change a strategy's definition or the accounts it is active on."""
        return await self._answer("UpdateStrategy", models.UpdateStrategyArgs, args, self._services.strategies.update)

    @hub_method(name="RenameStrategy")
    async def rename_strategy(self, args: Payload | None = None) -> Answer:
        """Rename a strategy."""
        return await self._answer("RenameStrategy", models.RenameStrategyArgs, args, self._services.strategies.rename)

    @hub_method(name="DeleteStrategy")
    async def delete_strategy(self, args: Payload | None = None) -> Answer:
        """Delete a strategy."""
        return await self._answer("DeleteStrategy", models.DeleteStrategyArgs, args, self._services.strategies.delete)

    @hub_method(name="ListStrategies")
    async def list_strategies(self, args: Payload | None = None) -> Answer:
        """List the caller's strategies."""
        return await self._answer("ListStrategies", models.ListStrategiesArgs, args, self._services.strategies.list)

    @hub_method(name="GetStrategy")
    async def get_strategy(self, args: Payload | None = None) -> Answer:
        """Return one strategy with its definition."""
        return await self._answer("GetStrategy", models.GetStrategyArgs, args, self._services.strategies.get)

    @hub_method(name="GetStrategyVersions")
    async def get_strategy_versions(self, args: Payload | None = None) -> Answer:
        """List the definitions that a strategy has had."""
        service = self._services.strategies.versions
        return await self._answer("GetStrategyVersions", models.GetStrategyVersionsArgs, args, service)

    @hub_method(name="GetStrategyVersion")
    async def get_strategy_version(self, args: Payload | None = None) -> Answer:
        """Return one of the definitions that a strategy has had."""
        service = self._services.strategies.version
        return await self._answer("GetStrategyVersion", models.GetStrategyVersionArgs, args, service)

    @hub_method(name="CheckStrategyDefinition")
    async def check_strategy_definition(self, args: Payload | None = None) -> Answer:
        """Check a definition without storing it: every problem with its path."""
        return await self._answer(
            "CheckStrategyDefinition", models.CheckStrategyDefinitionArgs, args, self._services.definitions.check
        )

    @hub_method(name="GetStrategySchema")
    async def get_strategy_schema(self, args: Payload | None = None) -> Answer:
        """Return the JSON Schema of strategy definitions."""
        return await self._answer(
            "GetStrategySchema", models.GetStrategySchemaArgs, args, self._services.definitions.schema
        )

    @hub_method(name="ListVariables")
    async def list_variables(self, args: Payload | None = None) -> Answer:
        """List the names that statements of a definition may read."""
        return await self._answer("ListVariables", models.ListVariablesArgs, args, self._services.definitions.variables)

    @hub_method(name="GetEvaluations")
    async def get_evaluations(self, args: Payload | None = None) -> Answer:
        """Return the last evaluations of strategies and positions, also those that were false."""
        return await self._answer("GetEvaluations", models.GetEvaluationsArgs, args, self._services.evaluations.get)

    @hub_method(name="GetOutlook")
    async def get_outlook(self, args: Payload | None = None) -> Answer:
        """Return what the server will do next: sessions, scheduled times, expirations."""
        return await self._answer("GetOutlook", models.GetOutlookArgs, args, self._services.outlook.get)
