"""Generate the TypeScript types of the wire from the models and the clients of the SDK.

    python portal/scripts/wire_types.py            # write portal/src/wire/
    python portal/scripts/wire_types.py --check    # exit 1 when a file differs

Models become interfaces, enums become unions of their names, flag sets become strings, and each hub becomes an
interface from the name of a method to its arguments and its result. A field that the server renames breaks the build of
the Portal.

On the JSON wire a decimal is a number and an instant is a string with microseconds. In arguments a decimal may be a
string, so that a price that a person typed reaches the server digit by digit.
"""

from __future__ import annotations

import argparse
import ast
import datetime as dt
import decimal
import inspect
import json
import sys
import types
import typing
import uuid
from pathlib import Path
from typing import Any

import msgspec

from mesolive.language.legs import LEG_FIELDS
from mesolive.language.variables import BUILT_IN, FROZEN
from mesolive_sdk import models
from mesolive_sdk.clients import _control, _data, _event
from mesolive_sdk.contract_specs import contract_specs
from mesolive_sdk.models._base import WireEnum, WireFlags

FOLDER = Path(__file__).resolve().parent.parent / "src" / "wire"

HEADER = """\
// Types of the wire. Made by portal/scripts/wire_types.py from the models of mesolive_sdk: do not edit.

/** A decimal in arguments: a string keeps each digit that a person typed. */
export type DecimalArg = string | number;
/** An instant in UTC, as the server writes it. */
export type Instant = string;
export type JsonValue = unknown;
"""

PLAIN: dict[object, str] = {
    int: "number",
    float: "number",
    str: "string",
    bool: "boolean",
    type(None): "null",
    dt.datetime: "Instant",
    dt.date: "string",
    dt.time: "string",
    uuid.UUID: "string",
    object: "JsonValue",
    Any: "JsonValue",
}


class _Writer:
    def __init__(self) -> None:
        self.done: set[str] = set()
        self.blocks: dict[str, str] = {}

    def reference(self, hint: object, *, argument: bool) -> str:
        """Return the TypeScript of one annotation, and write the models that it names."""
        origin = typing.get_origin(hint)
        if origin is typing.Annotated:
            return self.reference(typing.get_args(hint)[0], argument=argument)
        if origin in {typing.Union, types.UnionType}:
            parts = [self.reference(part, argument=argument) for part in typing.get_args(hint)]
            return " | ".join(dict.fromkeys(parts))
        if origin in {list, tuple}:
            inner = [self.reference(part, argument=argument) for part in typing.get_args(hint) if part is not Ellipsis]
            if origin is tuple and Ellipsis not in typing.get_args(hint):
                return f"[{', '.join(inner)}]"
            return f"{inner[0]}[]" if "|" not in inner[0] else f"({inner[0]})[]"
        if origin is dict:
            return f"Record<string, {self.reference(typing.get_args(hint)[1], argument=argument)}>"
        if origin is typing.Literal:
            return " | ".join(f'"{value}"' for value in typing.get_args(hint))
        if hint is decimal.Decimal:
            return "DecimalArg" if argument else "number"
        if hint in PLAIN:
            return PLAIN[hint]
        if isinstance(hint, type) and issubclass(hint, WireFlags):
            return "string"
        if isinstance(hint, type) and issubclass(hint, WireEnum):
            self.enum(hint)
            return hint.__name__
        if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
            self.struct(hint)
            return hint.__name__
        msg = f"no TypeScript form is known for {hint!r}: add it to portal/scripts/wire_types.py"
        raise TypeError(msg)

    def enum(self, kind: type[WireEnum]) -> None:
        if kind.__name__ not in self.done:
            self.done.add(kind.__name__)
            names = " | ".join(f'"{member.value}"' for member in kind)
            self.blocks[kind.__name__] = f"export type {kind.__name__} = {names};\n"

    def struct(self, model: type[msgspec.Struct]) -> None:
        if model.__name__ in self.done:
            return
        self.done.add(model.__name__)
        argument = model.__name__.endswith("Args") or model.__name__ in ARGUMENT_MODELS
        hints = typing.get_type_hints(model, include_extras=True)
        lines: list[str] = []
        for field in msgspec.structs.fields(model):
            kind = self.reference(hints[field.name], argument=argument)
            optional = "?" if not field.required else ""
            if optional and not argument:
                # A result always carries its fields; those with a default may be missing from an older server.
                optional = "?"
            lines.append(f"  {field.encode_name}{optional}: {kind};\n")
        self.blocks[model.__name__] = f"export interface {model.__name__} {{\n{''.join(lines)}}}\n"


ARGUMENT_MODELS = {"PaperLegFill", "LegGroupOrder", "ComboLeg"}
"""Models that stand inside arguments only."""


def methods_of(module: types.ModuleType) -> list[tuple[str, str, str]]:
    """Return the wire name, the arguments' model and the result's model of each method of a hub's client."""
    found: list[tuple[str, str, str]] = []
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for call in ast.walk(node):
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)):
                continue
            if call.func.attr not in {"_call", "_stream"} or not isinstance(call.args[0], ast.Constant):
                continue
            args_hint = ast.unparse(
                next(arg.annotation for arg in node.args.args if arg.arg == "args" and arg.annotation)
            )
            args_name = args_hint.split("|")[0].strip().removeprefix("models.")
            result_name = ast.unparse(call.args[2]).removeprefix("models.")
            found.append((str(call.args[0].value), args_name, result_name))
    return sorted(set(found))


def generate() -> str:
    """Return the whole file."""
    writer = _Writer()
    hubs: list[str] = []
    for name, module in (("ControlHub", _control), ("DataHub", _data), ("EventHub", _event)):
        lines = [f"  {method}: {{ args: {args}; result: {result} }};\n" for method, args, result in methods_of(module)]
        hubs.append(f"export interface {name} {{\n{''.join(lines)}}}\n")
    for name in sorted(models.__all__):
        value = getattr(models, name)
        if isinstance(value, type) and issubclass(value, msgspec.Struct):
            if not getattr(value, "__parameters__", ()):
                writer.struct(value)
        elif isinstance(value, type) and issubclass(value, WireEnum) and value is not WireEnum:
            writer.enum(value)
    events = "".join(f"  {name}: {model.__name__};\n" for name, model in sorted(models.EVENT_MODELS.items()))
    names = "".join(f'  "{name}",\n' for name in sorted(models.EVENT_MODELS))
    blocks = "\n".join(writer.blocks[name] for name in sorted(writer.blocks))
    return (
        f"{HEADER}\n{blocks}\n"
        + "\n".join(hubs)
        + f"\nexport interface EventModels {{\n{events}}}\n\n"
        + f"export const EVENT_NAMES = [\n{names}] as const satisfies readonly (keyof EventModels)[];\n"
    )


def generate_terms() -> str:
    """Return the terms of contracts that the Portal needs: tick tables by root, and what kind each underlying is."""
    specs = contract_specs()
    roots = {
        root: terms.tick
        for underlying in specs.underlyings.values()
        for terms in underlying.classes
        for root in terms.roots
    }
    tables = {name: msgspec.to_builtins(table, str_keys=True) for name, table in specs.ticks.items()}
    kinds = {symbol: underlying.type for symbol, underlying in specs.underlyings.items()}
    return (
        "// Terms of contracts. Made by portal/scripts/wire_types.py from mesolive_sdk.contract_specs: do not edit.\n\n"
        "/** `steps`: the step from a price on; with `above`, only above it. `combo`: the step of a net price. */\n"
        "export interface TickTable {\n  steps: [string, string][];\n  combo: string;\n  above?: boolean;\n}\n\n"
        f"export const TICK_TABLES: Record<string, TickTable> = {json.dumps(tables, indent=2, default=str)};\n\n"
        f"export const TICKS_OF_ROOT: Record<string, string> = {json.dumps(roots, indent=2)};\n\n"
        f"export const USUAL_TICKS = {json.dumps(specs.default.option_class.tick)};\n\n"
        'export const UNDERLYING_TYPES: Record<string, "Index" | "Stock" | "Futures"> = '
        f"{json.dumps(kinds, indent=2)};\n"
    )


def generate_variables() -> str:
    """Return the names that expressions of a definition may read, which the editor proposes."""
    return (
        "// Variables of the language. Made by portal/scripts/wire_types.py from mesolive.language: do not edit.\n\n"
        "/** In every strategy. */\n"
        f"export const BUILT_IN: readonly string[] = {json.dumps(sorted(BUILT_IN), indent=2)};\n\n"
        "/** Of each leg: `leg_NAME_FIELD`. */\n"
        f"export const LEG_FIELDS: readonly string[] = {json.dumps(sorted(LEG_FIELDS), indent=2)};\n\n"
        "/** Of a position that is held. */\n"
        f"export const FROZEN: readonly string[] = {json.dumps(sorted(FROZEN))};\n"
    )


def files() -> dict[Path, str]:
    """Return the text of each generated file."""
    return {
        FOLDER / "types.ts": generate(),
        FOLDER / "terms.ts": generate_terms(),
        FOLDER / "variables.ts": generate_variables(),
    }


def main() -> int:
    """Write the files, or compare them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="exit 1 when a committed file differs")
    check = parser.parse_args().check
    for path, text in files().items():
        if not check:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            sys.stderr.write(f"{path} differs from the SDK: run python portal/scripts/wire_types.py\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
