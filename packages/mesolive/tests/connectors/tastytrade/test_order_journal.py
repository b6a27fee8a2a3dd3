"""The journal of tastytrade orders: what survives a loss of power, and what is said of lines that cannot be read."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from mesolive.connectors.tastytrade import order_journal
from mesolive.connectors.tastytrade.order_journal import OrderJournal, Sent
from mesolive.venues.base import Accepted, Execution
from mesolive_testkit.tastytrade.broker import NOW, ORDERS, FakeBroker, spread, trading
from mesolive_testkit.tastytrade.samples import ACCOUNT
from mesolive_testkit.tastytrade.sockets import FakeAccountStream


class Disk:
    """What of a file survives a loss of power: its content when it was last forced to the disk."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
        self.file = file
        self.content = b""
        self._fsync = os.fsync
        monkeypatch.setattr("mesolive.connectors.tastytrade.order_journal.os.fsync", self._synced)

    def _synced(self, descriptor: int) -> None:
        self._fsync(descriptor)
        if self.file.exists() and os.path.samestat(os.fstat(descriptor), self.file.stat()):
            self.content = self.file.read_bytes()


async def test_an_order_is_on_the_disk_before_it_is_sent_and_a_combo_before_it_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "orders.jsonl"
    disk, broker = Disk(monkeypatch, file), FakeBroker()
    at_arrival: list[bytes] = []

    def arrived(request: httpx.Request) -> httpx.Response:
        at_arrival.append(disk.content)
        return broker._submit(request)

    broker.rest.on("POST", ORDERS, arrived)
    async with trading(broker, journal=OrderJournal(file)) as rig, rig.venue.session() as facts:
        accepted = await rig.venue.submit(spread())
        assert isinstance(accepted, Accepted)
        assert [b"ref-1" in content for content in at_arrival] == [True]
        await broker.fill(int(accepted.venue_id))
        async for fact in facts:
            if isinstance(fact, Execution):
                assert fact.execution_id.encode() in disk.content
                break


async def test_lines_that_cannot_be_read_are_an_alarm_and_stay_in_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(order_journal, "COMPACT_BYTES", 10)
    file = tmp_path / "orders.jsonl"
    journal = OrderJournal(file)
    journal.open(NOW)
    journal.write(Sent(request=spread(), at=NOW))
    journal.close()
    spoiled = b'{"type": "OfALaterVersion"}'
    file.write_bytes(spoiled + b"\n" + file.read_bytes() + b'{"type": "Se')
    async with trading(journal=OrderJournal(file)) as rig:
        assert "the first is line 1" in rig.venue.status.message
        assert (ACCOUNT, "ref-1") in rig.venue._journal.sent
    lines = file.read_bytes().split(b"\n")
    assert lines[0] == spoiled
    assert b"ref-1" in lines[1]


def test_a_record_that_cannot_be_stored_leaves_no_part_of_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = OrderJournal(tmp_path / "orders.jsonl")
    journal.open(NOW)
    write, written = os.write, list[int]()

    def full(descriptor: int, content: bytes) -> int:
        if written:
            raise OSError(28, "No space left on device")
        written.append(write(descriptor, content[:50]))
        return written[0]

    with monkeypatch.context() as patched:
        patched.setattr("mesolive.connectors.tastytrade.order_journal.os.write", full)
        with pytest.raises(OSError, match="No space"):
            journal.write(Sent(request=spread(), at=NOW))
    assert journal.sent == {}
    journal.write(Sent(request=spread(reference="ref-2"), at=NOW))
    journal.close()
    journal.open(NOW + timedelta(seconds=1))
    assert [reference for _, reference in journal.sent] == ["ref-2"]
    assert journal.unreadable == []
    journal.close()


async def test_after_a_loss_of_the_journal_an_order_of_ours_is_known_by_its_identifier(tmp_path: Path) -> None:
    broker, names = FakeBroker(), {"SPXW261218P05000000", "SPXW261218P04900000"}
    file = tmp_path / "orders.jsonl"
    async with trading(broker, journal=OrderJournal(file)) as rig, rig.venue.session():
        accepted = await rig.venue.submit(spread())
    file.unlink()
    broker.stream = FakeAccountStream()
    async with trading(broker, journal=OrderJournal(file)) as rig, rig.venue.session():
        assert isinstance(accepted, Accepted)
        await broker.fill(int(accepted.venue_id))
        (execution,) = await rig.venue.executions(ACCOUNT, NOW - timedelta(hours=1))
        assert execution.reference == "ref-1"
        assert {leg.name for leg in execution.legs} == names
