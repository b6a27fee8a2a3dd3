"""Send permits: an order is sent at most once, whichever server has the database, and never past a halt."""

from __future__ import annotations

import asyncio
import tempfile
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from mesolive.clock import boot_time
from mesolive.store.database import Database
from mesolive.trading.execution import send_permits
from mesolive.trading.execution.halts import halt, resume
from mesolive.trading.execution.send_permits import Denial, SendPermits
from mesolive.trading.orders.repository import StoredOrder
from mesolive.trading.orders.state_machine import State
from mesolive_testkit.server import START
from mesolive_testkit.venues.desk import SIM
from mesolive_testkit.venues.stored_orders import Book, fill


@pytest.fixture
async def book(database: Database) -> Book:
    """Fill a database; each test runs once per engine."""
    return await fill(database)


@pytest.fixture
def taken_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have permits stored on SQLite too: the rules are the same on both engines."""
    monkeypatch.setattr(Database, "exclusive", False)


stored_permits = pytest.mark.usefixtures("taken_over")


@stored_permits
async def test_an_order_gets_one_permit_and_never_a_second(book: Book) -> None:
    permits = SendPermits(book.database)
    await permits.begin_epoch()
    order = await book.order(permits, "r-1")
    assert await permits.request(order, book.account, boot_time()) is None
    assert (await book.stored(order)).permit_epoch == permits.epoch
    again = await permits.request(order, book.account, boot_time())
    assert again is not None
    assert again.why is Denial.RESOLVED


@stored_permits
async def test_permits_asked_for_together_are_given_to_each_order_once(book: Book) -> None:
    permits = SendPermits(book.database)
    await permits.begin_epoch()
    made = [await book.order(permits, f"r-{number}") for number in range(8)]
    answers = await asyncio.gather(*(permits.request(order, book.account, boot_time()) for order in made * 2))
    assert sum(answer is None for answer in answers) == len(made)


@stored_permits
async def test_a_server_that_was_taken_over_sends_nothing_more(book: Book) -> None:
    first, second = SendPermits(book.database), SendPermits(book.database)
    await first.begin_epoch()
    order = await book.order(first, "r-1")
    await second.begin_epoch()
    denied = await first.request(order, book.account, boot_time())
    assert denied is not None
    assert denied.why is Denial.TAKEN_OVER
    assert (await book.stored(order)).permit_epoch is None


@stored_permits
async def test_an_order_without_a_permit_was_never_sent_once_its_epoch_is_over(book: Book) -> None:
    first, second = SendPermits(book.database), SendPermits(book.database)
    await first.begin_epoch()
    unsent, maybe_sent = await book.order(first, "r-1"), await book.order(first, "r-2")
    assert await first.request(maybe_sent, book.account, boot_time()) is None
    assert not first.never_sent(await book.stored(unsent)), "its own server may still send it"
    await second.begin_epoch()
    assert second.never_sent(await book.stored(unsent))
    assert not second.never_sent(await book.stored(maybe_sent))
    assert second.sent_by_other(await book.stored(maybe_sent))


@stored_permits
@pytest.mark.parametrize("account", [SIM, None])
async def test_no_permit_is_given_while_a_halt_is_in_force(book: Book, account: str | None) -> None:
    permits = SendPermits(book.database)
    await permits.begin_epoch()
    order = await book.order(permits, "r-1")
    await halt(book.database, "stop everything", START, account)
    denied = await permits.request(order, book.account, boot_time())
    assert denied is not None
    assert (denied.why, denied.text) == (Denial.HALTED, "stop everything")
    await resume(book.database, START, account)
    assert await permits.request(order, book.account, boot_time()) is None


@stored_permits
async def test_an_order_that_was_resolved_meanwhile_gets_no_permit(book: Book) -> None:
    permits = SendPermits(book.database)
    await permits.begin_epoch()
    order = await book.order(permits, "r-1")
    await book.end(order, State.REJECTED)
    denied = await permits.request(order, book.account, boot_time())
    assert denied is not None
    assert denied.why is Denial.RESOLVED


@pytest.mark.parametrize("stored", [True, False])
async def test_an_order_that_waited_too_long_is_not_sent(
    book: Book, stored: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Database, "exclusive", not stored)
    permits = SendPermits(book.database)
    await permits.begin_epoch()
    order = await book.order(permits, "r-1")
    denied = await permits.request(order, book.account, boot_time() - permits.limits.send_within - 1)
    assert denied is not None
    assert denied.why is Denial.LATE
    assert (await book.stored(order)).permit_epoch is None


@stored_permits
async def test_a_permit_that_is_older_than_a_second_is_not_used(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    permits = SendPermits(book.database)
    await permits.begin_epoch()
    order = await book.order(permits, "r-1")
    moments = iter([100.0, 100.0, 100.0 + permits.limits.permit + 0.1])
    monkeypatch.setattr(send_permits, "boot_time", lambda: next(moments))
    denied = await permits.request(order, book.account, 100.0)
    assert denied is not None
    assert denied.why is Denial.STALE_PERMIT
    assert (await book.stored(order)).permit_epoch == permits.epoch, "other servers must think that it may be sent"


async def test_the_only_server_of_a_file_looks_for_halts_again_after_a_pause(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Database, "exclusive", True)
    permits = SendPermits(book.database)
    order = await book.order(permits, "r-1")
    await halt(book.database, "stop everything", START)
    paused = boot_time() - permits.limits.permit - 0.1
    denied = await permits.request(order, book.account, paused)
    assert denied is not None
    assert denied.why is Denial.HALTED


# --- any interleaving of two servers


class Server:
    """One server as the model sees it: what it has committed, and what it may still send."""

    def __init__(self, permits: SendPermits) -> None:
        self.permits = permits
        self.committed: list[StoredOrder] = []
        self.permitted: list[StoredOrder] = []


class TakeOvers(RuleBasedStateMachine):
    """Servers that commit, are paused anywhere, are taken over, and go on; the venue's list is the judge.

    Every order is the attempt of one intention to trade. The trader tries an intention again once its order is
    resolved as never sent, and never before.
    """

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.directory = tempfile.TemporaryDirectory()
        self.database = self.loop.run_until_complete(Database.open(f"sqlite:///{self.directory.name}/m.sqlite3"))
        self.book = self.loop.run_until_complete(fill(self.database))
        self.servers: list[Server] = []
        self.halted = False
        self.number = 0
        self.intentions: dict[str, int] = {}
        self.open: set[int] = set()
        self.at_venue: list[int] = []

    @initialize()
    def begin(self) -> None:
        self._start()

    def _start(self) -> None:
        server = Server(SendPermits(self.database))
        self.loop.run_until_complete(server.permits.begin_epoch())
        self.servers.append(server)

    def _commit(self, server: Server, intention: int) -> None:
        self.number += 1
        reference = f"r-{self.number}"
        order = self.loop.run_until_complete(self.book.order(server.permits, reference))
        self.intentions[reference] = intention
        self.open.add(intention)
        server.committed.append(order)

    @rule()
    def commit_a_new_order(self) -> None:
        """Only the newest server takes calls; the others' sockets are closed, or their callers gone."""
        self._commit(self.servers[-1], self.number)

    @precondition(lambda self: any(server.committed for server in self.servers))
    @rule(data=st.data())
    def ask_for_a_permit(self, data: st.DataObject) -> None:
        server = data.draw(st.sampled_from([server for server in self.servers if server.committed]))
        order = server.committed.pop(data.draw(st.integers(0, len(server.committed) - 1)))
        denied = self.loop.run_until_complete(server.permits.request(order, self.book.account, boot_time()))
        if denied is None:
            assert not self.halted, "no permit while a halt is in force"
            assert server is self.servers[-1], "no permit for a server that was taken over"
            server.permitted.append(order)
        elif denied.why is Denial.HALTED:
            self.loop.run_until_complete(self.book.end(order, State.REJECTED))
            self.open.discard(self.intentions[order.reference])

    @precondition(lambda self: any(server.permitted for server in self.servers))
    @rule(data=st.data())
    def submit(self, data: st.DataObject) -> None:
        """Let a server go on with a permit that it has, however late: a pause fits between its look and the write."""
        server = data.draw(st.sampled_from([server for server in self.servers if server.permitted]))
        order = server.permitted.pop(data.draw(st.integers(0, len(server.permitted) - 1)))
        self.at_venue.append(self.intentions[order.reference])

    @rule()
    def take_over(self) -> None:
        if len(self.servers) < 5:
            self._start()

    @rule()
    def halt_or_resume(self) -> None:
        self.number += 1  # the same reason at the same time is the same halt
        at = START + timedelta(seconds=self.number)
        change = resume(self.database, at) if self.halted else halt(self.database, "stop", at)
        self.loop.run_until_complete(change)
        self.halted = not self.halted

    @rule()
    def judge(self) -> None:
        """Have the newest server resolve what was certainly never sent; the trader tries that again."""
        newest = self.servers[-1]
        for server in self.servers:
            for order in [*server.committed, *server.permitted]:
                stored = self.loop.run_until_complete(self.book.stored(order))
                intention = self.intentions[order.reference]
                if newest.permits.never_sent(stored) and intention in self.open:
                    self.loop.run_until_complete(self.book.end(stored, State.REJECTED))
                    self._commit(newest, intention)

    @invariant()
    def each_intention_is_at_the_venue_at_most_once(self) -> None:
        assert len(self.at_venue) == len(set(self.at_venue))

    def teardown(self) -> None:
        self.loop.run_until_complete(self.database.close())
        self.loop.close()
        self.directory.cleanup()


TestTakeOvers = TakeOvers.TestCase
TestTakeOvers.settings = settings(
    max_examples=20, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestTakeOvers = pytest.mark.slow(stored_permits(pytest.mark.timeout(600)(TestTakeOvers)))
