"""The models say exactly what the contract says: names, types, nullability, defaults."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import pytest
from msgspec import inspect as shape

from mesolive_sdk import models
from mesolive_sdk.models import WireEnum, WireFlags
from mesolive_sdk_testkit.contract import ENUMS, EVENTS, FLAGS, MODELS, Field

BASES = {
    "AccountDataArgs",
    "ComboContractsDataArgs",
    "ContractDataArgs",
    "LegDataArgs",
    "LegsDataArgs",
    "PositionDataArgs",
    "UnderlyingDataArgs",
    "MesoLiveEvent",
    "PreparationEvent",
    "AutoUpdateVarsEvent",
    "PreparedPlan",
    "PreparationStatusResult",
    "Snapshot",
    "JobArgs",
    "PageArgs",
    "PageResult",
}
GENERIC = {"MesoLiveApiResponse"}

UNSET: dict[str, object] = {
    "UUID": UUID(int=0),
    "int": 0,
    "datetime": datetime(1970, 1, 1, tzinfo=UTC),
}


def spelled(node: shape.Type) -> str:
    match node:
        case shape.StructType():
            return node.cls.__name__
        case shape.EnumType() | shape.CustomType():
            return node.cls.__name__
        case shape.ListType():
            return f"list[{spelled(node.item_type)}]"
        case shape.DictType():
            return f"dict[{spelled(node.key_type)}, {spelled(node.value_type)}]"
        case shape.UnionType():
            (only,) = [choice for choice in node.types if not isinstance(choice, shape.NoneType)]
            return spelled(only) + "?"
        case shape.Metadata():
            return spelled(node.type)
        case shape.DateTimeType():
            # A time without a zone must be refused wherever it stands.
            return "datetime" if node.tz else "naive datetime"
        case _:
            simple: dict[type[shape.Type], str] = {
                shape.StrType: "str",
                shape.IntType: "int",
                shape.BoolType: "bool",
                shape.DecimalType: "Decimal",
                shape.UUIDType: "UUID",
                shape.AnyType: "JSON",
            }
            return simple[type(node)]


def default_of(field: Field) -> object:
    match field.default:
        case None:
            return msgspec.NODEFAULT
        case "null":
            return None
        case "unset":
            return UNSET[field.type]
        case text if field.type in FLAGS:
            return getattr(getattr(models, field.type), text)
        case "True" | "False":
            return field.default == "True"
        case text if field.type == "str":
            return text
        case text if field.type in models.__all__:
            return getattr(models, field.type)[text]
        case text:
            return int(text) if field.type == "int" else Decimal(text)


@pytest.mark.parametrize("name", MODELS)
def test_a_model_has_the_fields_types_and_defaults_of_the_contract(name: str) -> None:
    info = shape.type_info(getattr(models, name))
    assert isinstance(info, shape.StructType)
    has = {
        field.encode_name: (spelled(field.type).replace("JSON?", "JSON"), field.default)
        for field in info.fields
        if field.default_factory is msgspec.NODEFAULT
    }
    wants: dict[str, tuple[str, object]] = {}
    for field in MODELS[name]:
        mark = "?" if field.nullable and field.type != "JSON" else ""
        wants[field.name] = field.type + mark, default_of(field)
    assert has == wants


def test_every_model_and_enum_is_in_the_contract() -> None:
    public: dict[str, Any] = {name: getattr(models, name) for name in models.__all__}
    structs = {n for n, t in public.items() if isinstance(t, type) and issubclass(t, msgspec.Struct)}
    assert structs - BASES - GENERIC == set(MODELS)
    enums = {n for n, t in public.items() if isinstance(t, type) and issubclass(t, WireEnum) and t is not WireEnum}
    assert enums == set(ENUMS)
    flags = {n for n, t in public.items() if isinstance(t, type) and issubclass(t, WireFlags) and t is not WireFlags}
    assert flags == set(FLAGS)


@pytest.mark.parametrize("name", ENUMS)
def test_an_enum_has_the_members_of_the_contract_in_its_order_and_unknown_last(name: str) -> None:
    enum: type[WireEnum] = getattr(models, name)
    assert [member.value for member in enum] == [*ENUMS[name], "Unknown"]
    assert [member.number for member in enum] == [*range(len(ENUMS[name])), -1]
    assert {member.name.rstrip("_"): member.value for member in enum} == {m.value: m.value for m in enum}


@pytest.mark.parametrize("name", FLAGS)
def test_a_flag_set_has_the_values_of_the_contract(name: str) -> None:
    flags: type[WireFlags] = getattr(models, name)
    for member, value in FLAGS[name].items():
        assert int(getattr(flags, "None_" if member == "None" else member)) == value


def test_the_registry_names_the_model_of_every_callback() -> None:
    assert {callback: model.__name__ for callback, model in models.EVENT_MODELS.items()} == EVENTS
    assert all(model.callback == callback for callback, model in models.EVENT_MODELS.items())


def test_every_field_of_every_model_is_described() -> None:
    for name in models.__all__:
        model = getattr(models, name)
        if isinstance(model, type) and issubclass(model, msgspec.Struct):
            described = "\n".join(cls.__doc__ or "" for cls in model.__mro__)
            missing = [field for field in model.__struct_fields__ if field not in described]
            assert not missing, f"{name} does not describe {missing}"
