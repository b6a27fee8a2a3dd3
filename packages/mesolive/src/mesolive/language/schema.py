"""JSON Schema of a strategy definition, for editors; generated from the `shapes` that the parser uses."""

from __future__ import annotations

from typing import Any

from mesolive.language import shapes

Json = dict[str, Any]

_EXPRESSION: Json = {"$ref": "#/$defs/expression"}
_CONDITION: Json = {"$ref": "#/$defs/condition"}


def definition_schema() -> Json:
    """Return the JSON Schema (draft 2020-12) of a strategy definition, version 3."""
    defs: Json = {
        "expression": {
            "title": "Expression",
            "description": "A Lua 5.4 expression, or a number.",
            "anyOf": [{"type": "string", "minLength": 1}, {"type": "number"}],
        },
        "condition": {
            "title": "Condition",
            "description": "A Lua 5.4 expression; nil, false and 0 do not hold.",
            "anyOf": [{"type": "string", "minLength": 1}, {"type": "number"}, {"type": "boolean"}],
        },
    }
    body = _kind(shapes.DEFINITION, defs)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": shapes.DEFINITION.title,
        **body,
        "$defs": defs,
    }


def _kind(kind: shapes.Kind, defs: Json) -> Json:
    match kind:
        case shapes.Expression():
            return _CONDITION if kind.condition else _EXPRESSION
        case shapes.Word():
            return {"type": "string", "maxLength": kind.max_length, **({} if kind.empty else {"minLength": 1})}
        case shapes.Whole():
            number = {"type": "integer", "minimum": 0, "maximum": kind.greatest}
            return {"anyOf": [number, {"type": "string", "pattern": "^\\s*[0-9]+(\\.0*)?\\s*$"}]}
        case shapes.Amount():
            number = {"type": "number", "minimum": float(kind.minimum), "maximum": float(kind.maximum)}
            return {"anyOf": [number, {"type": "string", "pattern": "^\\s*[0-9]*\\.?[0-9]+\\s*$"}]}
        case shapes.Choice():
            return {"enum": list(kind.of)}
        case shapes.Every():
            days = "|".join(shapes.WEEKDAYS)
            return {"type": "string", "pattern": f"^(day|5min|({days})(\\s*,\\s*({days}))*)$"}
        case shapes.ListOf():
            return {
                "type": "array",
                "items": _kind(kind.item, defs),
                "minItems": kind.minimum,
                "maxItems": kind.maximum,
            }
        case shapes.MapOf():
            names: Json = {"pattern": "^[A-Za-z_][A-Za-z0-9_]*$"} if kind.keys == "variable" else {"minLength": 1}
            item = _kind(kind.item, defs)
            return {
                "type": "object",
                "propertyNames": names,
                "additionalProperties": _or_null(item),
                "maxProperties": kind.maximum,
            }
        case shapes.Shape():
            return _object(kind, defs)
        case shapes.Anything():
            return {}


def _object(shape: shapes.Shape, defs: Json) -> Json:
    """Return an object's schema; one with a title of its own is kept once, under `$defs`."""
    key = shape.title.split(":")[0].lower().replace(" ", "-")
    if key and shape is not shapes.DEFINITION and key in defs:
        return {"$ref": f"#/$defs/{key}"}
    properties = {name: _field(field, defs) for name, field in shape.fields.items()}
    body: Json = {
        "type": "object",
        "properties": properties,
        "required": [name for name, field in shape.fields.items() if field.required],
        "additionalProperties": False,
    }
    if shape is shapes.SELECTOR:
        body["oneOf"] = [{"required": [name]} for name in shapes.SELECTORS]
    if not key or shape is shapes.DEFINITION:
        return body
    defs[key] = {"title": shape.title, **body}
    return {"$ref": f"#/$defs/{key}"}


def _field(field: shapes.Field, defs: Json) -> Json:
    inner = _kind(field.kind, defs)
    notes = " (not used by a live run)" if field.live == "ignored" else " (an extension)" if field.extension else ""
    about = {"description": f"{field.about}{notes}"}
    if field.required:
        return {**about, **inner}
    return {**about, **_or_null(inner)}


def _or_null(schema: Json) -> Json:
    """Return a schema that takes null, which means unset, besides what it takes."""
    return {"anyOf": [schema, {"type": "null"}]} if schema else {}
