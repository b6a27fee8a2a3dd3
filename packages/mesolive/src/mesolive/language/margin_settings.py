"""Reads the margin settings of a stored strategy definition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from mesolive.language.conversion import is_v2
from mesolive.language.loading import load
from mesolive.language.reading import FormReader, read_margin
from mesolive.pricing.margin import MarginRules


def margin_rules(raw: bytes | str | Mapping[str, object]) -> MarginRules | None:
    """Return how margin is calculated by a definition that was checked when it was stored; `None` when it is not.

    The rest of the definition is not read.

    Parameters
    ----------
    raw
        The definition, of version 3 or 2.

    Raises
    ------
    DefinitionError
        When `raw` is not a JSON object, or is too large.
    """
    tree = load(raw)
    core = tree.get("SimSettings") if is_v2(tree) else _inner(tree.get("Settings"), "Core")
    return read_margin(_inner(core, "Margin"), FormReader())


def _inner(value: object, name: str) -> Any:  # noqa: ANN401 - whatever stands there
    return cast("Mapping[str, Any]", value).get(name) if isinstance(value, Mapping) else None
