"""Venue settlements and early exercise: each report is stored once and booked as far as the legs match it.

A venue settles what it holds of a contract on an account; the books may have it on several legs, some long and some
short. A settlement is booked when the books hold in sum what the venue settled, and then on all of these legs. Where
they do not, the venue is asked first for the fills that the books may lack; what differs then is booked as far as it
fits, the oldest legs first, and the rest is reported as a difference for a day.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec
import structlog
from sqlalchemy import select

from mesolive.clock import Clock
from mesolive.journal.journal import Journal
from mesolive.journal.unstamped import UNSTAMPED
from mesolive.market.calendar import ExchangeCalendar
from mesolive.market.contracts import OptionContract
from mesolive.market.service import Market, UnknownProviderError, UnknownUnderlyingError
from mesolive.market.settlement import settlement_price, settlement_value
from mesolive.store.database import Database, Transaction, WriteTransaction
from mesolive.store.tables.settlements import settlement_facts
from mesolive.trading.portfolio.account_errors import active_error
from mesolive.trading.portfolio.accounts import Account
from mesolive.trading.portfolio.position_queries import HeldLeg, expired_contracts, held_since, legs_holding
from mesolive.trading.settlement.allotment import allot, shares
from mesolive.trading.settlement.booking import SettledLeg, book_settlement
from mesolive.trading.settlement.paper_settlements import PRICE_GRACE
from mesolive.venues.base import ExerciseNotice, Settled, SettlementFact
from mesolive_sdk import models

_log = structlog.get_logger(__name__)

ZERO = Decimal(0)

DIFFERENCE_PERIOD = timedelta(days=1)
"""How long a difference between a venue's settlement and the books is reported."""

BATCH = 500
"""Reports per lookup."""

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[SettlementFact] = msgspec.json.Decoder(SettlementFact)


class _Waiting(msgspec.Struct, frozen=True):
    """A settlement report that is not booked, or not in full."""

    id: int
    fact: SettlementFact
    booked: Decimal
    received_at: datetime


class VenueSettlements:
    """Books what venues settle.

    Parameters
    ----------
    market
        Where the settlement price is read of legs that cancel each other, for which a venue holds and settles nothing.
    calendar
        The exchange's days.
    """

    def __init__(
        self, database: Database, journal: Journal, market: Market, calendar: ExchangeCalendar, clock: Clock
    ) -> None:
        self._database = database
        self._journal = journal
        self._market = market
        self._calendar = calendar
        self._clock = clock

    async def since(self, account: Account) -> datetime | None:
        """Return since when settlement reports may concern current holdings; `None` without holdings."""
        async with self._database.read() as tx:
            return await held_since(tx, account.id)

    async def take(
        self, account: Account, facts: Sequence[SettlementFact], *, asked_at: datetime | None = None
    ) -> bool:
        """Book settlement reports.

        Parameters
        ----------
        facts
            What the venue reported; what is known already changes nothing.
        asked_at
            When the settlement reports were requested; set only when all fills that the venue listed afterwards are
            booked. These reports, and those received before, are booked without a further wait for fills.

        Returns
        -------
        Whether a settlement waits for a poll of the venue.
        """
        async with self._database.read() as tx:
            if not await _unknown(tx, account, facts) and not (
                asked_at is not None and await self._anything(tx, account)
            ):
                return False
        now = self._market.now(account.provider, self._clock)
        listed = {fact.fact_id for fact in facts}
        waits = False
        async with self._database.write(account.user_id) as tx:
            # Read again within the transaction: the session and a poll report the same settlement at the same time,
            # and the read before saw neither.
            events = await self._store(tx, account, await _unknown(tx, account, facts), now)
            for item in await waiting_facts(tx, account.id):
                if not isinstance(item.fact, Settled):
                    continue
                # Final: all fills that the venue listed after this settlement are booked. No further leg will come, so
                # what is there is settled partly. A settlement that came after `asked_at` waits for the next poll.
                final = asked_at is not None and (item.fact.fact_id in listed or item.received_at < asked_at)
                rest, booked = await self._book(tx, account, item, item.fact, now, final=final)
                events += booked
                waits = waits or (rest and not final)
            if asked_at is not None:
                # Only after a poll: with a fill still missing, legs sum to zero of which the venue holds something.
                events += await self._book_opposites(tx, account, now)
            await self._journal.append(tx, account.user_id, events)
        return waits

    async def _anything(self, tx: Transaction, account: Account) -> bool:
        """Whether there may be something to book without a new report."""
        if await waiting_facts(tx, account.id):
            return True
        return bool(await self._expired(tx, account, self._market.now(account.provider, self._clock)))

    async def _store(
        self, tx: WriteTransaction, account: Account, facts: Sequence[SettlementFact], now: datetime
    ) -> list[models.MesoLiveEvent]:
        events: list[models.MesoLiveEvent] = []
        for fact in facts:
            booked = ZERO
            if isinstance(fact, ExerciseNotice):
                legs = await legs_holding(tx, account.user_id, account.id, fact.contract)
                booked = sum((item.qty for item in legs), ZERO)
                events.append(_exercised(account, fact, legs))
            await tx.execute(
                settlement_facts.insert().values(
                    user_id=account.user_id,
                    account_id=account.id,
                    fact_id=fact.fact_id,
                    kind=type(fact).__name__,
                    body=_encoder.encode(fact).decode(),
                    at=fact.at,
                    received_at=now,
                    booked_qty=booked,
                    waits=True,
                )
            )
        return events

    async def _book(
        self, tx: WriteTransaction, account: Account, waiting: _Waiting, fact: Settled, now: datetime, *, final: bool
    ) -> tuple[bool, list[models.MesoLiveEvent]]:
        """Book what is left of a settlement, as far as the legs go; return whether something is left of it then."""
        legs = await legs_holding(tx, account.user_id, account.id, fact.contract)
        rest = fact.qty - waiting.booked
        allotted = allot([item.qty for item in legs], rest, partly=final)
        parts = [(held_leg.leg, qty) for held_leg, qty in zip(legs, allotted, strict=True) if qty != 0]
        booked = sum((qty for _, qty in parts), ZERO)
        events: list[models.MesoLiveEvent] = []
        if parts:
            # What the venue kept of the settlement is booked whole, with the first part.
            fee = ZERO if waiting.booked else fact.price * fact.qty * fact.contract.multiplier - fact.cash
            settled = [
                SettledLeg(leg, qty, fact.price, fact.at, share, f"{fact.fact_id}/{leg.id}/{waiting.booked}")
                for (leg, qty), share in zip(parts, shares(fee, [qty for _, qty in parts]), strict=True)
            ]
            events = await _book_on_positions(tx, legs, settled, now)
        left = rest - booked
        written_off = final and left != 0 and now - waiting.received_at >= DIFFERENCE_PERIOD
        if written_off:
            _log.warning("settlement_written_off", account=account.broker_account_id, fact=fact.fact_id, rest=str(left))
        if parts or written_off:
            await tx.execute(
                settlement_facts.update()
                .where(settlement_facts.c.id == waiting.id)
                .values(booked_qty=waiting.booked + booked, waits=left != 0 and not written_off)
            )
        return left != 0 and not written_off, events

    async def _book_opposites(
        self, tx: WriteTransaction, account: Account, now: datetime
    ) -> list[models.MesoLiveEvent]:
        """Settle expired legs that hold nothing in sum: the venue has nothing to settle there.

        Their account neither gains nor loses by the price, but each position does: it is the one that the venue
        reported of the contract, or else the market's.
        """
        events: list[models.MesoLiveEvent] = []
        for contract, settles_at in await self._expired(tx, account, now):
            legs = await legs_holding(tx, account.user_id, account.id, contract)
            if not legs or sum(item.qty for item in legs) != 0:
                continue
            value = await _reported_value(tx, account, contract, settles_at)
            if value is None:
                value = self._value(account, contract, settles_at, now)
            if value is not None:
                settled = [SettledLeg(item.leg, item.qty, value, settles_at) for item in legs]
                events += await _book_on_positions(tx, legs, settled, now)
        return events

    async def _expired(self, tx: Transaction, account: Account, now: datetime) -> list[tuple[OptionContract, datetime]]:
        """Return the contracts that legs hold though they expired some time ago, and when each settled."""
        return list((await expired_contracts(tx, account.id, now - PRICE_GRACE)).items())

    def _value(self, account: Account, contract: OptionContract, settles_at: datetime, now: datetime) -> Decimal | None:
        try:
            book = self._market.book(contract.underlying, account.provider)
        except (UnknownUnderlyingError, UnknownProviderError):
            return None
        price = settlement_price(book, self._calendar, contract, settles_at, now)
        return None if price is None else settlement_value(contract, price)


async def _unknown(tx: Transaction, account: Account, facts: Sequence[SettlementFact]) -> list[SettlementFact]:
    """Return the reports that are not stored yet, each once."""
    by_id = {fact.fact_id: fact for fact in facts}
    ids = list(by_id)
    for start in range(0, len(ids), BATCH):
        rows = await tx.all(
            select(settlement_facts.c.fact_id).where(
                settlement_facts.c.account_id == account.id,
                settlement_facts.c.fact_id.in_(ids[start : start + BATCH]),
            )
        )
        for row in rows:
            del by_id[row.fact_id]
    return list(by_id.values())


async def waiting_facts(tx: Transaction, account_id: int) -> list[_Waiting]:
    """Return the reports of an account that are not booked in full, in order of arrival."""
    rows = await tx.all(
        select(settlement_facts)
        .where(settlement_facts.c.account_id == account_id, settlement_facts.c.waits.is_(True))
        .order_by(settlement_facts.c.id)
    )
    return [_Waiting(row.id, _decoder.decode(row.body), row.booked_qty, row.received_at) for row in rows]


def settlement_differences(waiting: Iterable[_Waiting]) -> list[str]:
    """Return the differences between venue settlements and the books, one line each."""
    return [
        f"{item.fact.contract}: the venue settled {item.fact.qty}, the books {item.booked}"
        for item in waiting
        if isinstance(item.fact, Settled)
    ]


async def end_notices(
    tx: WriteTransaction, account: Account, waiting: Iterable[_Waiting], differing: set[OptionContract]
) -> list[models.MesoLiveEvent]:
    """End the notices of early exercise that are reflected in the books, and return their events.

    Parameters
    ----------
    differing
        The contracts of which the books and the venue hold different quantities.
    """
    events: list[models.MesoLiveEvent] = []
    for item in waiting:
        fact = item.fact
        if not isinstance(fact, ExerciseNotice) or fact.contract in differing:
            continue
        legs = await legs_holding(tx, account.user_id, account.id, fact.contract)
        # A venue may show its positions without the exercise for a while: then nothing in the books has changed yet.
        if item.booked != 0 and sum((leg.qty for leg in legs), ZERO) == item.booked:
            continue
        event = await active_error(tx, account.user_id, _exercise_id(account, fact))
        if event is not None:
            event.State = models.ErrorState.Resolved
            event.Message = f"account {account.broker_account_id}: the books show the exercise of {fact.contract}"
            events.append(event)
        await tx.execute(settlement_facts.update().where(settlement_facts.c.id == item.id).values(waits=False))
    return events


async def _book_on_positions(
    tx: WriteTransaction, legs: Sequence[HeldLeg], settled: Sequence[SettledLeg], now: datetime
) -> list[models.MesoLiveEvent]:
    by_position: dict[int, list[SettledLeg]] = {}
    for item in settled:
        by_position.setdefault(item.leg.position_id, []).append(item)
    result = {item.position.id: item.position for item in legs}
    events: list[models.MesoLiveEvent] = []
    for position_id, own in by_position.items():
        events += await book_settlement(tx, result[position_id], own, now)
    return events


async def _reported_value(
    tx: Transaction, account: Account, contract: OptionContract, settles_at: datetime
) -> Decimal | None:
    """Return the settlement value that the venue has reported for a contract, or `None`."""
    rows = await tx.all(
        select(settlement_facts.c.body)
        .where(
            settlement_facts.c.account_id == account.id,
            settlement_facts.c.kind == Settled.__name__,
            settlement_facts.c.at >= settles_at - DIFFERENCE_PERIOD,
            settlement_facts.c.at <= settles_at + DIFFERENCE_PERIOD,
        )
        .order_by(settlement_facts.c.id)
    )
    for row in rows:
        fact = _decoder.decode(row.body)
        if isinstance(fact, Settled) and fact.contract == contract:
            return fact.price
    return None


def _exercise_id(account: Account, notice: ExerciseNotice) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_OID, f"mesolive/account/{account.id}/exercise/{notice.fact_id}")


def _exercised(account: Account, notice: ExerciseNotice, legs: Sequence[HeldLeg]) -> models.ErrorEvent:
    """Return the event of an early exercise, with the action that the owner must take."""
    concerned = {item.position.id: item.position for item in legs}
    position = next(iter(concerned.values())) if len(concerned) == 1 else None
    what = "were assigned" if notice.qty < 0 else "were exercised"
    when = "before" if notice.at.date() < notice.contract.day else "at"
    whose = (
        ", ".join(f"position {item.id} '{item.name}'" for item in concerned.values()) or "no position of these books"
    )
    return models.ErrorEvent(
        EventTime=UNSTAMPED,
        State=models.ErrorState.Active,
        ErrorId=_exercise_id(account, notice),
        StrategyId=None if position is None else position.strategy_id,
        StrategyName=None if position is None else position.strategy_name,
        PositionId=None if position is None else position.id,
        PositionName=None if position is None else position.name,
        BrokerAccountId=account.broker_account_id,
        Message=(
            f"account {account.broker_account_id}: {abs(notice.qty)} of {notice.contract} {what} {when} their "
            f"expiration, held by {whose}: the options are gone and shares have come in their place, which these books "
            "do not keep. Settle the shares at the venue, then close the position in the books"
        ),
    )
