"""Entry gates: what besides its conditions keeps a strategy from entering on an account, and until when. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta

from mesolive.language.definition import EntryRules
from mesolive.language.schedule import due, next_due
from mesolive.market.calendar import ExchangeCalendar
from mesolive.signals.queries import StrategyAccount
from mesolive.trading.portfolio.positions import Position
from mesolive_sdk import models

MOMENT = timedelta(microseconds=1)


def entry_gates(
    pair: StrategyAccount,
    rules: EntryRules,
    calendar: ExchangeCalendar,
    now: datetime,
    session: tuple[datetime, datetime],
    halts: Sequence[models.TradingHalt],
) -> list[models.OutlookGate]:
    """Return the gates that the strategy has, open ones too.

    Parameters
    ----------
    now
        Market time of the account.
    session
        In which the strategy is evaluated there: the session that runs, else the next one.
    halts
        Those in force that concern the user.
    """
    opening, close = session
    gates = [
        models.OutlookGate(Gate="Session", Open=True)
        if opening <= now < close
        else models.OutlookGate(Gate="Session", Open=False, Until=opening, Why="the market is closed")
    ]
    if rules.schedule is not None:
        scheduled = due(rules.schedule, calendar, now)
        gates.append(
            models.OutlookGate(Gate="Schedule", Open=True)
            if scheduled
            else models.OutlookGate(
                Gate="Schedule",
                Open=False,
                Until=next_due(rules.schedule, calendar, now),
                Why="no scheduled time is due",
            )
        )
    gates.append(_room(pair.own, rules.max_positions))
    gates += _waits(pair, rules, calendar, now)
    account = pair.context.account.broker_account_id
    stopping = next((halt for halt in halts if halt.BrokerAccountId in {None, account}), None)
    gates.append(
        models.OutlookGate(Gate="Halt", Open=True)
        if stopping is None
        else models.OutlookGate(Gate="Halt", Open=False, Why=f"halted: {stopping.Reason}")
    )
    return gates


def next_entry(
    rules: EntryRules, calendar: ExchangeCalendar, now: datetime, gates: Sequence[models.OutlookGate]
) -> datetime | None:
    """Return the first scheduled entry at which no day is waited for; `None` without a schedule."""
    if rules.schedule is None:
        return None
    after = max((gate.Until - MOMENT for gate in gates if gate.Gate in WAITING and gate.Until is not None), default=now)
    return next_due(rules.schedule, calendar, max(after, now))


WAITING = ("EntryShiftDays", "ReentryDays")
"""The gates that open with a day."""


def closed_at(gates: Sequence[models.OutlookGate], at: datetime) -> list[str]:
    """Return the gates that will be closed at a scheduled entry, as far as that is known now."""
    return [
        gate.Gate
        for gate in gates
        if not gate.Open and gate.Gate not in {"Session", "Schedule"} and (gate.Until is None or at < gate.Until)
    ]


def _room(positions: Sequence[Position], most: int) -> models.OutlookGate:
    count = len(positions)
    if count < most:
        return models.OutlookGate(Gate="MaxPositionsInFlight", Open=True)
    return models.OutlookGate(Gate="MaxPositionsInFlight", Open=False, Why=f"{count} of {most} positions are in flight")


def _waits(
    pair: StrategyAccount, rules: EntryRules, calendar: ExchangeCalendar, now: datetime
) -> Iterator[models.OutlookGate]:
    """Yield the gates of days since the last entry and the last exit, of those that the strategy sets."""
    context = pair.context
    for name, last, days, what in (
        ("EntryShiftDays", context.last_entry_at, rules.shift_days, "entry"),
        ("ReentryDays", context.last_exit_at, rules.reentry_days or 0, "exit"),
    ):
        if days <= 0:
            continue
        until = None if last is None else _midnight(calendar, calendar.local(last).date() + timedelta(days=days))
        if last is None or until is None or until <= now:
            yield models.OutlookGate(Gate=name, Open=True)
        else:
            passed = (calendar.local(now).date() - calendar.local(last).date()).days
            yield models.OutlookGate(
                Gate=name, Open=False, Until=until, Why=f"{passed} of {days} days since the last {what}"
            )


def _midnight(calendar: ExchangeCalendar, day: date) -> datetime:
    """Return when a day begins at the exchange."""
    return datetime.combine(day, time(), calendar.zone).astimezone(UTC)
