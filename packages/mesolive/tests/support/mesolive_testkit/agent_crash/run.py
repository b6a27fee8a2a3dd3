"""Lets server and agent live and die while a trader trades, and compares the books with the venue's ledger."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from sqlalchemy import select

from mesolive.access.context import Role
from mesolive.access.keys import Access
from mesolive.access.secret import ServerSecret
from mesolive.connectors.remote.agent_folder import AgentFolder
from mesolive.connectors.simulated.connector import LEDGER_FILE
from mesolive.store.database import Database
from mesolive.store.tables.idempotency import idempotency_records
from mesolive.store.tables.trading import accounts, exec_plans
from mesolive.trading.execution.risk_limits import Limits, set_limits
from mesolive.trading.portfolio.accounts import find_account
from mesolive.venues.simulated.ledger import VenueLedger
from mesolive_sdk import MesoLiveControlHubClient, models
from mesolive_sdk.exceptions import MesoLiveApiException, MesoLiveSignalRError
from mesolive_testkit.agent_crash import children
from mesolive_testkit.connectors import IN_SESSION
from mesolive_testkit.store.crash_child import SECRET
from mesolive_testkit.venues.crash import RATES
from mesolive_testkit.venues.crash_checks import check_against_ledger, check_books, check_events, read_books
from mesolive_testkit.venues.crash_trader import Trader
from mesolive_testkit.venues.desk import SIM
from mesolive_testkit.venues.server_process import LIFE_SECONDS, Life, life

NAME = "sim"
CONNECT_SECONDS = 60.0
MAX_LIFE_SECONDS = 8.0
"""When no process has died by a step for so long, one of both is ended from outside."""
SETTLE_SECONDS = 120.0
SERVER_DIES = (20, 400)
AGENT_DIES = (5, 150)


@dataclass
class Part:
    """Server or agent: one process after another."""

    made: Callable[[int | None], AbstractAsyncContextManager[Life | None]]
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    life: Life | None = None

    @property
    def over(self) -> bool:
        return self.life is None or self.life.over

    async def start(self, die_at: int | None) -> None:
        """Begin another life; one that ended before it had begun is begun again."""
        await self.end()
        self.life = await self.stack.enter_async_context(self.made(die_at))

    async def end(self) -> None:
        """Kill it where it lives."""
        await self.stack.aclose()
        self.stack, self.life = AsyncExitStack(), None


@dataclass
class AgentCrash:
    """A day of kills of server and agent."""

    folder: Path
    seed: int
    kills: Counter[str] = field(default_factory=Counter[str])
    trader: Trader = field(init=False)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)  # noqa: S311 - to be repeated
        self.database_url = f"sqlite:///{self.folder / 'mesolive.sqlite3'}"
        self.agent_folder = self.folder / "agent"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.server = Part(lambda die_at: life(self.database_url, self.port, die_at, children.serve))
        self.agent = Part(lambda die_at: life(str(self.agent_folder), self.url, die_at, children.host))

    async def run(self, kills: int) -> None:
        """Let both live and die at least so often in all, settle everything, and check."""
        await self._prepare()
        try:
            await self._configure(faults=True)
            # A short run may kill before anything was accepted: it goes on until an order was.
            while self.kills.total() < kills or not self.trader.actions["send"]:
                await self._one_life()
            await self._settle()
        finally:
            await self.agent.end()
            await self.server.end()
        await self._check()

    async def _configure(self, *, faults: bool) -> None:
        rates = ",".join(f"{fault.name}={rate}" for fault, rate in RATES.items()) if faults else ""
        settings = {**IN_SESSION, "seed": "7", **({"order_faults": rates} if faults else {})}
        AgentFolder(self.agent_folder).add(NAME, "simulated", settings, {})

    async def _prepare(self) -> None:
        database = await Database.open(self.database_url)
        access = Access(database, ServerSecret(SECRET))
        self.trader = Trader((await access.create_key("trader")).token, self.random)
        key = (await access.create_key("trader", role=Role.AGENT)).token
        await database.close()
        await self._configure(faults=False)
        (self.agent_folder / children.KEY_FILE).write_text(key)
        await self.server.start(None)
        await self.agent.start(None)
        async with MesoLiveControlHubClient(self.url, self.trader.token) as control:
            await _until(control, lambda _item: True)
            await control.enable_connector(models.ConnectorArgs(Name=NAME))
            await _until(control, _trades)
            await control.enable_broker_account(models.EnableBrokerAccountArgs(Name=NAME, BrokerAccountId=SIM))
        await self.agent.end()
        await self.server.end()
        database = await Database.open(self.database_url)
        async with database.write() as tx:
            owner = await tx.first(select(accounts.c.user_id))
            assert owner is not None
            account = await find_account(tx, owner.user_id, SIM)
            await set_limits(tx, account.id, Limits(max_orders_per_minute=1_000_000, allow_live=True))
        await database.close()

    async def _one_life(self) -> None:
        """Have both running, and trade until one of them has died."""
        if self.server.over:
            await self.server.start(self.random.randint(*SERVER_DIES))
        if self.agent.over:
            await self.agent.start(self.random.randint(*AGENT_DIES))
        with contextlib.suppress(MesoLiveSignalRError, TimeoutError):
            async with asyncio.timeout(CONNECT_SECONDS), self.trader.connected(self.url) as control:
                # A life begins once both have found each other, however long that takes on a busy machine.
                while True:
                    if self._one_is_over or await _is_trading(control):
                        break
                    await asyncio.sleep(0.02)  # the agent is another process, and not back yet
                async with asyncio.timeout(MAX_LIFE_SECONDS):
                    while not self._one_is_over:
                        try:
                            await self.trader.act(control)
                        except MesoLiveApiException as error:
                            self.trader.actions[f"refused: {error.status.name}"] += 1
                            await asyncio.sleep(0.02)  # as above
        if not self._one_is_over:
            victim = self.random.choice([self.server, self.agent])
            await victim.end()
        for name, part in (("server", self.server), ("agent", self.agent)):
            if part.over:
                self.kills[name] += 1
                await part.end()

    @property
    def _one_is_over(self) -> bool:
        return self.server.over or self.agent.over

    async def _settle(self) -> None:
        """Let all faults end and every doubt be resolved."""
        await self.agent.end()
        await self._configure(faults=False)
        await self.server.end()
        await self.server.start(None)
        await self.agent.start(None)
        async with self.trader.connected(self.url) as control:
            await _until(control, _trades)
            for _ in range(int(SETTLE_SECONDS / LIFE_SECONDS)):
                with contextlib.suppress(TimeoutError):
                    await self.trader.finish(control)
                    break
            await self._settled()
        await check_events(self.url, self.trader)

    async def _settled(self) -> None:
        database = await Database.open(self.database_url)
        try:
            async with asyncio.timeout(SETTLE_SECONDS):
                while True:
                    ledger = self._ledger()
                    books = await read_books(self.database_url)
                    async with database.read() as tx:
                        waiting = await tx.first(
                            select(idempotency_records.c.key).where(idempotency_records.c.status != "Completed")
                        )
                        half = await tx.first(select(exec_plans.c.id).where(exec_plans.c.state == "Filled"))
                    if waiting is None and half is None and len(books.facts) >= len(ledger.executions):
                        return
                    await asyncio.sleep(0.2)  # the others are other processes: there is nothing to wait on but time
        finally:
            await database.close()

    def _ledger(self) -> VenueLedger:
        """Return a copy of the venue's ledger: the agent has the file itself."""
        copy = self.folder / "ledger.jsonl"
        copy.write_bytes((self.agent_folder / "connectors" / NAME / LEDGER_FILE).read_bytes())
        ledger = VenueLedger(copy)
        ledger.open()
        ledger.close()
        return ledger

    async def _check(self) -> None:
        books, ledger = await read_books(self.database_url), self._ledger()
        check_against_ledger(books, ledger)
        check_books(books, self.trader)


def _trades(item: models.ConnectorInfo) -> bool:
    return item.State.value in {"Connected", "Restricted"} and bool(item.Accounts)


async def _is_trading(control: MesoLiveControlHubClient) -> bool:
    """Whether the agent's connection trades now."""
    return any(item.Name == NAME and _trades(item) for item in (await control.list_connectors()).Connectors)


async def _until(control: MesoLiveControlHubClient, condition: Callable[[models.ConnectorInfo], bool]) -> None:
    async with asyncio.timeout(CONNECT_SECONDS):
        while True:
            for item in (await control.list_connectors()).Connectors:
                if item.Name == NAME and condition(item):
                    return
            await asyncio.sleep(0.02)  # the server is another process: there is nothing to wait on but time
