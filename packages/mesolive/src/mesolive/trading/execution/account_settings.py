"""Account settings of the Control Hub: creation of paper and simulated accounts, and risk limits."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from mesolive.access.context import UserContext
from mesolive.access.sessions import Sessions
from mesolive.clock import Clock
from mesolive.errors import not_supported, validation
from mesolive.records import replace
from mesolive.store.database import Database, WriteTransaction
from mesolive.trading.audit import AuditEntry, audit
from mesolive.trading.execution.risk_limits import NOT_LIVE, Limits, StaleExitPolicy, limits_of, set_limits
from mesolive.trading.portfolio.accounts import Account, Accounts, find_account, store_night_sessions
from mesolive_sdk import models

MAX_AMOUNT = Decimal(10) ** 18
MAX_ORDERS = 1_000_000

NIGHT_BROKERS = frozenset({models.BrokerType.MesoLive, models.BrokerType.Simulated, models.BrokerType.Ibkr})
"""Whose accounts may trade in the night sessions of indexes; paper accounts are filled by their owner."""

_FIELDS = {
    "AllowLive": "allow_live",
    "MaxContracts": "max_contracts",
    "MaxPremium": "max_premium",
    "MaxNotional": "max_notional",
    "MaxLoss": "max_loss",
    "MaxOrdersPerMinute": "max_orders_per_minute",
    "PriceBand": "price_band_fraction",
    "AllowUnlimitedLoss": "allow_unlimited_loss",
    "QueueOrders": "queue_orders",
}
"""Wire fields and those of `Limits`."""


class AccountSettings:
    """Creates accounts and changes their risk limits.

    Parameters
    ----------
    accounts
        Creates accounts.
    sessions
        Ask a browser for a recent sign-in before limits of real money move.
    """

    def __init__(self, database: Database, clock: Clock, accounts: Accounts, sessions: Sessions) -> None:
        self._database = database
        self._clock = clock
        self._accounts = accounts
        self._sessions = sessions

    async def create(self, user: UserContext, args: models.CreateAccountArgs) -> models.LiveAccount:
        """Create a paper account, or one at the simulated venue.

        Raises
        ------
        ServiceError
            `NotSupported` for a broker's account, which a connector discovers; `ValidationError`; `Conflict` when there
            is one of that id.
        """
        if args.BrokerType is models.BrokerType.MesoLive:
            return await self._accounts.create_paper(user, args.BrokerAccountId, args.Cash, args.Currency)
        if args.BrokerType is models.BrokerType.Simulated:
            return await self._accounts.create_simulated(user, args.BrokerAccountId, args.Cash, args.Currency)
        raise not_supported("accounts of brokers are discovered by connectors: EnableBrokerAccount", "BrokerAccount")

    async def limits(self, user: UserContext, args: models.GetAccountLimitsArgs) -> models.AccountLimits:
        """Return what an account may send; `NotFound` when the user has none of that id."""
        async with self._database.read() as tx:
            account = await find_account(tx, user.user_id, args.BrokerAccountId)
            return shown_limits(account, await limits_of(tx, account.id))

    async def set_limits(self, user: UserContext, args: models.SetAccountLimitsArgs) -> models.AccountLimits:
        """Change what an account may send; what is null stays.

        Raises
        ------
        ServiceError
            `NotFound`; `ValidationError`; `NotSupported` for night sessions at a broker that is sent no orders then;
            `Forbidden` for an account of real money and a browser whose sign-in is not recent.
        """
        changes = _changes(args)
        async with self._database.read() as tx:
            account = await find_account(tx, user.user_id, args.BrokerAccountId)
        if account.broker_type not in NOT_LIVE:
            await self._sessions.require_recent_sign_in(user)
        async with self._database.write(user.user_id) as tx:
            account = await find_account(tx, user.user_id, args.BrokerAccountId)
            before = await limits_of(tx, account.id)
            after = replace(before, **changes)
            shown_before = shown_limits(account, before)
            if after != before:
                await set_limits(tx, account.id, after)
            if args.NightSessions is not None:
                account = await set_night_sessions(tx, account, night_sessions=args.NightSessions)
            shown = shown_limits(account, after)
            if shown != shown_before:
                detail = {"before": msgspec.to_builtins(shown_before), "after": msgspec.to_builtins(shown)}
                now = self._clock.now()
                entry = AuditEntry(user.user_id, account.id, None, now, user.key_id, "SetAccountLimits", None, detail)
                await audit(tx, [entry])
        return shown


def _changes(args: models.SetAccountLimitsArgs) -> dict[str, Any]:
    """Return the changed fields of `Limits`; raises `ValidationError` for values out of bounds."""
    problems: dict[str, list[str]] = {}
    changes: dict[str, Any] = {}
    for wire_name, name in _FIELDS.items():
        value = getattr(args, wire_name)
        if value is None:
            continue
        maximum = Decimal(10) if name == "price_band_fraction" else MAX_AMOUNT
        if isinstance(value, Decimal) and not (value.is_finite() and 0 < value <= maximum):
            problems[wire_name] = [f"expected more than 0, up to {maximum:,}, got {value}"]
        elif name == "max_orders_per_minute" and not 0 < value <= MAX_ORDERS:
            problems[wire_name] = [f"expected 1 to {MAX_ORDERS:,}, got {value}"]
        changes[name] = value
    if args.StaleExits is not None:
        try:
            changes["stale_exit_policy"] = StaleExitPolicy(args.StaleExits)
        except ValueError:
            names = ", ".join(policy.value for policy in StaleExitPolicy)
            problems["StaleExits"] = [f"expected {names}, got {args.StaleExits[:40]!r}"]
    if problems:
        raise validation(problems)
    return changes


async def set_night_sessions(tx: WriteTransaction, account: Account, *, night_sessions: bool) -> Account:
    """Choose whether an account trades in the night and curb sessions of index options; return it as it is then.

    Raises
    ------
    ServiceError
        `NotSupported` for an account of a broker that orders are not sent to in these sessions.
    """
    if night_sessions and account.broker_type not in NIGHT_BROKERS:
        raise not_supported(
            f"no orders are sent to {account.broker_type.value} in the night sessions of indexes", code="NightSessions"
        )
    return await store_night_sessions(tx, account, night_sessions=night_sessions)


def shown_limits(account: Account, limits: Limits) -> models.AccountLimits:
    """Return what an account may send as the wire shows it."""
    return models.AccountLimits(
        BrokerAccountId=account.broker_account_id,
        NightSessions=account.night_sessions,
        StaleExits=limits.stale_exit_policy.value,
        **{wire_name: getattr(limits, name) for wire_name, name in _FIELDS.items()},
    )
