"""`mesolive account`: list accounts, create paper and simulated accounts, and set their risk limits."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Annotated, Any

import typer

from mesolive.access.context import UserContext
from mesolive.access.keys import Access, secret_of
from mesolive.cli.adoption import reconcile
from mesolive.cli.options import DatabaseUrl
from mesolive.cli.remote import AsJson, Token, Url, client, everything, print_json
from mesolive.cli.status import print_accounts
from mesolive.cli.text import echo
from mesolive.clock import WallClock
from mesolive.records import replace
from mesolive.settings import Settings, from_environment
from mesolive.store.database import Database
from mesolive.store.engines import directory_of
from mesolive.trading.audit import AuditEntry, audit
from mesolive.trading.execution.account_settings import set_night_sessions
from mesolive.trading.execution.risk_limits import Limits, StaleExitPolicy, limits_of, set_limits
from mesolive.trading.portfolio.accounts import Account, create_paper_account, create_simulated_account, find_account
from mesolive_sdk import MesoLiveControlHubClient, models


class StaleExits(StrEnum):
    """The values of `--stale-exits`."""

    refuse = "refuse"
    limit_only = "limit-only"
    allow = "allow"

    @property
    def policy(self) -> StaleExitPolicy:
        """The account's rule."""
        return StaleExitPolicy[self.name.upper()]

    @classmethod
    def of(cls, policy: StaleExitPolicy) -> StaleExits:
        """Return the value for a rule."""
        return cls[policy.name.lower()]


account_app = typer.Typer(no_args_is_help=True)
account_app.command()(reconcile)

User = Annotated[str, typer.Option(help="Owner of the account: a user with an API key.")]
Cash = Annotated[str, typer.Option(help="What it starts with.")]
Currency = Annotated[str, typer.Option(help="ISO code of the account's currency.")]


@account_app.callback()
def commands() -> None:
    """List and create accounts, and set their risk limits.

    `list` and `reconcile` ask the running server; the others work on its database, whether it runs or not.
    """


@account_app.command(name="list")
def list_accounts(url: Url = None, token: Token = None, as_json: AsJson = False) -> None:
    """List your accounts with their value, cash and margin now."""

    async def ask() -> list[models.LiveAccount]:
        async with client(MesoLiveControlHubClient, url, token) as control:
            args = models.ListAccountsArgs()
            return await everything(control.list_accounts, args, lambda answer: answer.Accounts, 10_000)

    result = asyncio.run(ask())
    if as_json:
        print_json({"Accounts": result})
    else:
        print_accounts(result)


@account_app.command(name="create-paper")
def create_paper(
    user: User,
    account: Annotated[str, typer.Option("--id", help="The account's id: ML and capital letters or digits.")],
    cash: Cash,
    currency: Currency = "USD",
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Create an account whose fills the client reports (`ApplyPaperFills`)."""
    amount = _decimal(cash, "--cash")

    async def create(store: Database, owner: UserContext) -> None:
        await create_paper_account(store, WallClock(), owner, account, amount, currency)

    asyncio.run(_with_user(from_environment({"database": database}), user, create))
    _print_cash("Paper", user, account, amount, currency, as_json=as_json)


@account_app.command(name="create-simulated")
def create_simulated(
    user: User,
    account: Annotated[str, typer.Option("--id", help="The account's id: SIM and capital letters or digits.")],
    cash: Cash,
    currency: Currency = "USD",
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Create an account at the simulated venue, which fills orders against live quotes."""
    amount = _decimal(cash, "--cash")

    async def create(store: Database, owner: UserContext) -> None:
        await create_simulated_account(store, WallClock(), owner, account, amount, currency)

    asyncio.run(_with_user(from_environment({"database": database}), user, create))
    _print_cash("Simulated", user, account, amount, currency, as_json=as_json)


@account_app.command(name="limits")
def limits(
    user: User,
    account: Annotated[str, typer.Option("--id", help="The account's id.")],
    allow_live: Annotated[
        bool | None, typer.Option("--allow-live/--forbid-live", help="Whether orders of a real-money account are sent.")
    ] = None,
    max_contracts: Annotated[
        str | None, typer.Option(help="Contracts of one order, all legs together; exits may be larger.")
    ] = None,
    max_premium: Annotated[
        str | None, typer.Option(help="Premiums of one order, all legs together; exits may be dearer.")
    ] = None,
    max_notional: Annotated[
        str | None,
        typer.Option(
            help="Notional of one order: the underlying's price x multiplier x contracts; exits may be larger."
        ),
    ] = None,
    max_loss: Annotated[
        str | None,
        typer.Option(help="Maximum loss of a position at expiration after one order; exits are not bounded."),
    ] = None,
    allow_unlimited_loss: Annotated[
        bool | None,
        typer.Option(
            "--allow-unlimited-loss/--forbid-unlimited-loss",
            help="Whether an order may sell uncovered calls.",
        ),
    ] = None,
    max_orders_per_minute: Annotated[int | None, typer.Option(help="Orders in any minute.", min=0)] = None,
    price_band: Annotated[
        str | None, typer.Option(help="How far a combo's price may lie beyond its mark, as a fraction of the mark.")
    ] = None,
    stale_exits: Annotated[
        StaleExits | None,
        typer.Option(
            help="Which exits are sent on old quotes; entries and adjustments never are.", case_sensitive=False
        ),
    ] = None,
    queue_orders: Annotated[
        bool | None,
        typer.Option(
            "--queue-orders/--no-queue-orders",
            help="Whether orders may wait at the broker for the session of their class.",
        ),
    ] = None,
    night_sessions: Annotated[
        bool | None,
        typer.Option(
            "--night-sessions/--regular-sessions",
            help="Whether strategies and orders on SPX, XSP and VIX use the night and curb sessions too.",
        ),
    ] = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Show the risk limits of an account, after changing those given. A running server applies them at once."""
    numbers = {
        "max_contracts": _decimal_or_none(max_contracts, "--max-contracts"),
        "max_premium": _decimal_or_none(max_premium, "--max-premium"),
        "max_notional": _decimal_or_none(max_notional, "--max-notional"),
        "max_loss": _decimal_or_none(max_loss, "--max-loss"),
        "price_band_fraction": _decimal_or_none(price_band, "--price-band"),
    }
    given: Mapping[str, object] = {
        **numbers,
        "allow_live": allow_live,
        "allow_unlimited_loss": allow_unlimited_loss,
        "max_orders_per_minute": max_orders_per_minute,
        "stale_exit_policy": None if stale_exits is None else stale_exits.policy,
        "queue_orders": queue_orders,
    }
    changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    result: list[tuple[Limits, Account]] = []

    async def change(store: Database, owner: UserContext) -> None:
        async with store.write() as tx:
            row = await find_account(tx, owner.user_id, account)
            before = await limits_of(tx, row.id)
            after = replace(before, **changes)
            if changes:
                await set_limits(tx, row.id, after)
            changed = row
            if night_sessions is not None:
                changed = await set_night_sessions(tx, row, night_sessions=night_sessions)
            shown = [_limits_json(before, row), _limits_json(after, changed)]
            if changes or night_sessions is not None:
                await audit(tx, [_limits_changed(owner, row.id, *shown)])
            result.append((after, changed))

    asyncio.run(_with_user(from_environment({"database": database}), user, change))
    ((after, changed),) = result
    if as_json:
        echo(json.dumps(_limits_json(after, changed), indent=2))
        return
    echo(f"live orders allowed    {'yes' if after.allow_live else 'no'}")
    echo(f"contracts per order    {after.max_contracts}")
    echo(f"premiums per order     {after.max_premium}")
    echo(f"notional per order     {after.max_notional}")
    echo(f"largest loss per order {after.max_loss}")
    echo(f"unlimited loss allowed {'yes' if after.allow_unlimited_loss else 'no'}")
    echo(f"orders per minute      {after.max_orders_per_minute}")
    echo(f"price band             {after.price_band_fraction}")
    echo(f"exits on old quotes    {StaleExits.of(after.stale_exit_policy).value}")
    echo(f"orders out of hours    {'wait for the session' if after.queue_orders else 'refused'}")
    echo(f"night sessions         {'used' if changed.night_sessions else 'not used'}")


def _limits_json(limits: Limits, account: Account) -> dict[str, object]:
    """Return what an account may send as `--json` and the audit show it."""
    shown: dict[str, object] = {
        name: str(value) if isinstance(value, Decimal) else value for name, value in asdict(limits).items()
    }
    shown["price_band"] = shown.pop("price_band_fraction")
    shown["stale_exit_policy"] = limits.stale_exit_policy.value
    shown["night_sessions"] = account.night_sessions
    return shown


def _limits_changed(
    owner: UserContext, account_id: int, old: Mapping[str, object], new: Mapping[str, object]
) -> AuditEntry:
    detail = {name: {"from": old[name], "to": new[name]} for name in new if new[name] != old[name]}
    return AuditEntry(
        owner.user_id, account_id, None, WallClock().now(), "command line", "AccountLimitsChanged", None, detail
    )


async def _with_user(settings: Settings, user: str, work: Callable[[Database, UserContext], Awaitable[None]]) -> None:
    database = await Database.open(settings.database)
    try:
        secret = await secret_of(database, directory_of(settings.database), settings.secret_key)
        await work(database, await Access(database, secret).user(user))
    finally:
        await database.close()


def _decimal_or_none(text: str | None, hint: str) -> Decimal | None:
    return None if text is None else _decimal(text, hint)


def _decimal(text: str, hint: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise typer.BadParameter(f"expected an amount, got {text!r}", param_hint=hint) from None
    if not number.is_finite() or number < 0:
        raise typer.BadParameter(f"expected an amount of 0 or more, got {text!r}", param_hint=hint)
    return number


def _print_cash(kind: str, user: str, account: str, cash: Decimal, currency: str, *, as_json: bool) -> None:
    if as_json:
        echo(json.dumps({"BrokerAccountId": account, "User": user, "Cash": str(cash), "Currency": currency}))
    else:
        echo(f"{kind} account {account} of {user} starts with {cash:,.2f} {currency}.")
