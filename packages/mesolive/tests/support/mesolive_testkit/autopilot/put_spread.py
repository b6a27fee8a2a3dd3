"""A put spread that the autopilot trades by orders."""

from __future__ import annotations

from mesolive_testkit.signals import Json, leg, short_put

ONE: Json = {"Concurrency": {"MaxPositionsInFlight": 1}, "Conditions": ["underlying_price > 4900"]}
FALLING: Json = {"Conditions": ["underlying_price < 4900"]}


def spread(qty: int = 1, **sections: object) -> Json:
    """Return a definition: a put spread sold in one leg group."""
    definition = short_put(**({"Entry": ONE, "Exit": FALLING} | sections))
    definition["Structure"]["Legs"] = [
        leg("p", -qty, StrikePrice=4800),
        leg("w", qty, StrikePrice=4700),
    ]
    return definition
