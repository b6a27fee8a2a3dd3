"""What a stored definition says about margin, whichever version it was written for."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from mesolive.language.margin_settings import margin_rules
from mesolive.pricing.margin import MarginModel, MarginRules
from mesolive.pricing.margin_regt import RegTMode
from mesolive_testkit.language.strategies import definition

PERMISSIVE = MarginRules(house_multiplier=Decimal("1.3"), mode=RegTMode.PERMISSIVE)
WRITTEN = {"Model": "RegT", "HouseMultiplier": "1.3", "RegTMode": "CBOEPermissive"}


@pytest.mark.parametrize(
    ("raw", "rules"),
    [
        (definition(), None),
        (definition(Settings=None), None),
        (definition(Settings={"Core": None}), None),
        (definition(Settings={"Core": {"Margin": None}}), None),
        (definition(Settings={"Core": {"Margin": {"Model": "None"}}}), None),
        (definition(Settings={"Core": {"Margin": WRITTEN}}), PERMISSIVE),
        (definition(Settings={"Core": {"Margin": {"Model": "PMLike"}}}), MarginRules(MarginModel.PM_LIKE)),
        ({"MesoSimVersion": "2.11", "SimSettings": {"Margin": WRITTEN}}, PERMISSIVE),
        ({"MesoSimVersion": "2.11", "SimSettings": None}, None),
    ],
)
def test_margin_rules_are_found_in_definitions_of_both_versions(raw: dict[str, Any], rules: MarginRules | None) -> None:
    assert margin_rules(json.dumps(raw)) == rules
