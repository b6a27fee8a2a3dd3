"""One position in full: its legs and what they are worth now."""

from __future__ import annotations

from decimal import Decimal

from mesolive.access.context import UserContext
from mesolive.market.service import Market, UnknownUnderlyingError
from mesolive.streams.items import EXACT, position_fields
from mesolive.streams.subjects import Entry, Subject, of_legs
from mesolive.streams.valuation import value
from mesolive.trading.plans import LegInGroup, groups_of
from mesolive.trading.positions import Leg, Position, Positions
from mesolive_sdk import models

EVERYTHING = 7
