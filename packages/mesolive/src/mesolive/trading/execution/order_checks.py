"""Orders checked before they are sent (`CheckOrder`): the admission's verdict with the figures behind it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from decimal import Decimal

from msgspec import Struct

from mesolive.access.context import UserContext
from mesolive.clock import Clock
from mesolive.errors import ServiceError
from mesolive.market.service import Market
from mesolive.pricing.margin import MarginRules
from mesolive.records import replace
from mesolive.store.database import Database, Transaction
from mesolive.trading.evaluation.concurrency import ConcurrencyCheck
from mesolive.trading.execution.account_settings import shown_limits
from mesolive.trading.execution.admission import Admission, Request
from mesolive.trading.execution.batch_quotes import BatchQuotes, Quoted, risk_of
from mesolive.trading.execution.combo_orders import GroupOrder, checked_order, plan_multiplier
from mesolive.trading.execution.halts import noted_halts
from mesolive.trading.execution.order_rate import OrderRate
from mesolive.trading.execution.order_risk import OrderRisk
from mesolive.trading.execution.order_verdicts import (
    unjudged,
    verdict_on_hours,
    verdict_on_quotes,
    verdict_on_size,
    verdicts_on_account,
    verdicts_on_amounts,
)
from mesolive.trading.execution.price_checks import highest_price, price_band
from mesolive.trading.execution.risk_limits import Limits, limits_of, premium_of
from mesolive.trading.execution.venue_registry import VenueRegistry
from mesolive.trading.idempotency import Call
from mesolive.trading.orders.repository import PlanOrder, orders_of_plans
from mesolive.trading.orders.state_machine import State
from mesolive.trading.portfolio.accounting import Holding
from mesolive.trading.portfolio.accounts import Account, find_account
from mesolive.trading.portfolio.margin import margin_of_account, rules_by_position, rules_of
from mesolive.trading.portfolio.marks import Marks
from mesolive.trading.portfolio.plans import Plan, PlanKind, find_plan
from mesolive.trading.portfolio.positions import Leg, Position, find_position, open_legs_of_accounts
from mesolive.trading.strategies import find_definition
from mesolive_sdk import models

ZERO = Decimal(0)
NEW = -1
"""The id of a position that the order would open."""


class _Facts(Struct, frozen=True):
    """What is read of an order in one transaction."""

    account: Account
    limits: Limits
    plan: Plan
    position: Position | None
    group: GroupOrder | None
    open_legs: Sequence[Leg]
    rules: Mapping[int, MarginRules]


class OrderChecks:
    """Answers `CheckOrder`: nothing is stored, and nothing is sent.

    Parameters
    ----------
    database, market, venues, clock
        As the order service has them.
    """

    def __init__(self, database: Database, market: Market, venues: VenueRegistry, clock: Clock) -> None:
        self._database = database
        self._market = market
        self._venues = venues
        self._clock = clock

    async def check(self, user: UserContext, args: models.CheckOrderArgs) -> models.CheckOrderResult:
        """Return what `SendOrder` would answer now, and what the order would mean.

        Raises
        ------
        ServiceError
            `NotFound` for an account or a plan that the user does not have.
        """
        wanted = _as_sent(args)
        async with self._database.read() as tx:
            admission = self._admission(tx, user)
            refusal = await _refusal(admission, user, wanted)
            facts = await self._facts(tx, user, wanted)
            standing = await admission.account_state(wanted.BrokerAccountId)
            warning = None if refusal is not None else await ConcurrencyCheck(tx, user.user_id).warning(facts.plan)
        result = models.CheckOrderResult(
            At=self._market.now(facts.account.provider, self._clock),
            Allowed=refusal is None,
            Refusal=refusal,
            Warnings=[] if warning is None else [warning],
            Limits=shown_limits(facts.account, facts.limits),
        )
        if facts.group is not None:
            result.Verdicts = verdicts_on_account(standing, facts.plan.kind)
            if facts.group.legs:
                await self._describe(result, args.LegGroupOrder, facts, facts.group, result.Verdicts)
        return result

    def _admission(self, tx: Transaction, user: UserContext) -> Admission:
        noted = noted_halts(self._database)
        return Admission(
            tx, user.user_id, self._clock.now(), self._market, self._venues, uuid.uuid4, OrderRate(), noted
        )

    async def _facts(self, tx: Transaction, user: UserContext, wanted: models.SendOrderArgs) -> _Facts:
        account = await find_account(tx, user.user_id, wanted.BrokerAccountId)
        plan = await find_plan(tx, user.user_id, wanted.ExecPlanId)
        position = None if plan.position_id is None else await find_position(tx, user.user_id, plan.position_id)
        open_legs = (await open_legs_of_accounts(tx, user.user_id, [account.id])).get(account.id, [])
        rules = await rules_by_position(tx, {leg.position_id for leg in open_legs})
        if plan.position_id is None:
            own = rules_of(await find_definition(tx, user.user_id, plan.strategy_id))
            if own is not None:
                rules[NEW] = own
        before = await orders_of_plans(tx, [plan.id])
        return _Facts(
            account, await limits_of(tx, account.id), plan, position, _group(wanted, plan, before), open_legs, rules
        )

    async def _describe(
        self,
        result: models.CheckOrderResult,
        asked: models.LegGroupOrder,
        facts: _Facts,
        group: GroupOrder,
        verdicts: list[models.OrderVerdict],
    ) -> None:
        """Add the figures of an order of traded legs, and what the checks say of them."""
        kind = facts.plan.kind
        result.Qty = group.qty
        result.Contracts = group.qty * sum((abs(ratio) for ratio in group.ratios.values()), ZERO)
        quoted = BatchQuotes(self._market).quoted(facts.account, group.legs)
        verdicts.append(verdict_on_hours(self._market, facts.account, group, facts.limits, self._clock.now()))
        if kind is not PlanKind.EXIT:
            verdicts.append(verdict_on_size(group, facts.limits))
        verdicts.append(verdict_on_quotes(quoted, asked, facts.limits, kind))
        if quoted.quote is not None:
            risk = self._judge(result, asked, facts, group, quoted)
            verdicts += verdicts_on_amounts(quoted, asked, group, risk, facts.limits, kind)
        else:
            verdicts += unjudged(kind)
        marks = Marks(self._market, provider=facts.account.provider)
        result.MarginBefore = await margin_of_account(facts.open_legs, facts.rules, marks)
        if result.WorstPrice is not None:
            after = _after(facts, group, marks)
            result.MarginAfter = None if after is None else await margin_of_account(after, facts.rules, marks)

    def _judge(
        self,
        result: models.CheckOrderResult,
        asked: models.LegGroupOrder,
        facts: _Facts,
        group: GroupOrder,
        quoted: Quoted,
    ) -> OrderRisk:
        quote = quoted.quote
        assert quote is not None  # noqa: S101 - the caller has looked
        worst = highest_price(asked, quote)
        by_name = {leg.name: leg.traded for leg in facts.plan.legs}
        risk = risk_of(quoted, group, [by_name[leg.name] for leg in group.legs], facts.position, worst)
        roots = [leg.contract.root for leg in group.legs]
        result.Bid, result.Mid, result.Ask = quote.opposite, quote.middle, quote.natural
        result.WorstPrice = worst
        result.HighestPrice = quote.middle + price_band(quote, facts.limits.price_band_fraction, roots)
        result.Premium = premium_of(group, quote)
        result.Notional = risk.notional
        result.UnlimitedLoss = risk.uncovered_calls > 0
        result.MaxLossBefore = risk.largest_loss_before if risk.uncovered_calls_before == 0 else None
        result.MaxLossAfter = risk.largest_loss if risk.uncovered_calls == 0 else None
        return risk


async def _refusal(admission: Admission, user: UserContext, wanted: models.SendOrderArgs) -> models.OrderRefusal | None:
    request = Request(user, Call("", models.IdempotencyOperation.SendOrder, ""), wanted)
    await admission.read([request])
    try:
        await admission.admit(request)
    except ServiceError as error:
        if error.status is models.StatusCode.NotFound:
            raise
        details = error.error
        return models.OrderRefusal(
            Status=error.status,
            Code=None if details is None else details.Code,
            Message=error.message,
            Fields=None if details is None else details.ValidationErrors,
        )
    return None


def _as_sent(args: models.CheckOrderArgs) -> models.SendOrderArgs:
    return models.SendOrderArgs(
        IdempotencyKey="check",
        ReplacesOrder=args.ReplacesOrder,
        BrokerAccountId=args.BrokerAccountId,
        ExecPlanId=args.ExecPlanId,
        QtyMultiplier=args.QtyMultiplier,
        LegGroupId=args.LegGroupId,
        LegGroupOrder=args.LegGroupOrder,
    )


def _group(wanted: models.SendOrderArgs, plan: Plan, before: Sequence[PlanOrder]) -> GroupOrder | None:
    """Return the combo order of the call; `None` for one that does not fit its plan, as the refusal says."""
    filled = sum((item.filled for item in before if item.group == wanted.LegGroupId), ZERO)
    fixed = next(
        (item.multiplier for item in before if item.filled or not item.state.ended or item.state is State.FILLED), None
    )
    try:
        multiplier = plan_multiplier(plan, wanted.QtyMultiplier) if fixed is None else fixed
        return checked_order(wanted, plan, multiplier, filled)
    except ServiceError:
        return None


def _after(facts: _Facts, group: GroupOrder, marks: Marks) -> list[Leg] | None:
    """Return what the account would hold once the order is filled; `None` while a leg has no mark."""
    position_id = NEW if facts.plan.position_id is None else facts.plan.position_id
    legs = {leg.id: leg for leg in facts.open_legs}
    by_name = {leg.name: leg for leg in facts.plan.legs}
    for place, ordered in enumerate(group.legs):
        plan_leg = by_name[ordered.name]
        contracts = ordered.ratio * group.qty
        mark = marks.of(ordered.contract)
        if mark is None:
            return None
        known = None if plan_leg.leg_id is None else legs.get(plan_leg.leg_id)
        if known is not None:
            left = known.holding.qty + contracts
            share = ZERO if known.holding.qty == 0 else known.holding.cost * left / known.holding.qty
            legs[known.id] = replace(known, holding=replace(known.holding, qty=left, cost=share))
            continue
        multiplier = ordered.contract.multiplier
        new_id = -1 - place
        legs[new_id] = Leg(
            id=new_id,
            position_id=position_id,
            name=plan_leg.own_name,
            traded=plan_leg.traded,
            status=models.LegStatus.Open,
            qty=contracts,
            holding=Holding(contracts, mark * contracts * multiplier, multiplier),
            entry_price=mark,
            leg_group_id=plan_leg.leg_group_id,
            expiration_name=plan_leg.expiration_name,
            realized_pnl=ZERO,
            user_realized_pnl=None,
            created_at=facts.plan.created_at,
            closed_at=None,
            broker_account_id=facts.account.broker_account_id,
            provider=facts.account.provider,
        )
    return list(legs.values())
