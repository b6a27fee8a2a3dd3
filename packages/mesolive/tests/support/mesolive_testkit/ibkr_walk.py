"""Walks of the checklist of `mesolive connector verify ibkr` at a double of TWS."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mesolive.connectors.ibkr.connector import IbkrConnector
from mesolive.connectors.ibkr.session_errors import SessionLostError
from mesolive.connectors.ibkr.settings import IbkrSettings
from mesolive.connectors.ibkr.verification import IbkrChecklist, Pieces
from mesolive.connectors.protocol import ConnectorRequest
from mesolive.connectors.verification import Step, report
from mesolive.market.calendar import us_options_calendar
from mesolive_testkit.tws import TwsKit

TURN_SECONDS = 0.25
LIMIT_SECONDS = 1.0
"""Of the time of waiting, per turn: limits of a minute are waited for in tests."""


@dataclass
class Walk:
    """A walk of the checklist at a double."""

    kit: TwsKit
    folder: Path
    fill: bool = True
    steps: list[Step] = field(default_factory=list[Step])
    messages: Sequence[str] = ()
    handshake_seconds: float = 60.0
    until: str = ""
    """Words of the step after which the walk is left."""
    overnight: bool = False
    resumed: Mapping[str, Any] | None = None
    overnight_state: Mapping[str, Any] | None = None
    zone: str = "America/New_York"
    underlyings: tuple[str, ...] = ("SPX",)

    async def run(self) -> None:
        """Walk to the end: both clocks go on when what was written was read, so no limit depends on the machine."""
        kit = self.kit
        given: dict[str, Any] = {"port": kit.double.port, "restart_window": "", "lines": 20, "messages_per_second": 0}
        given |= {"time_zone": self.zone, "underlyings": self.underlyings}
        request = ConnectorRequest("verify", IbkrSettings(**given), self.folder, kit.clock, us_options_calendar())
        made: list[IbkrConnector] = []

        def make(asked: ConnectorRequest, record: Any) -> IbkrConnector:
            made.append(IbkrConnector(asked, timer=kit.timer, record=record, handshake_seconds=self.handshake_seconds))
            return made[0]

        checklist = IbkrChecklist(request, fill=self.fill, pieces=Pieces(make, kit.timer))

        if self.overnight:
            checklist.leave_overnight()
        if self.resumed is not None:
            checklist.resume(self.resumed)

        async def go_on() -> None:
            while True:
                await kit.clock.advance(TURN_SECONDS)
                await kit.timer.advance(LIMIT_SECONDS)
                for session in (made[0].orders, made[0].data):
                    try:
                        await session.current_time()
                    except SessionLostError:
                        await asyncio.sleep(0.02)

        moving = asyncio.create_task(go_on())
        try:
            async with asyncio.timeout(240):
                async with aclosing(checklist.walk()) as steps:
                    async for step in steps:
                        self.steps.append(step)
                        if self.until and self.until in step.title:
                            break
        finally:
            moving.cancel()
            await asyncio.gather(moving, return_exceptions=True)
        self.messages, self.overnight_state = checklist.messages, checklist.overnight_state

    @property
    def report(self) -> str:
        return report("ibkr", "0.1.0", self.steps, self.messages)

    def of(self, words: str) -> Step:
        """Return the step whose title has some words."""
        (step,) = [step for step in self.steps if words in step.title]
        return step
