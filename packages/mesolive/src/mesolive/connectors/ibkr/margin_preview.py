"""Margin previews of IB (what-if orders): whether the account could carry an order, before it is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from mesolive.connectors.ibkr.pacing import NotSentError
from mesolive.connectors.ibkr.session_errors import RequestTimeoutError
from mesolive.connectors.ibkr.time_limit import limited
from mesolive.connectors.ibkr.tws_messages import ComboLeg, Contract, Margins, OrderTicket
from mesolive.connectors.ibkr.venue_state import VenueState

PREVIEW_SECONDS: Final = 2.5


class MarginPreviews:
    """Asks for margins, and takes the answers."""

    def __init__(self, state: VenueState) -> None:
        self._state = state
        self._waiting: dict[int, asyncio.Future[Margins | str]] = {}

    def answer(self, order_id: int, margins: Margins) -> bool:
        """Take a preview; return whether a caller waits for it. The first one may have no numbers."""
        waiting = self._waiting.get(order_id)
        if waiting is not None and not waiting.done() and margins.initial_after is not None:
            waiting.set_result(margins)
        return waiting is not None

    def refuse(self, order_id: int, code: int, text: str) -> bool:
        """Take an error on a preview; return whether a caller waits for it."""
        waiting = self._waiting.get(order_id)
        if waiting is not None and not waiting.done() and not (code == 399 or 2100 <= code < 2200):
            waiting.set_result(f"{code}: {text}")
        return waiting is not None

    async def ask(
        self, order_id: int, contract: Contract, ticket: OrderTicket, legs: Sequence[ComboLeg]
    ) -> Margins | str:
        """Return the margins with an order, or why there are none."""
        waiting: asyncio.Future[Margins | str] = asyncio.get_running_loop().create_future()
        self._waiting[order_id] = waiting
        try:
            await self._state.session.place_order(order_id, contract, ticket, legs)
            async with limited(self._state.timer, PREVIEW_SECONDS, "no answer"):
                return await waiting
        except NotSentError as error:
            return f"not sent: {error}"
        except RequestTimeoutError:
            return "not sent: IB did not say within the time what margin the order needs"
        finally:
            del self._waiting[order_id]

    async def why_not(
        self, order_id: int, contract: Contract, ticket: OrderTicket, legs: Sequence[ComboLeg]
    ) -> str | None:
        """Return why the account cannot carry an order, or `None`. Without an answer the order is not sent."""
        answer = await self.ask(order_id, contract, ticket, legs)
        if isinstance(answer, str):
            return answer
        equity, needed = answer.equity_after, answer.initial_after
        if equity is not None and needed is not None and equity < needed:
            return f"IB would ask for an initial margin of {needed}, and the account would have {equity}"
        return None
