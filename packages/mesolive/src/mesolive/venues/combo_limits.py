"""How many legs a broker takes in one combo order: for regrouping a plan, and for the check before an order is sent."""

from __future__ import annotations

from types import MappingProxyType

from mesolive_sdk.models import BrokerType

MAX_COMBO_LEGS = MappingProxyType({BrokerType.TastyTrade: 4})
"""Legs of one order, where a broker states a number; elsewhere the venue decides."""
