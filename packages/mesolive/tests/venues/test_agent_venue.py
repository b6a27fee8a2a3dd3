"""A venue through an agent: links are cut, servers forget, the agent starts again; nothing comes twice or is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mesolive.connectors.remote import venue_host
from mesolive.connectors.remote.messages import MayWrite, Submit
from mesolive.market.providers.simulated.provider import SimulatedProvider
from mesolive.market.service import Market
from mesolive.venues.base import (
    NOT_SENT,
    Accepted,
    AccountUnreachableError,
    Ended,
    Execution,
    KeptReports,
    OrderStatus,
    VenueFact,
    VenueUnreachableError,
)
from mesolive_testkit.signals import JumpingClock
from mesolive_testkit.venues.agent_bench import AgentBench
from mesolive_testkit.venues.benches import ACCOUNT

START = datetime(2026, 1, 5, 20, 58, tzinfo=UTC)
SECONDS = 60.0


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncGenerator[AgentBench]:
    clock = JumpingClock(START)
    made = AgentBench(tmp_path, Market([SimulatedProvider.generated(clock, seed=7)]), clock)
    await made.market.start()
    await made.open()
    yield made
    await made.close()
    await made.market.stop()


async def references(bench: AgentBench) -> list[str | None]:
    """Return the references of the orders that the venue has."""
    async with bench.local.session():
        return [order.reference for order in await bench.local.orders(ACCOUNT, START)]


async def next_fill(facts: object) -> Execution:
    async with asyncio.timeout(SECONDS):
        while True:
            fact: VenueFact = await anext(facts)  # pyright: ignore[reportArgumentType, reportUnknownVariableType]  # a stream
            if isinstance(fact, Execution):
                return fact


async def test_an_order_whose_link_is_cut_before_it_may_be_written_never_reaches_the_venue(bench: AgentBench) -> None:
    asked = asyncio.Event()

    async def check() -> None:
        asked.set()
        await asyncio.Event().wait()

    order = bench.order()
    async with bench.venue.session():
        submitting = asyncio.create_task(bench.venue.submit(order, check))
        async with asyncio.timeout(SECONDS):
            await asked.wait()
        bench.cut()
        with pytest.raises(VenueUnreachableError):
            await submitting
    await bench.tick()
    assert await references(bench) == []
    bench.link()
    async with bench.venue.session():
        assert await bench.venue.orders(ACCOUNT, START) == []


async def test_an_order_that_its_server_no_longer_waits_for_is_not_written(bench: AgentBench) -> None:
    asked, allowed = asyncio.Event(), asyncio.Event()

    async def check() -> None:
        asked.set()
        await allowed.wait()

    order = bench.order()
    async with bench.venue.session():
        submitting = asyncio.create_task(bench.venue.submit(order, check))
        async with asyncio.timeout(SECONDS):
            await asked.wait()
        submitting.cancel()
        await asyncio.wait({submitting})
        assert await bench.slot.may_write(bench.ends[0], _question(bench)) is not None
    bench.cut()
    allowed.set()
    await bench.tick()
    assert await references(bench) == []


def _question(bench: AgentBench) -> MayWrite:
    return MayWrite(epoch=bench.epoch, ticket=2)


async def test_an_order_whose_answer_is_lost_is_found_once_by_its_reference_and_its_fill_is_reported(
    bench: AgentBench,
) -> None:
    order = bench.order()
    async with bench.venue.session():
        submit = bench.local.submit

        async def cut_behind(*arguments: object) -> Accepted | Ended:
            answer = await submit(*arguments)  # pyright: ignore[reportArgumentType]  # as they came
            bench.cut()
            return answer

        bench.local.submit = cut_behind  # pyright: ignore[reportAttributeAccessIssue]
        with pytest.raises(VenueUnreachableError):
            await bench.venue.submit(order)
        bench.local.submit = submit
    await bench.tick()
    bench.link()
    async with bench.venue.session() as facts:
        fill = await next_fill(facts)
        assert fill.reference == order.reference
        (listed,) = await bench.venue.orders(ACCOUNT, START)
        assert (listed.reference, listed.status) == (order.reference, OrderStatus.FILLED)
        assert list(await bench.venue.executions(ACCOUNT, START)) == [fill]


@pytest.mark.parametrize("behind", [1, 5])
async def test_an_order_of_an_older_epoch_is_certainly_not_sent(bench: AgentBench, behind: int) -> None:
    question = Submit(epoch=bench.epoch - behind, ticket=1, request=bench.order())
    answer = await bench.host.asked(bench.ends[1], question)
    assert isinstance(answer, Ended)
    assert answer.code == NOT_SENT
    assert "epoch" in answer.reason
    assert await references(bench) == []


async def test_an_order_of_a_link_that_another_has_replaced_is_certainly_not_sent(bench: AgentBench) -> None:
    _, old = bench.ends
    bench.link()
    answer = await bench.host.asked(old, Submit(epoch=bench.epoch, ticket=1, request=bench.order()))
    assert isinstance(answer, Ended)
    assert answer.code == NOT_SENT
    assert await references(bench) == []
    await old.stop()


async def test_a_permission_that_is_older_than_a_second_is_not_used(
    bench: AgentBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = iter(range(0, 1000, 2))
    monkeypatch.setattr(bench.host, "_limits", venue_host.LIMITS)
    monkeypatch.setattr(venue_host, "boot_time", lambda: float(next(moments)))
    async with bench.venue.session():
        answer = await bench.venue.submit(bench.order())
    assert isinstance(answer, Ended)
    assert answer.code == NOT_SENT
    assert "older than 1 s" in answer.reason
    assert await references(bench) == []


async def test_a_report_comes_again_until_it_is_booked_and_never_after(bench: AgentBench) -> None:
    async with bench.venue.session() as facts:
        await bench.venue.submit(bench.order())
        first = await next_fill(facts)
    for _ in range(2):
        async with bench.venue.session() as facts:
            assert await next_fill(facts) == first
    await bench.restart()
    async with bench.venue.session() as facts:
        again = await next_fill(facts)
        assert again == first
        assert isinstance(facts, KeptReports)
        facts.booked(again)
        await bench.venue.submit(bench.order())
        second = await next_fill(facts)
        assert second.execution_id != first.execution_id
    async with bench.venue.session() as facts:
        assert await next_fill(facts) == second


async def test_a_fill_without_a_connection_is_reported_by_the_next_connection(bench: AgentBench) -> None:
    async with bench.venue.session() as facts:
        await bench.venue.submit(bench.order(3))
        fills = [await next_fill(facts)]
        bench.cut()
    await bench.tick()
    bench.link()
    async with bench.venue.session() as facts:
        reported = {(await next_fill(facts)).execution_id for _ in range(2)}
        listed = {fill.execution_id for fill in await bench.venue.executions(ACCOUNT, START)}
    assert fills[0].execution_id in reported
    assert reported == listed


async def test_a_journal_whose_last_line_is_torn_keeps_the_others_and_continues(bench: AgentBench) -> None:
    async with bench.venue.session() as facts:
        await bench.venue.submit(bench.order())
        first = await next_fill(facts)
    await bench.close()
    journal = bench.directory / "reports.jsonl"
    with journal.open("ab") as stream:
        stream.write(b'{"number": 99, "fact": {"type": "Exec')
    await bench.open()
    async with bench.venue.session() as facts:
        assert await next_fill(facts) == first
        await bench.venue.submit(bench.order())
        second = await next_fill(facts)
    await bench.restart()
    async with bench.venue.session() as facts:
        assert [await next_fill(facts), await next_fill(facts)] == [first, second]


@pytest.mark.parametrize("listing", ["orders", "executions", "settlements", "positions"])
async def test_an_account_that_the_login_lost_is_known_as_such_behind_the_agent(
    bench: AgentBench, listing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lost(account: str, *_: object) -> None:
        raise AccountUnreachableError(f"the login has {account} no more")

    async with bench.venue.session():
        monkeypatch.setattr(bench.local, listing, lost)
        times = () if listing == "positions" else (START,)
        with pytest.raises(AccountUnreachableError, match=f"the login has {ACCOUNT} no more"):
            await getattr(bench.venue, listing)(ACCOUNT, *times)
        monkeypatch.undo()
        assert not list(await getattr(bench.venue, listing)(ACCOUNT, *times))
