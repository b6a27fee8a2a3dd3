"""Checks of strategy definitions for editors: problems with their paths, and the JSON Schema."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from mesolive.access.context import UserContext
from mesolive.language import check_definition
from mesolive.language.conversion import convert_tree, is_v2
from mesolive.language.problems import Problem, Severity
from mesolive.language.schema import definition_schema
from mesolive.trading.evaluation.definition_names import variables_of
from mesolive_sdk import models


class DefinitionChecks:
    """Answers `CheckStrategyDefinition` and `GetStrategySchema`."""

    async def check(
        self, user: UserContext, args: models.CheckStrategyDefinitionArgs
    ) -> models.CheckStrategyDefinitionResult:
        """Check a definition as an import does, and store nothing. Large ones take their time: in a thread."""
        del user
        report = await asyncio.to_thread(check_definition, args.StrategyDefinition)
        return models.CheckStrategyDefinitionResult(
            Valid=report.definition is not None,
            Problems=[_shown(problem) for problem in (*report.problems, *report.advice)],
            Notes=[str(line) for line in report.conversion],
            Converted=await asyncio.to_thread(_converted, args.StrategyDefinition),
        )

    async def variables(self, user: UserContext, args: models.ListVariablesArgs) -> models.ListVariablesResult:
        """Return the names that statements may read; of a broken definition as far as it can be read."""
        del user
        return await asyncio.to_thread(variables_of, args.StrategyDefinition)

    async def schema(self, user: UserContext, args: models.GetStrategySchemaArgs) -> models.GetStrategySchemaResult:
        """Return the JSON Schema of definitions."""
        del user, args
        return models.GetStrategySchemaResult(Schema=definition_schema())


def _converted(given: Mapping[str, Any]) -> dict[str, Any] | None:
    return dict(convert_tree(given).definition) if is_v2(given) else None


def _shown(problem: Problem) -> models.DefinitionProblem:
    text = str(problem)
    return models.DefinitionProblem(
        Path=problem.path,
        Message=text.removeprefix(f"{problem.path}: ") if problem.path else text,
        Severity="Error" if problem.severity is Severity.ERROR else "Warning",
    )
