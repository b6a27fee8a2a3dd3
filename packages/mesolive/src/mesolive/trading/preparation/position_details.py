"""Position details (`GetPosition`): one position with its legs and their live values."""

from __future__ import annotations

from mesolive.access.context import UserContext
from mesolive.language.decision import shown
from mesolive.market.chain_view import BookView
from mesolive.market.service import Market, UnknownProviderError, UnknownUnderlyingError
from mesolive.trading.portfolio.margin import margin_now, rules_of
from mesolive.trading.portfolio.marks import Marks
from mesolive.trading.portfolio.plans import groups_of
from mesolive.trading.portfolio.positions import Leg, Position, Positions
from mesolive.trading.valuation.engine import value
from mesolive.trading.valuation.from_positions import position_subject
from mesolive.trading.valuation.wire_items import EXACT, Fields, position_fields
from mesolive_sdk import models

EVERYTHING = 7


class PositionDetails:
    """Answers `GetPosition`."""

    def __init__(self, positions: Positions, market: Market) -> None:
        self._positions = positions
        self._market = market

    async def get(self, user: UserContext, args: models.GetPositionArgs) -> models.LivePositionDetail:
        """Return one position of the user with all its legs; live values are those of the legs that are open."""
        position, definition = await self._positions.read_with_definition(user.user_id, args.PositionId)
        rules = rules_of(definition)
        margin = (
            None
            if rules is None
            else await margin_now(position.open_legs, rules, Marks(self._market, provider=position.provider))
        )
        values = self._values(position)
        live = position.live
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
            Margin=margin,
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
