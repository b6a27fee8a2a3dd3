"""Strategies: import, validation, rename, activation on accounts, deletion."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Row, bindparam, func, select

from mesolive.access.context import UserContext
from mesolive.clock import Clock
from mesolive.errors import conflict, not_found, rate_limited, validation
from mesolive.language import (
    CheckReport,
    CompiledStrategy,
    StrategyDefinition,
    check_definition,
    compile_strategy,
    parse_definition,
)
from mesolive.language.conversion import convert_tree, is_v2
from mesolive.store.clauses import is_among
from mesolive.store.database import Database, Transaction, WriteTransaction
from mesolive.store.paging import Pager
from mesolive.store.rows import insert
from mesolive.store.tables.trading import accounts, strategies, strategy_accounts
from mesolive.trading.orders.open_orders import open_order_of_strategy
from mesolive.trading.portfolio.position_queries import count_by_strategy
from mesolive.trading.strategy_versions import find_version, store_version, versions_of
from mesolive.trading.validation import checked_name, checked_text
from mesolive_sdk import models

COMPILED_LIMIT = 256

_STRATEGY = select(strategies).where(
    strategies.c.user_id == bindparam("user"), strategies.c.id == bindparam("strategy")
)
_EXISTING = select(strategies).where(is_among(strategies.c.id, "ids"), strategies.c.deleted_at.is_(None))
_ACTIVE = select(strategy_accounts.c.strategy_id, strategy_accounts.c.account_id)
_ACTIVE_AMONG = _ACTIVE.where(is_among(strategy_accounts.c.strategy_id, "ids"))
_DEFINITION = _STRATEGY.with_only_columns(strategies.c.definition)


class StrategyRecord(msgspec.Struct, frozen=True):
    """What an evaluation needs of a strategy; `definition` is its JSON text."""

    id: int
    user_id: int
    name: str
    symbol: str
    definition: str


async def find_strategies(tx: Transaction, strategy_ids: Iterable[int]) -> dict[int, StrategyRecord]:
    """Return those of some strategies, of any users, that are not deleted, by their ids."""
    rows = await tx.all(_EXISTING, {"ids": list(set(strategy_ids))})
    return {row.id: StrategyRecord(row.id, row.user_id, row.name, row.symbol, row.definition) for row in rows}


async def active_strategies(tx: Transaction, strategy_ids: Iterable[int] | None = None) -> set[tuple[int, int]]:
    """Return strategy and account wherever a strategy is active, of all users or among some strategies."""
    if strategy_ids is None:
        rows = await tx.all(_ACTIVE)
    else:
        rows = await tx.all(_ACTIVE_AMONG, {"ids": list(set(strategy_ids))})
    return {(row.strategy_id, row.account_id) for row in rows}


async def find_strategy(tx: Transaction, user_id: int, strategy_id: int, *, deleted: bool = False) -> Row[Any]:
    """Return the row of the user's strategy.

    Parameters
    ----------
    deleted
        Whether a deleted strategy is accepted: its positions and orders continue.

    Raises
    ------
    ServiceError
        `NotFound` when there is none of that id, it was deleted, or another user owns it.
    """
    row = await tx.first(_STRATEGY, {"user": user_id, "strategy": strategy_id})
    if row is None or (row.deleted_at is not None and not deleted):
        raise not_found(f"strategy {strategy_id}")
    return row


async def find_definition(tx: Transaction, user_id: int, strategy_id: int) -> str:
    """Return the definition of the user's strategy as it is stored, also of a deleted one.

    Raises
    ------
    ServiceError
        `NotFound` when there is none of that id for this user.
    """
    definition: str | None = await tx.scalar(_DEFINITION, {"user": user_id, "strategy": strategy_id})
    if definition is None:
        raise not_found(f"strategy {strategy_id}")
    return definition


class CompiledStrategies:
    """Keeps compiled definitions, so that a strategy in use is compiled once per change of it.

    Bounded: the one used longest ago goes first.
    """

    def __init__(self, limit: int = COMPILED_LIMIT) -> None:
        self._limit = limit
        self._cached: dict[tuple[int, str], CompiledStrategy] = {}

    def get(self, strategy_id: int, definition: str) -> CompiledStrategy:
        """Return the compiled form of a definition that was checked when it was stored."""
        key = (strategy_id, definition)
        compiled = self._cached.pop(key, None) or compile_strategy(parse_definition(definition))
        self._cached[key] = compiled
        while len(self._cached) > self._limit:
            del self._cached[next(iter(self._cached))]
        return compiled


async def has_strategy_on(tx: Transaction, user_id: int, symbol: str) -> bool:
    """Return whether a user has, or had, a strategy on an underlying."""
    of_user = (strategies.c.user_id == user_id) & (strategies.c.symbol == symbol)
    return await tx.first(select(strategies.c.id).where(of_user)) is not None


class Strategies:
    """Strategy operations and queries of the Control Hub.

    Parameters
    ----------
    most
        How many strategies a user may have; one more is `RateLimited`.
    """

    def __init__(self, database: Database, clock: Clock, pager: Pager, max_strategies: int = 1000) -> None:
        self._database = database
        self._clock = clock
        self._pager = pager
        self._max_strategies = max_strategies

    async def create(
        self, user: UserContext, args: models.CreateStrategyArgs
    ) -> models.MesoLiveApiResponse[models.LiveStrategy]:
        """Import a definition, of version 3 or converted from version 2.

        Raises
        ------
        ServiceError
            `ValidationError` with every problem of the definition under `StrategyDefinition.<path>`; `NotFound` for an
            account that the user does not have; `RateLimited` for one strategy too many.
        """
        definition, notes = await checked_definition(args.StrategyDefinition)
        name = args.Name if args.Name is not None else definition.name
        name = checked_name("Name", name or f"{definition.symbol} strategy")
        now, text = self._clock.now(), _text(args.StrategyDefinition)
        async with self._database.write(user.user_id) as tx:
            active_on = await self._account_ids(tx, user, args.ActiveOnAccounts)
            await self._must_have_room(tx, user)
            strategy_id = await insert(
                tx,
                strategies,
                user_id=user.user_id,
                name=name,
                symbol=definition.symbol,
                description=definition.description,
                definition=text,
                backtest_id=checked_text("BacktestId", args.BacktestId),
                mesosim_instance=checked_text("MesoSimInstance", args.MesoSimInstance),
                created_at=now,
                updated_at=now,
            )
            await store_version(tx, strategy_id, text, now, user.key_id)
            await self._activate(tx, strategy_id, active_on)
            return with_notes(await self._one(tx, user, strategy_id), notes)

    async def update(
        self, user: UserContext, args: models.UpdateStrategyArgs
    ) -> models.MesoLiveApiResponse[models.LiveStrategy]:
        """Replace the definition, the accounts it is active on, or both; what is null stays as it is.

        Raises
        ------
        ServiceError
            As `create`; `Conflict` when the strategy was changed after the moment that the caller expects.
        """
        definition, notes = None, None
        if args.StrategyDefinition is not None:
            definition, notes = await checked_definition(args.StrategyDefinition)
        async with self._database.write(user.user_id) as tx:
            row = await find_strategy(tx, user.user_id, args.StrategyId)
            _must_be_as_expected(row, args.ExpectedUpdatedAt)
            now = self._changed_at(row)
            changes: dict[str, Any] = {"updated_at": now}
            if definition is not None and args.StrategyDefinition is not None:
                text = _text(args.StrategyDefinition)
                changes |= {"definition": text, "symbol": definition.symbol, "description": definition.description}
                await store_version(tx, args.StrategyId, text, now, user.key_id)
            if args.ActiveOnAccounts is not None:
                active_on = await self._account_ids(tx, user, args.ActiveOnAccounts)
                await tx.execute(strategy_accounts.delete().where(strategy_accounts.c.strategy_id == args.StrategyId))
                await self._activate(tx, args.StrategyId, active_on)
            await tx.execute(strategies.update().where(strategies.c.id == args.StrategyId).values(**changes))
            return with_notes(await self._one(tx, user, args.StrategyId), notes)

    async def rename(self, user: UserContext, args: models.RenameStrategyArgs) -> models.LiveStrategy:
        """Give the strategy another name; names need not be unique."""
        name = checked_name("Name", args.Name)
        async with self._database.write(user.user_id) as tx:
            row = await find_strategy(tx, user.user_id, args.StrategyId)
            await tx.execute(
                strategies.update()
                .where(strategies.c.id == args.StrategyId)
                .values(name=name, updated_at=self._changed_at(row))
            )
            return await self._one(tx, user, args.StrategyId)

    async def delete(self, user: UserContext, args: models.DeleteStrategyArgs) -> models.DeleteStrategyResult:
        """Delete a strategy.

        Its positions keep its name and history. With positions that are not closed, or orders that have not ended, it
        is a `Conflict`, unless `Force`.
        """
        async with self._database.write(user.user_id) as tx:
            await find_strategy(tx, user.user_id, args.StrategyId)
            alive = (await count_by_strategy(tx, user.user_id, [args.StrategyId])).get(args.StrategyId, 0)
            if alive and not args.Force:
                raise conflict(
                    f"strategy {args.StrategyId} has {alive} position{'s' if alive > 1 else ''} that "
                    f"{'are' if alive > 1 else 'is'} not closed; exit first, or delete with Force",
                    code="StrategyHasPositions",
                )
            working = await open_order_of_strategy(tx, user.user_id, args.StrategyId)
            if working is not None and not args.Force:
                raise conflict(
                    f"order {working} of strategy {args.StrategyId} has not ended; "
                    "cancel it first, or delete with Force",
                    code="OrderWorking",
                )
            now = self._clock.now()
            await tx.execute(strategy_accounts.delete().where(strategy_accounts.c.strategy_id == args.StrategyId))
            await tx.execute(
                strategies.update().where(strategies.c.id == args.StrategyId).values(deleted_at=now, updated_at=now)
            )
        return models.DeleteStrategyResult(StrategyId=args.StrategyId)

    async def list(self, user: UserContext, args: models.ListStrategiesArgs) -> models.ListStrategiesResult:
        """Return the user's strategies, oldest first; with `ActiveOnAccounts` those active on any of them."""
        page = self._pager.page(user.user_id, "ListStrategies", args)
        query = (
            select(strategies)
            .where(
                strategies.c.user_id == user.user_id, strategies.c.deleted_at.is_(None), strategies.c.id > page.after
            )
            .order_by(strategies.c.id)
            .limit(page.limit + 1)
        )
        if args.ActiveOnAccounts is not None:
            query = query.where(
                strategies.c.id.in_(
                    select(strategy_accounts.c.strategy_id)
                    .join(accounts, accounts.c.id == strategy_accounts.c.account_id)
                    .where(accounts.c.broker_account_id.in_(args.ActiveOnAccounts))
                )
            )
        async with self._database.read() as tx:
            shown, token = page.cut(await tx.all(query))
            result = await self._live(tx, user, shown)
        return models.ListStrategiesResult(Strategies=result, ContinuationToken=token)

    async def get(self, user: UserContext, args: models.GetStrategyArgs) -> models.LiveStrategyDetail:
        """Return one strategy with the definition that is carried out; see `carried_out`."""
        async with self._database.read() as tx:
            row = await find_strategy(tx, user.user_id, args.StrategyId)
            (live,) = await self._live(tx, user, [row])
        return models.LiveStrategyDetail(
            **{name: getattr(live, name) for name in models.LiveStrategy.__struct_fields__},
            StrategyDefinition=carried_out(msgspec.json.decode(row.definition, type=dict[str, Any])),
        )

    async def versions(
        self, user: UserContext, args: models.GetStrategyVersionsArgs
    ) -> models.GetStrategyVersionsResult:
        """Return the versions of a strategy, the newest first, without their definitions."""
        async with self._database.read() as tx:
            await find_strategy(tx, user.user_id, args.StrategyId, deleted=True)
            rows = await versions_of(tx, args.StrategyId)
        return models.GetStrategyVersionsResult(
            Versions=[
                models.StrategyVersion(
                    Version=row.number, SavedAt=row.saved_at, SavedBy=row.saved_by, Length=row.length
                )
                for row in rows
            ]
        )

    async def version(self, user: UserContext, args: models.GetStrategyVersionArgs) -> models.GetStrategyVersionResult:
        """Return one version with its definition, as `get` shows the present one."""
        async with self._database.read() as tx:
            await find_strategy(tx, user.user_id, args.StrategyId, deleted=True)
            row = await find_version(tx, args.StrategyId, args.Version)
        return models.GetStrategyVersionResult(
            Version=row.number,
            SavedAt=row.saved_at,
            SavedBy=row.saved_by,
            Length=len(row.definition),
            StrategyDefinition=carried_out(msgspec.json.decode(row.definition, type=dict[str, Any])),
        )

    def _changed_at(self, row: Row[Any]) -> datetime:
        """Return the moment of a change: later than the one before, also where market time stands still."""
        earliest: datetime = row.updated_at + timedelta(microseconds=1)
        return max(self._clock.now(), earliest)

    async def _must_have_room(self, tx: Transaction, user: UserContext) -> None:
        number: int = await tx.scalar(
            select(func.count())
            .select_from(strategies)
            .where(strategies.c.user_id == user.user_id, strategies.c.deleted_at.is_(None))
        )
        if number >= self._max_strategies:
            raise rate_limited(
                f"you have {number} strategies, and may have {self._max_strategies}; delete one first",
                code="TooManyStrategies",
            )

    async def _one(self, tx: Transaction, user: UserContext, strategy_id: int) -> models.LiveStrategy:
        (live,) = await self._live(tx, user, [await find_strategy(tx, user.user_id, strategy_id)])
        return live

    async def _live(self, tx: Transaction, user: UserContext, rows: Sequence[Row[Any]]) -> list[models.LiveStrategy]:
        ids = [row.id for row in rows]
        active_on = await tx.all(
            select(strategy_accounts.c.strategy_id, accounts.c.broker_account_id)
            .join(accounts, accounts.c.id == strategy_accounts.c.account_id)
            .where(strategy_accounts.c.strategy_id.in_(ids))
            .order_by(strategy_accounts.c.place)
        )
        active = await count_by_strategy(tx, user.user_id, ids)
        return [
            models.LiveStrategy(
                Id=row.id,
                Name=row.name,
                Symbol=row.symbol,
                Description=row.description,
                BacktestId=row.backtest_id,
                MesoSimInstance=row.mesosim_instance,
                ActiveOnAccounts=[a.broker_account_id for a in active_on if a.strategy_id == row.id],
                ActivePositions=active.get(row.id, 0),
                CreatedAt=row.created_at,
                UpdatedAt=row.updated_at,
            )
            for row in rows
        ]

    async def _account_ids(self, tx: Transaction, user: UserContext, names: Sequence[str]) -> list[int]:
        rows = await tx.all(
            select(accounts.c.id, accounts.c.broker_account_id).where(
                accounts.c.user_id == user.user_id, accounts.c.broker_account_id.in_(names)
            )
        )
        known = {row.broker_account_id: row.id for row in rows}
        for name in names:
            if name not in known:
                raise not_found(f"account {name!r}")
        return [known[name] for name in dict.fromkeys(names)]

    async def _activate(self, tx: WriteTransaction, strategy_id: int, account_ids: Sequence[int]) -> None:
        for place, account_id in enumerate(account_ids):
            await tx.execute(
                strategy_accounts.insert().values(strategy_id=strategy_id, account_id=account_id, place=place)
            )


def _must_be_as_expected(row: Row[Any], expected: datetime | None) -> None:
    """Refuse a change that was made from an older state of the strategy, such as that of another browser."""
    if expected is not None and row.updated_at != expected:
        raise conflict(
            f"strategy {row.id} was changed at {row.updated_at.isoformat()}, after {expected.isoformat()}, from which "
            "this change was made; read it again",
            code="StrategyChanged",
        )


ORIGINAL = "$original"
"""Where a definition that was converted carries the version 2 text that it was made from."""


def carried_out(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the definition that the server carries out: version 3, as clients expect to read it.

    One of version 2 is converted, and the original stands beside it under `$original`. Imported again it is the same
    strategy: the language passes that key over.
    """
    if not is_v2(given):
        return dict(given)
    return {**convert_tree(given).definition, ORIGINAL: dict(given)}


async def checked_definition(given: Mapping[str, Any]) -> tuple[StrategyDefinition, str | None]:
    """Return the parsed definition with warnings for its owner; it is compiled, so a stored definition can run.

    Checking a large definition takes its time: it is done in a thread.

    Returns
    -------
    The definition, and its warnings and the report of its conversion from version 2, a line each; `None` for none.

    Raises
    ------
    ServiceError
        `ValidationError` with every problem under the path of its field.
    """

    def check() -> CheckReport:
        result = check_definition(given)
        if result.definition is not None:
            compile_strategy(result.definition)
        return result

    report = await asyncio.to_thread(check)
    if report.definition is None:
        problems: dict[str, list[str]] = {}
        for problem in report.problems:
            path = f"StrategyDefinition.{problem.path}" if problem.path else "StrategyDefinition"
            problems.setdefault(path, []).append(str(problem))
        raise validation(problems, "the strategy definition cannot be used")
    checked_text("StrategyDefinition.Symbol", report.definition.symbol)
    checked_text("StrategyDefinition.Description", report.definition.description, limit=None)
    return report.definition, "\n".join(report.notes) or None


def with_notes(live: models.LiveStrategy, notes: str | None) -> models.MesoLiveApiResponse[models.LiveStrategy]:
    """Return the answer of an import: the strategy, with warnings for its owner in `Message`."""
    return models.MesoLiveApiResponse(Status=models.StatusCode.Success, Message=notes, Data=live)


def _text(definition: Mapping[str, Any]) -> str:
    # In written order: VarDefines run in it.
    return msgspec.json.encode(definition).decode()
