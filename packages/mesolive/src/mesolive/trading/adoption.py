"""Adoption (`AdoptPosition`): contracts that an account holds become a position of a strategy, without an order.

At a broker only what it holds beyond the books can be adopted: a trade by hand, or one from before the server. The
fills are booked as those of any entry, at their entry prices, so cash and holdings stay in balance: the trade changed
the broker's cash as it changes that of the books. A paper account is deposited to in the same way, with nothing to
compare.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from mesolive.access.context import UserContext
from mesolive.clock import Clock, boot_time
from mesolive.errors import conflict, validation
from mesolive.journal.journal import Journal
from mesolive.language.decision import LegState, PositionState
from mesolive.market.contracts import OptionContract
from mesolive.market.service import Market
from mesolive.records import replace
from mesolive.store.database import Database, WriteTransaction
from mesolive.trading.audit import AuditEntry, audit
from mesolive.trading.evaluation.entry_variables import CapturedVariables, EntryVariableCapture
from mesolive.trading.idempotency import Idempotency, find_records
from mesolive.trading.orders.open_orders import open_order_of_account
from mesolive.trading.portfolio.accounting import Fill
from mesolive.trading.portfolio.accounts import Account, find_account, must_be_enabled
from mesolive.trading.portfolio.booking import LegFill, book_fills, complete_entry, open_position, position_event
from mesolive.trading.portfolio.comparison import Comparison
from mesolive.trading.portfolio.contract_rows import TradedContract
from mesolive.trading.portfolio.plans import NewPlan, PlanKind, PlanLeg, find_plan, mark_executed, store_plan
from mesolive.trading.portfolio.position_queries import held_in_books
from mesolive.trading.portfolio.positions import find_position
from mesolive.trading.strategies import find_strategy
from mesolive.trading.validation import checked_name
from mesolive_sdk import models

ZERO = Decimal(0)
MAX_LEGS = 100
COMPARISON_SECONDS = 5.0
"""How long a comparison with the broker stands, in real time: the database may let its writer wait."""
LEG_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
MAX_PRICE = Decimal(10) ** 7


class _Adopted(Struct, frozen=True):
    """A leg that was checked."""

    plan: PlanLeg
    price: Decimal
    opened_at: datetime

    @property
    def fill(self) -> LegFill:
        """The leg's fill: at its entry price, without a commission of its own."""
        multiplier = self.plan.traded.contract.multiplier
        return LegFill(self.plan, self.opened_at, Fill(self.price, self.plan.qty, multiplier, ZERO, self.opened_at))


class PositionAdoption:
    """Adopts positions.

    Parameters
    ----------
    compare
        Compares an account with its broker now; raises `ServiceError` when it cannot.
    doubtful
        Called with the id of an account whose books were changed: it requests a reconciliation with the broker.
    """

    def __init__(
        self,
        database: Database,
        journal: Journal,
        idempotency: Idempotency,
        market: Market,
        capture: EntryVariableCapture,
        clock: Clock,
        compare: Callable[[Account], Awaitable[Comparison]],
        doubtful: Callable[[int], None],
    ) -> None:
        self._database = database
        self._journal = journal
        self._idempotency = idempotency
        self._market = market
        self._capture = capture
        self._clock = clock
        self._compare = compare
        self._doubtful = doubtful

    async def adopt(
        self, user: UserContext, args: models.AdoptPositionArgs
    ) -> models.MesoLiveApiResponse[models.LivePosition]:
        """Make a position of contracts that the account holds.

        Raises
        ------
        ServiceError
            `NotFound` for an account or a strategy that the user does not have; `ValidationError` for legs that cannot
            be; `Conflict` when the broker holds less than that beyond the books, or while an order of the account
            works; `BrokerError` when the broker does not answer.
        """
        name = checked_name("PositionName", args.PositionName)
        now = self._clock.now()
        async with self._database.read() as tx:
            account = await find_account(tx, user.user_id, args.BrokerAccountId)
            must_be_enabled(account)
            strategy = await find_strategy(tx, user.user_id, args.StrategyId)
            known = await find_records(tx, user.user_id, [args.IdempotencyKey])
            context = await self._capture.context(tx, user.user_id, account, args.StrategyId)
        legs = self._checked(args, strategy.symbol, now)
        # First, since it may wait for external data: what the broker holds must be known as of the booking.
        captured = await self._capture.capture(context, _state(legs, args.QtyMultiplier), None)
        # A repeated call is answered by its record: by then the broker holds nothing beyond the books any more.
        comparison = None if known or account.is_paper else await self._compare(account)
        compared = boot_time()

        async def book(tx: WriteTransaction) -> models.LivePosition:
            owner = await find_account(tx, user.user_id, args.BrokerAccountId)
            must_be_enabled(owner)
            if comparison is not None:
                _must_be_recent(boot_time() - compared)
                await _must_be_held(tx, owner, legs, comparison)
            return await self._book(tx, user, owner, args, name, legs, captured, now)

        return await self._idempotency.run(user, args.IdempotencyKey, OPERATION, args, book)

    def _checked(self, args: models.AdoptPositionArgs, symbol: str, now: datetime) -> list[_Adopted]:
        problems: dict[str, list[str]] = {}
        if not 1 <= len(args.Legs) <= MAX_LEGS:
            problems["Legs"] = [f"expected 1 to {MAX_LEGS} legs, got {len(args.Legs)}"]
        if args.QtyMultiplier <= 0:
            problems["QtyMultiplier"] = [f"expected more than 0, got {args.QtyMultiplier}"]
        twice = {name for name, count in Counter(leg.Name for leg in args.Legs).items() if count > 1}
        legs: list[_Adopted] = []
        for place, leg in enumerate(args.Legs[:MAX_LEGS]):
            path = f"Legs[{place}]"
            if LEG_NAME.fullmatch(leg.Name) is None:
                problems[f"{path}.Name"] = [f"expected a name of letters, digits and _, got {leg.Name!r}"]
            elif leg.Name in twice:
                problems[f"{path}.Name"] = [f"{leg.Name!r} is the name of two legs"]
            if leg.Qty == 0 or leg.Qty != leg.Qty.to_integral_value():
                problems[f"{path}.Qty"] = [f"expected a whole number of contracts other than 0, got {leg.Qty}"]
            if not 0 <= leg.EntryPrice <= MAX_PRICE:
                problems[f"{path}.EntryPrice"] = [f"expected a price from 0 to {MAX_PRICE}, got {leg.EntryPrice}"]
            if leg.OpenedAt is not None and leg.OpenedAt > now:
                problems[f"{path}.OpenedAt"] = [f"expected a time up to now ({now.isoformat()}), got {leg.OpenedAt}"]
            traded = self._traded(leg.Contract, symbol, now)
            if isinstance(traded, str):
                problems[f"{path}.Contract"] = [traded]
                continue
            plan = PlanLeg(leg.Name, traded, leg.Qty, leg.LegGroupId, leg.ExpirationName)
            legs.append(_Adopted(plan, leg.EntryPrice, leg.OpenedAt or now))
        if problems:
            raise validation(problems)
        return legs

    def _traded(self, contract: models.LiveContract, symbol: str, now: datetime) -> TradedContract | str:
        """Return the listed contract, or what is wrong with it."""
        if contract.Underlying.Symbol != symbol:
            return (
                f"expected a contract on {symbol}, the strategy's underlying, got one on {contract.Underlying.Symbol}"
            )
        try:
            resolved = self._market.resolve(contract)
            live = self._market.to_live(resolved)
        except (KeyError, ValueError) as error:
            return f"expected a listed option contract, got {error}"
        settles_at = live.Expiration
        if settles_at is None or settles_at <= now:
            return f"expected a contract that has not expired, got one that settled at {settles_at}"
        return TradedContract(resolved, settles_at, live.Underlying.ContractType, live.Underlying.Currency)

    async def _book(
        self,
        tx: WriteTransaction,
        user: UserContext,
        account: Account,
        args: models.AdoptPositionArgs,
        name: str,
        legs: Sequence[_Adopted],
        captured: CapturedVariables,
        now: datetime,
    ) -> models.LivePosition:
        new = NewPlan(
            kind=PlanKind.ENTRY,
            strategy_id=args.StrategyId,
            account_id=account.id,
            position_id=None,
            position_name=name,
            data_provider=None,
            qty_multiplier=args.QtyMultiplier,
            # The plan's quantities are those of one entry, and what is held is that times the multiplier.
            legs=tuple(replace(leg.plan, qty=leg.plan.qty / args.QtyMultiplier) for leg in legs),
            created_at=now,
        )
        plan = await find_plan(tx, user.user_id, await store_plan(tx, user.user_id, new))
        opened_at = min(leg.opened_at for leg in legs)
        context = await open_position(tx, user.user_id, account, plan, args.QtyMultiplier, opened_at)
        booked = await book_fills(tx, context, [leg.fill for leg in legs], None, opens=True)
        await complete_entry(tx, context.position_id, captured.variables)
        await mark_executed(tx, plan.id, now, context.position_id)
        quantities = {leg.plan.name: str(leg.plan.qty) for leg in legs}
        prices = {leg.plan.name: str(leg.price) for leg in legs}
        detail: Mapping[str, object] = {"position": context.position_id, "held": quantities, "prices": prices}
        entry = AuditEntry(
            user.user_id, account.id, None, now, user.key_id, OPERATION.name, args.IdempotencyKey, detail
        )
        await audit(tx, [entry])
        events: list[models.MesoLiveEvent] = [*booked.events.values()]
        events.append(position_event(context, models.PositionStatus.Created, ZERO))
        events += captured.error_events(plan, context.position_id)
        await self._journal.append(tx, user.user_id, events)
        tx.after_commit(lambda: self._doubtful(account.id))
        return (await find_position(tx, user.user_id, context.position_id)).live


OPERATION = models.IdempotencyOperation.AdoptPosition


def _must_be_recent(seconds: float) -> None:
    """Raise `Conflict` when the broker was asked too long ago: contracts may have been closed there by hand."""
    if seconds > COMPARISON_SECONDS:
        raise conflict(
            f"the comparison with the broker is {seconds:.1f} s old, {COMPARISON_SECONDS:g} s are allowed; try again",
            code="Busy",
        )


async def _must_be_held(
    tx: WriteTransaction, account: Account, legs: Sequence[_Adopted], comparison: Comparison
) -> None:
    """Raise `Conflict` unless the broker holds all of it beyond the books, which are as they were compared."""
    order_id = await open_order_of_account(tx, account.id)
    if order_id is not None:
        raise conflict(
            f"order {order_id} of account {account.broker_account_id} has not ended: what it fills may be taken for "
            "contracts that are not in the books; wait for it, or cancel it first",
            code="OrderWorking",
        )
    wanted: dict[OptionContract, Decimal] = {}
    for leg in legs:
        contract = leg.plan.traded.contract
        wanted[contract] = wanted.get(contract, ZERO) + leg.plan.qty
    booked = await held_in_books(tx, account.id)
    for contract, qty in wanted.items():
        if booked.get(contract, ZERO) != comparison.booked.get(contract, ZERO):
            raise conflict(f"{contract}: the books have changed since they were compared; try again", code="Busy")
        beyond = comparison.difference(contract)
        if not (ZERO < qty <= beyond or beyond <= qty < ZERO):
            raise conflict(
                f"{contract}: the broker holds {comparison.at_broker.get(contract, ZERO)} and the books "
                f"{booked.get(contract, ZERO)}, so {beyond} can be adopted, not {qty}",
                code="NotHeld",
            )


def _state(legs: Sequence[_Adopted], multiplier: Decimal) -> PositionState:
    """Return the position as the capture of the entry-time variables reads it."""
    return PositionState(
        legs=tuple(
            LegState(
                name=leg.plan.name,
                contract=leg.plan.traded.contract,
                qty=leg.plan.qty,
                opened_at=leg.opened_at,
                entry_price=leg.price,
                leg_group_id=leg.plan.leg_group_id,
                expiration_name=leg.plan.expiration_name,
            )
            for leg in legs
        ),
        opened_at=min(leg.opened_at for leg in legs),
        qty_multiplier=multiplier,
    )
