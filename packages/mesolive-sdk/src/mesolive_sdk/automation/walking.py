"""Order walking: the next limit price of a leg group, from mid towards the natural price. Pure function, no I/O.

A limit begins at the middle of the market, rounded to the tick in our favour: a price is a debit when positive and a
credit when negative, so in our favour is downwards. Walking raises it by ticks towards the natural price (buy at the
offers, sell at the bids), never above `worst`, which is fixed with the first order: however the market runs, what may
be paid is known from the start. `worst` is the concession rounded to the tick against us, so that it can be reached in
a market of one or two ticks as well, but never beyond the natural price. A step is as wide as the way needs for the
last step before the patience is over to reach it, and at least `step_ticks`. Which step of the walk it is follows from
the time that has passed, so that it is the same after a restart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from mesolive_sdk.ticks import tick_above, tick_below, ticks_up

MAX_STEPS = 1000


class Style(StrEnum):
    """How a leg group is ordered."""

    MID = "mid"
    """A limit at the middle of the market."""
    WALK = "walk"
    """A limit that begins at the middle and gives way step by step."""
    MARKET = "market"
    """A market order."""


class AtEnd(StrEnum):
    """The action on a limit order that was not filled in time."""

    CANCEL = "cancel"
    NATURAL = "natural"
    """Its limit goes to the natural price and follows that for as long again; then it is cancelled."""


class HalfFilled(StrEnum):
    """The action on a partially filled plan."""

    REPORT = "report"
    """It is reported as an error, and the position is not touched any more."""
    FINISH = "finish"
    """The rest is ordered at the natural price."""


@dataclass(frozen=True, slots=True)
class OrderPolicy:
    """How orders are priced.

    Attributes
    ----------
    style
        How the first order is priced, and whether it walks.
    step_seconds
        Between two steps of a walk.
    step_ticks
        How far one step goes at least; where the way to the concession is longer than so many ticks in all steps, each
        step is wider.
    max_concession
        How far a walk goes: the part of the way from the middle to the natural price, as they were at its beginning,
        rounded up to the tick; 1 is the natural price.
    patience_seconds
        For how long a group is tried, and again for as long at the natural price where that comes next.
    at_end
        The action after that time. A walk that ends earlier keeps its last price. With the natural price as the action,
        that price follows one step after the walk's end.
    half_filled
        The action on a plan that is partially filled by then.
    """

    style: Style = Style.WALK
    step_seconds: float = 15.0
    step_ticks: int = 1
    max_concession: Decimal = Decimal("0.75")
    patience_seconds: float = 300.0
    at_end: AtEnd = AtEnd.CANCEL
    half_filled: HalfFilled = HalfFilled.REPORT

    def __post_init__(self) -> None:
        if self.step_seconds <= 0 or self.patience_seconds <= 0 or self.step_ticks < 1:
            raise ValueError("the step, its ticks and the patience must be greater than zero")
        if not 0 <= self.max_concession <= 1:
            raise ValueError("the concession is a part of the way to the natural price: from 0 to 1")

    @property
    def step(self) -> timedelta:
        """The time between two steps: at most half of the patience, so that a walk has a step to take."""
        return timedelta(seconds=min(self.step_seconds, self.patience_seconds / 2))

    @property
    def steps(self) -> int:
        """How many steps a walk has before the patience is over; the last one reaches the concession."""
        return max(1, min(-(-self.patience // self.step) - 1, MAX_STEPS))

    @property
    def patience(self) -> timedelta:
        """For how long a group is tried."""
        return timedelta(seconds=self.patience_seconds)


@dataclass(frozen=True, slots=True)
class ComboQuote:
    """The market of one combo: what it brings when sold and what it costs when bought, negative for a credit."""

    bid: Decimal
    ask: Decimal

    @property
    def middle(self) -> Decimal:
        """The middle of the market."""
        return (self.bid + self.ask) / 2


class Stage(StrEnum):
    """The stage of a group's execution that an order belongs to."""

    WALKING = "walking"
    NATURAL = "natural"


@dataclass(frozen=True, slots=True)
class PriceStep:
    """One intended order.

    Attributes
    ----------
    at
        When it was decided.
    price
        The limit; `None` for a market order.
    worst
        The limit of every step of the walk; `None` for a market order.
    """

    at: datetime
    stage: Stage
    price: Decimal | None
    worst: Decimal | None


@dataclass(frozen=True, slots=True)
class Progress:
    """The orders of a group so far.

    Attributes
    ----------
    price_steps
        All intended orders, oldest first.
    price
        The limit of the order that works; `None` for a market order, and where none works.
    works
        Whether an order works that may be replaced or cancelled now.
    filled_at
        When a fill was last seen. An order that is being filled is not replaced.
    """

    price_steps: Sequence[PriceStep] = ()
    price: Decimal | None = None
    works: bool = False
    filled_at: datetime | None = None

    def due(self, policy: OrderPolicy) -> datetime:
        """Return when the next step is due."""
        last = self.price_steps[-1].at
        return policy.step + (last if self.filled_at is None else max(last, self.filled_at))


@dataclass(frozen=True, slots=True)
class Wait:
    """No step is due before this time."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Cancel:
    """The working order is to be cancelled."""

    why: str


def decide(
    policy: OrderPolicy,
    progress: Progress,
    quote: ComboQuote | None,
    roots: Sequence[str],
    now: datetime,
    *,
    partly: bool = False,
) -> PriceStep | Cancel | Wait:
    """Return the next step of a group that is not filled.

    Parameters
    ----------
    quote
        The market of one combo now; `None` while it has none.
    roots
        The trading class of each of its legs.
    partly
        Whether anything of the plan is filled.

    Returns
    -------
    A `PriceStep` is an order to send, in place of the one that works. A `Cancel` comes only while one works.
    """
    if not progress.price_steps:
        return Wait(now + policy.step) if quote is None else _first(policy, quote, roots, now)
    first = progress.price_steps[0]
    since = next((price_step.at for price_step in progress.price_steps if price_step.stage is Stage.NATURAL), None)
    if since is not None:
        return _at_natural(policy, progress, quote, roots, now, since)
    due = progress.due(policy)
    if not progress.works:  # it could not be sent
        return _price_again(policy, first, quote, roots, now) if now >= due else Wait(due)
    over = first.at + policy.patience
    natural = policy.at_end is AtEnd.NATURAL or (partly and policy.half_filled is HalfFilled.FINISH)
    if now < over:
        if policy.style is not Style.WALK:
            return Wait(over)
        if now < due:
            return Wait(min(due, over))
        if quote is None:
            return Wait(min(now + policy.step, over))
        wanted = _walked(policy, first, quote, roots, now)
        if wanted.price != progress.price:
            return wanted
        if not natural or wanted.price != _end_of_walk(first, quote, roots):
            return Wait(min(now + policy.step, over))
        # It has stood at the end of the walk for a step, and may go on from there.
    if natural and quote is not None and policy.style is not Style.MARKET:
        return _natural(quote, roots, now, first.worst)
    return Cancel("the patience is over")


def _first(policy: OrderPolicy, quote: ComboQuote, roots: Sequence[str], now: datetime) -> PriceStep:
    if policy.style is Style.MARKET:
        return PriceStep(now, Stage.WALKING, None, None)
    start = tick_below(roots, quote.middle)
    if policy.style is not Style.WALK or policy.max_concession == 0:
        return PriceStep(now, Stage.WALKING, start, start)
    worst = tick_above(roots, quote.middle + policy.max_concession * (quote.ask - quote.middle))
    return PriceStep(now, Stage.WALKING, start, max(min(worst, tick_above(roots, quote.ask)), start))


def _walked(policy: OrderPolicy, first: PriceStep, quote: ComboQuote, roots: Sequence[str], now: datetime) -> PriceStep:
    """Return the order of this step of the walk: from the current mid, raised by the elapsed time."""
    steps = min((now - first.at) // policy.step, policy.steps) if policy.style is Style.WALK else 0
    start, end = tick_below(roots, quote.middle), _end_of_walk(first, quote, roots)
    share = tick_above(roots, start + (end - start) * steps / policy.steps) if end > start else start
    price = max(share, ticks_up(roots, start, steps * policy.step_ticks))
    return PriceStep(now, Stage.WALKING, min(price, end), first.worst)


def _end_of_walk(first: PriceStep, quote: ComboQuote, roots: Sequence[str]) -> Decimal:
    natural = tick_above(roots, quote.ask)
    return natural if first.worst is None else min(first.worst, natural)


def _price_again(
    policy: OrderPolicy, first: PriceStep, quote: ComboQuote | None, roots: Sequence[str], now: datetime
) -> PriceStep | Wait:
    if policy.style is Style.MARKET:
        return PriceStep(now, Stage.WALKING, None, None)
    return Wait(now + policy.step) if quote is None else _walked(policy, first, quote, roots, now)


def _natural(quote: ComboQuote, roots: Sequence[str], now: datetime, worst: Decimal | None) -> PriceStep:
    return PriceStep(now, Stage.NATURAL, tick_above(roots, quote.ask), worst)


def _at_natural(
    policy: OrderPolicy,
    progress: Progress,
    quote: ComboQuote | None,
    roots: Sequence[str],
    now: datetime,
    since: datetime,
) -> PriceStep | Cancel | Wait:
    """Follow the natural price until the patience is over once more."""
    over = since + policy.patience
    if now >= over and progress.works:
        return Cancel("it was not filled at the natural price either")
    due = progress.due(policy)
    if now < due or quote is None:
        return Wait(max(due, now + policy.step))
    wanted = _natural(quote, roots, now, progress.price_steps[-1].worst)
    return Wait(min(now + policy.step, over)) if progress.works and wanted.price == progress.price else wanted
