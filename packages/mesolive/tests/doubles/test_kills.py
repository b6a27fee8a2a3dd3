"""A double of TWS as a process that is killed while it trades: what it told, its lists and its truth agree."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from mesolive.doubles.control_port import Command, command
from mesolive_testkit.tws import Recorder, TwsClient, ib, ib_client, limit, strict_decoder

KILLS = 6


@asynccontextmanager
async def process(folder: Path) -> AsyncGenerator[tuple[int, int]]:
    """Run a double until it is killed at the end; yield its port and its control port."""
    arguments = [
        *("-m", "mesolive.doubles.tws", "run", "--port", "0", "--symbols", "VIX", "--speed", "0"),
        *("--start", "2026-11-30T15:00:00Z", "--state", str(folder / "state"), "--truth", str(folder / "truth")),
        *("--fault", "doubled_messages:message=execDetails,probability=0.3"),
        *("--fault", "partial_fills:quantity=2,probability=0.5"),
    ]
    running = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=subprocess.PIPE)
    assert running.stdout is not None
    ready = (await running.stdout.readline()).decode().replace(",", "").split()
    try:
        yield int(ready[4]), int(ready[7])
    finally:
        running.kill()
        await running.communicate()  # its pipe is closed as well then


async def connected(port: int) -> TwsClient:
    """Return a client of the library."""
    recorder = Recorder()
    client = TwsClient(ib_client.Client(recorder), recorder)
    client.api.decoder = strict_decoder(recorder, client.broken)
    client.api.MaxRequests = 40
    await client.api.connectAsync("127.0.0.1", port, 10, 60)
    return client


async def option_near_the_money(client: TwsClient) -> Any:
    """Return a listed option."""
    client.api.reqContractDetails(
        901, ib.Contract(symbol="VIX", secType="OPT", exchange="SMART", tradingClass="VIX", right="C", strike=17.0)
    )
    await client.get("contractDetailsEnd")
    return ib.Contract(conId=client.named("contractDetails")[0][1].contract.conId, exchange="SMART")


async def test_a_killed_double_has_sent_nothing_that_it_has_not_stored(tmp_path: Path) -> None:
    reported: dict[str, tuple[str, float, float]] = {}
    sent = 0
    for kill in range(KILLS):
        async with process(tmp_path) as (port, control):
            client = await connected(port)
            client.api.reqExecutions(900, ib.ExecutionFilter())
            await client.get("execDetailsEnd")
            listed = {call[2].execId for call in client.named("execDetails")}
            assert set(reported) <= listed
            contract = await option_near_the_money(client)
            for _ in range(3 + kill):
                sent += 1
                side = 1 if sent % 3 else -1
                client.place(contract, limit(side * 3, 90.0 if side > 0 else 0.05, f"ref-{sent}"))
            if kill % 2:
                await command(control, Command("advance", arguments={"seconds": "2"}))
                await client.settle()
            # Otherwise it dies while orders are on their way.
            await asyncio.sleep(0)
            for call in client.named("execDetails"):
                reported[call[2].execId] = (call[2].side, call[2].shares, call[2].price)
            client.api.disconnect()
            assert not client.broken
    async with process(tmp_path) as (port, _):
        client = await connected(port)
        client.api.reqExecutions(900, ib.ExecutionFilter())
        client.api.reqPositions()
        await client.get("execDetailsEnd")
        await client.get("positionEnd")
        listed = {call[2].execId: (call[2].side, call[2].shares, call[2].price) for call in client.named("execDetails")}
        assert reported.items() <= listed.items()
        truth = [json.loads(line) for line in (tmp_path / "truth").read_text().splitlines()]
        true = {order["exec_id"]: order for order in truth if order["kind"] == "execution"}
        assert set(true) == set(listed)
        held: dict[int, Decimal] = defaultdict(Decimal)
        for order in true.values():
            held[order["con_id"]] += Decimal(order["shares"]) * (1 if order["side"] == "BOT" else -1)
        positions = {call[1].conId: Decimal(call[2]) for call in client.named("position")}
        assert positions == {con_id: quantity for con_id, quantity in held.items() if quantity}
        refs = [call[2].orderRef for call in client.named("execDetails")]
        assert len(set(refs)) > KILLS
        client.api.disconnect()
