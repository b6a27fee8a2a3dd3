"""Cancelling while the database cannot be written: the venue hears of it, and the answer is true."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from decimal import Decimal
from pathlib import Path

import pytest

from mesolive.journal.bus import LocalBus
from mesolive.journal.journal import Journal
from mesolive.operations.emergency import EmergencyImport
from mesolive.store.emergency import HaltNote, RevocationNote
from mesolive.trading.execution import cancellation, halts
from mesolive.venues.base import CancelDenied, Ended
from mesolive.venues.simulated.faults import Fault
from mesolive_sdk import MesoLiveControlHubClient, models, new_idempotency_key
from mesolive_sdk.exceptions import MesoLiveApiException, MesoLiveSignalRError
from mesolive_sdk.models import AccessChange, AccessEvent, OrderState, OrderType, StatusCode
from mesolive_testkit.store.trouble import Trouble, full_disk, stuck_writer
from mesolive_testkit.venues import SIM, Desk, at_venue, desk_server


@pytest.fixture
async def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Desk]:
    monkeypatch.setattr(cancellation, "STORE_SECONDS", 0.2)
    async with desk_server(tmp_path) as running:
        yield running


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "mesolive.sqlite3"


both = pytest.mark.parametrize("trouble", [full_disk, stuck_writer])


async def resting(desk: Desk) -> int:
    """Return an order that works at the venue."""
    plan = await desk.prepare_entry((await desk.strategy()).Id)
    sent = await desk.send(at_venue(plan, kind=OrderType.Limit, limit=Decimal(-99)))
    assert sent.State is OrderState.Submitted
    return sent.LiveOrderId


def cancel(order_id: int) -> models.CancelOrderArgs:
    return models.CancelOrderArgs(IdempotencyKey=new_idempotency_key(), LiveOrderId=order_id)


@both
async def test_a_cancel_reaches_the_venue_though_it_cannot_be_stored(desk: Desk, file: Path, trouble: Trouble) -> None:
    order_id = await resting(desk)
    with trouble(desk.application.database, file):
        answer = await desk.control.cancel_order(cancel(order_id))
        assert answer.State is OrderState.Cancelled
        assert desk.venue.ledger.working == {}
        assert (await desk.order(order_id)).State is not OrderState.Cancelled, "the books do not know it yet"
    await desk.order_in(order_id, OrderState.Cancelled)


@both
async def test_what_the_venue_refuses_to_cancel_is_a_conflict_then_too(
    desk: Desk, file: Path, trouble: Trouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    order_id = await resting(desk)

    async def deny(account: str, reference: str, venue_id: str | None) -> CancelDenied:
        return CancelDenied(
            account=account, reference=reference, reason="being filled", at=desk.application.clock.now()
        )

    monkeypatch.setattr(desk.venue, "cancel", deny)
    with trouble(desk.application.database, file), pytest.raises(MesoLiveApiException, match="being filled") as caught:
        await desk.control.cancel_order(cancel(order_id))
    assert caught.value.status is StatusCode.Conflict
    assert len(desk.venue.ledger.working) == 1


@both
async def test_an_unanswered_cancel_is_not_reported_as_done(desk: Desk, file: Path, trouble: Trouble) -> None:
    order_id = await resting(desk)
    desk.venue.faults.ask(Fault.REQUEST_LOST)
    with trouble(desk.application.database, file):
        answer = await desk.control.cancel_order(cancel(order_id))
        assert answer.State is not OrderState.Cancelled


async def test_an_order_of_another_user_is_not_found_then_either(desk: Desk, file: Path) -> None:
    order_id = await resting(desk)
    other = await desk.application.access.create_key("somebody else")
    async with MesoLiveControlHubClient(desk.application.url, other.token) as control:
        with full_disk(desk.application.database, file), pytest.raises(MesoLiveApiException) as caught:
            await control.cancel_order(cancel(order_id))
    assert caught.value.status is StatusCode.NotFound
    assert len(desk.venue.ledger.working) == 1


@both
async def test_a_halt_that_is_only_noted_cancels_and_refuses_and_is_stored_later(
    desk: Desk, file: Path, trouble: Trouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    received, venue_cancel = asyncio.Event(), desk.venue.cancel

    async def cancel_and_tell(account: str, reference: str, venue_id: str | None) -> Ended | CancelDenied | None:
        answer = await venue_cancel(account, reference, venue_id)
        received.set()
        return answer

    monkeypatch.setattr(desk.venue, "cancel", cancel_and_tell)
    order_id = await resting(desk)
    database = desk.application.database
    plan = await desk.prepare_entry((await desk.strategy(StrategyName="another")).Id)
    note = HaltNote("enough", desk.application.clock.now(), SIM)
    with trouble(database, file):
        assert database.emergency.add(note)
        async with asyncio.timeout(60):
            await received.wait()
        assert desk.venue.ledger.working == {}
        (listed,) = (await desk.control.list_halts()).Halts
        assert (listed.BrokerAccountId, listed.Reason) == (SIM, "enough")
    await desk.order_in(order_id, OrderState.Cancelled)
    with pytest.raises(MesoLiveApiException, match="enough"):
        await desk.send(at_venue(plan))
    await EmergencyImport(database, desk.application.access).store()
    assert database.emergency.notes() == ()
    (listed,) = (await desk.control.list_halts()).Halts
    assert listed.Reason == "enough"
    await halts.resume(database, desk.application.clock.now())
    assert (await desk.control.list_halts()).Halts == []


async def test_a_halt_that_is_stored_twice_is_one_halt(desk: Desk) -> None:
    database, now = desk.application.database, desk.application.clock.now()
    await halts.halt(database, "enough", now)
    database.emergency.add(HaltNote("enough", now))
    await EmergencyImport(database, desk.application.access).store()
    assert len((await desk.control.list_halts()).Halts) == 1


async def test_resuming_lifts_a_halt_that_is_only_noted(desk: Desk) -> None:
    database, now = desk.application.database, desk.application.clock.now()
    database.emergency.add(HaltNote("enough", now))
    assert await halts.resume(database, now) >= 1
    assert database.emergency.notes() == ()
    assert (await desk.control.list_halts()).Halts == []


async def test_a_key_whose_revocation_is_only_noted_works_no_more(desk: Desk, file: Path) -> None:
    made = await desk.application.access.create_key("somebody else")
    async with MesoLiveControlHubClient(desk.application.url, made.token) as control:
        await control.list_accounts()
    with stuck_writer(desk.application.database, file):
        desk.application.database.emergency.add(RevocationNote(made.key.key_id, desk.application.clock.now()))
        with pytest.raises(MesoLiveSignalRError, match="refused the API key"):
            await MesoLiveControlHubClient(desk.application.url, made.token).start()
    await EmergencyImport(desk.application.database, desk.application.access).store()
    (key,) = await desk.application.access.list_keys("somebody else")
    assert key.revoked_at is not None
    events, _ = await Journal(desk.application.database, LocalBus(), desk.application.clock).before(
        (await desk.application.access.user("somebody else")).user_id, None, 1
    )
    assert isinstance(events[0].Event, AccessEvent)
    assert (events[0].Event.Change, events[0].Event.At) == (AccessChange.KeyRevoked, key.revoked_at)
