"""The JSON Schema agrees with what checking accepts."""

from __future__ import annotations

import re
from typing import Any, cast

import pytest

from mesolive.language import check_definition, shapes
from mesolive.language.schema import definition_schema
from mesolive_testkit.language.strategies import Json, definition, expiration, leg

SCHEMA = definition_schema()


def fits(value: Any, schema: Json) -> bool:  # any JSON
    """Validate the part of JSON Schema that the published schema uses."""
    if "$ref" in schema:
        target: Any = SCHEMA
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        return fits(value, target)
    if "anyOf" in schema and not any(fits(value, option) for option in schema["anyOf"]):
        return False
    if "oneOf" in schema and sum(fits(value, option) for option in schema["oneOf"]) != 1:
        return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    types = {
        "object": isinstance(value, dict),
        "array": isinstance(value, list),
        "string": isinstance(value, str),
        "null": value is None,
        "boolean": isinstance(value, bool),
        "number": isinstance(value, int | float) and not isinstance(value, bool),
        "integer": isinstance(value, int) and not isinstance(value, bool),
    }
    if "type" in schema and not types[schema["type"]]:
        return False
    if isinstance(value, str):
        long_enough = schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", 10**9)
        return long_enough and ("pattern" not in schema or re.search(schema["pattern"], value) is not None)
    if isinstance(value, dict):
        return fits_object(cast("Json", value), schema)
    if isinstance(value, list):
        items = cast("list[Any]", value)
        within = schema.get("minItems", 0) <= len(items) <= schema.get("maxItems", 10**9)
        return within and all(fits(item, schema.get("items", {})) for item in items)
    if isinstance(value, int | float):
        return schema.get("minimum", value) <= value <= schema.get("maximum", value)
    return True


def fits_object(value: Json, schema: Json) -> bool:
    properties: Json = schema.get("properties", {})
    if any(name not in value for name in schema.get("required", [])):
        return False
    for name, item in value.items():
        if "propertyNames" in schema and not fits(name, {"type": "string", **schema["propertyNames"]}):
            return False
        if name in properties:
            if not fits(item, properties[name]):
                return False
        elif schema.get("additionalProperties") is False or (
            isinstance(schema.get("additionalProperties"), dict) and not fits(item, schema["additionalProperties"])
        ):
            return False
    return True


GOOD: list[Json] = [
    definition(),
    definition(Entry=None, Exit={"StopLoss": None, "ProfitTarget": 5}, Description=""),
    definition(
        [leg("a", Complex={"Statement": "1", "Target": 2, "Constraints": [True, "1"]})],
        [expiration(Roots={"Include": ["SPX"], "Exclude": None}, Min=None)],
        Entry={
            "Schedule": {"AfterMarketOpenMinutes": "35", "Every": "mon,wed, fri"},
            "VarDefines": {"a_1": "2", "b": None},
            "ReentryDays": "0",
            "Concurrency": {"MaxPositionsInFlight": 3},
        },
        Settings={"Core": {"LegSelectionConstraint": "None", "Margin": {"Model": "RegT"}}, "Sim": {"x": [1]}},
        Backtest={"Cash": "1"},
    ),
    definition(
        Adjustment={
            "MaxAdjustmentCount": None,
            "ConditionalAdjustments": {
                "pos_pnl > 1 -- x": {
                    "RemoveLegsAdjustment": {"LegNames": ["a"]},
                    "MoveLegAdjustment": {"LegName": "a", "StrikeSelector": {"StrikePrice": 5}},
                    "AddLegsAdjustment": {"Legs": [leg("b")]},
                    "UpdateVarsAdjustment": {"VarDefines": {"x": 1}},
                }
            },
        }
    ),
]

BAD: list[Json] = [
    {},
    definition([]),
    definition([leg("a", Delta=5, MidPrice=3)]),
    definition([leg("a", Min=3)]),
    definition([{**leg("a"), "OptionType": "Both"}]),
    definition(expirations=[{"Name": "e"}]),
    definition(Entry={"Conditions": "true"}),
    definition(Entry={"ReentryDays": -1}),
    definition(Entry={"VarDefines": {"2x": "1"}}),
    definition(Exit={"Schedule": {"AfterMarketOpenMinutes": 5, "Every": "hourly"}}),
    definition(Settings={"Core": {"LegSelectionConstraint": "Some"}}),
]


@pytest.mark.parametrize("raw", GOOD)
def test_what_checks_also_fits_the_schema(raw: Json) -> None:
    assert check_definition(raw).definition is not None
    assert fits(raw, SCHEMA)


@pytest.mark.parametrize("raw", BAD)
def test_what_has_the_wrong_form_fits_neither(raw: Json) -> None:
    assert check_definition(raw).definition is None
    assert not fits(raw, SCHEMA)


def test_every_field_is_described() -> None:
    def fields(kind: shapes.Kind) -> list[shapes.Field]:
        match kind:
            case shapes.Shape():
                own = list(kind.fields.values())
                return own + [inner for field in own for inner in fields(field.kind)]
            case shapes.ListOf() | shapes.MapOf():
                return fields(kind.item)
            case _:
                return []

    result = fields(shapes.DEFINITION)
    assert len(result) > 60
    assert all(len(field.about) > 3 for field in result)


def test_repeated_parts_are_defined_once() -> None:
    assert {"leg", "expiration", "strike-selector", "schedule", "adjustment", "expression"} <= set(SCHEMA["$defs"])
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
