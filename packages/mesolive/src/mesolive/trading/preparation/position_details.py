"""Positions with their live values: one with its legs (`GetPosition`), and lists of them (`ListPositions`)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal

from mesolive.access.context import UserContext
from mesolive.clock import Clock
from mesolive.language.decision import shown
from mesolive.market.calendar import ExchangeCalendar
from mesolive.market.chain_view import BookView
from mesolive.market.service import Market, UnknownProviderError, UnknownUnderlyingError
from mesolive.pricing.margin import MarginRules
from mesolive.store.database import Database, Transaction
from mesolive.trading.portfolio.day_pnl import TradingDay, day_bases_of_positions
from mesolive.trading.portfolio.held_value import open_value, sum_of, unrealized
from mesolive.trading.portfolio.margin import PositionMargin, margins_now, rules_by_position
from mesolive.trading.portfolio.marks import Marks
from mesolive.trading.portfolio.plans import groups_of
from mesolive.trading.portfolio.positions import Leg, Position, Positions, find_position, positions_by_id
from mesolive.trading.valuation.engine import value
from mesolive.trading.valuation.from_positions import position_subject
from mesolive.trading.valuation.wire_items import EXACT, Fields, position_fields
from mesolive_sdk import models

EVERYTHING = 7


class PositionDetails:
    """Answers `GetPosition` and `ListPositions`."""

    def __init__(
        self, database: Database, positions: Positions, market: Market, calendar: ExchangeCalendar, clock: Clock
    ) -> None:
        self._database = database
        self._positions = positions
        self._market = market
        self._calendar = calendar
        self._clock = clock

    async def list(self, user: UserContext, args: models.ListPositionsArgs) -> models.ListPositionsResult:
        """Return the user's positions that pass every given filter, oldest first.

        Values that were asked for are computed for all of the page together: five statements more, however many
        positions there are.
        """
        result = await self._positions.list(user, args)
        if args.IncludeValues and result.Positions:
            listed = {position.Id: position for position in result.Positions}
            async with self._database.read() as tx:
                positions = await positions_by_id(tx, user.user_id, listed)
                bases, rules = await self._bases_and_rules(tx, positions)
            await self._add_values(positions, bases, rules, listed)
        return result

    async def _bases_and_rules(
        self, tx: Transaction, position_ids: Collection[int]
    ) -> tuple[Mapping[int, Decimal | None], Mapping[int, MarginRules]]:
        day = TradingDay.at(self._calendar, self._clock.now())
        bases = await day_bases_of_positions(tx, day, position_ids)
        return bases, await rules_by_position(tx, position_ids)

    async def _add_values(
        self,
        positions: Mapping[int, Position],
        bases: Mapping[int, Decimal | None],
        rules: Mapping[int, MarginRules],
        listed: Mapping[int, models.LivePosition],
    ) -> None:
        """Give positions of the wire their PnL and margin on the market now."""
        marks: dict[models.DataProviderType | None, Marks] = {}
        margins: dict[int, PositionMargin] = {}
        for position_id, position in positions.items():
            if position.provider not in marks:
                marks[position.provider] = Marks(self._market, provider=position.provider)
            of, legs = marks[position.provider], position.open_legs
            running = unrealized(legs, open_value(legs, of))
            listed[position_id].UnrealizedPnL = running
            listed[position_id].DayPnL = sum_of(running, bases.get(position_id))
            if position_id in rules:
                margins[position_id] = PositionMargin(legs, rules[position_id], of)
        for position_id, margin in (await margins_now(margins)).items():
            listed[position_id].Margin = margin

    async def get(self, user: UserContext, args: models.GetPositionArgs) -> models.LivePositionDetail:
        """Return one position of the user with all its legs; live values are those of the legs that are open."""
        async with self._database.read() as tx:
            position = await find_position(tx, user.user_id, args.PositionId)
            bases, rules = await self._bases_and_rules(tx, [position.id])
        live = position.live
        await self._add_values({position.id: position}, bases, rules, {position.id: live})
        values = self._values(position)
        return models.LivePositionDetail(
            **{name: getattr(live, name) for name in models.LivePosition.__struct_fields__},
            Legs=[leg.live for leg in position.legs],
            Vars=shown(position.variables),
            PositionPrice=values.get("PositionPrices") or models.LivePrices(),
            PositionGreeks=values.get("PositionGreeks") or models.LiveGreeks(),
            PositionPnL=values.get("PositionPnLs") or models.LivePnL(Realized=position.realized_pnl),
            LegPrices=values.get("LegPrices", {}),
            LegGreeks=values.get("LegGreeks", {}),
            LegPnLs=values.get("LegPnLs", {}),
            LegGroups=groups_of((leg.name, leg.leg_group_id) for leg in position.open_legs),
        )

    def _values(self, position: Position) -> Fields:
        view = None if not position.open_legs else self._view(position.open_legs[0])
        if view is None:
            return {}
        subject = position_subject(position)
        return position_fields(subject, value(subject, view), EVERYTHING, EVERYTHING, 0)(EXACT)

    def _view(self, leg: Leg) -> BookView | None:
        try:
            return self._market.view(leg.traded.contract.underlying, leg.provider)
        except (UnknownUnderlyingError, UnknownProviderError):
            return None
