"""Tables of the trading core. Every row belongs to a user, and every query names that user.

Ids are given by the database and never reused: a deleted strategy or a closed position keeps its number for good.
Contracts are kept in columns, so that "who holds this contract" is a query.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from mesolive.store.tables.base import metadata
from mesolive.store.types import ID, DecimalText, JsonText, UtcDateTime


def _id() -> Column[int]:
    return Column("id", ID, primary_key=True, autoincrement=True)


def _user() -> Column[int]:
    return Column("user_id", ID, ForeignKey("users.id"), nullable=False)


def _contract() -> tuple[Column[Any], ...]:
    return (
        Column("underlying", String(32), nullable=False),
        Column("underlying_type", String(16), nullable=False),
        Column("currency", String(8), nullable=False),
        Column("root", String(16), nullable=False),
        Column("expiration_day", Date, nullable=False),
        Column("settles_at", UtcDateTime, nullable=False),
        Column("contract_right", String(1), nullable=False),
        Column("strike", DecimalText, nullable=False),
        Column("multiplier", DecimalText, nullable=False),
    )


accounts = Table(
    "accounts",
    metadata,
    _id(),
    _user(),
    Column("broker_account_id", String(64), nullable=False),
    Column("broker_type", String(16), nullable=False),
    Column("account_type", String(32), nullable=False),
    Column("currency", String(8), nullable=False),
    Column("is_paper", Boolean, nullable=False),
    Column("initial_cash", DecimalText, nullable=False),
    Column("cash", DecimalText, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_updated", UtcDateTime, nullable=False),
    Column("connection_id", ID, ForeignKey("connections.id")),
    Column("data_provider", String(16)),
    Column("accept_delayed", Boolean, nullable=False, default=False),
    Column("disabled_at", UtcDateTime),
    Column("night_sessions", Boolean, nullable=False, default=False),
    UniqueConstraint("user_id", "broker_account_id"),
    sqlite_autoincrement=True,
)
"""Accounts. `connection_id` names the connection by which a broker's account is reached. `data_provider` is the one
whose quotes value the account, where the owner has chosen it; with `accept_delayed` decisions are made on delayed
quotes too. `disabled_at` is when the owner of an account of a connection has disabled it; null while it is used. With
`night_sessions` its strategies are evaluated, and its orders are taken, in the night and curb sessions of indexes."""

account_limits = Table(
    "account_limits",
    metadata,
    Column("account_id", ID, ForeignKey("accounts.id"), primary_key=True),
    Column("allow_live", Boolean, nullable=False),
    Column("max_contracts", DecimalText, nullable=False),
    Column("max_premium", DecimalText, nullable=False),
    Column("max_orders_per_minute", Integer, nullable=False),
    Column("price_band", DecimalText, nullable=False),
    Column("max_notional", DecimalText, nullable=False),
    Column("max_loss", DecimalText, nullable=False),
    Column("allow_unlimited_loss", Boolean, nullable=False),
    Column("stale_exit_policy", String(16), nullable=False),
    Column("queue_orders", Boolean, nullable=False, default=False),
)
"""Risk limits of accounts; an account without a row has the defaults of `mesolive.trading.execution.risk_limits`."""

halts = Table(
    "halts",
    metadata,
    _id(),
    Column("account_id", ID, ForeignKey("accounts.id")),
    Column("reason", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("lifted_at", UtcDateTime),
    Column("user_id", ID, ForeignKey("users.id")),
    Column("scope", String(16)),
    Index("ix_halts_lifted_at", "lifted_at"),
    sqlite_autoincrement=True,
)
"""Halts. Until a halt is lifted no order is sent for its account (for all accounts where it names none), and open
orders are cancelled. `user_id` names the user who made it, for whose accounts alone it is; an operator's has none.
`scope` is `Entries` for one that stops entries alone; without a value it stops everything."""

audit_entries = Table(
    "audit_entries",
    metadata,
    _id(),
    _user(),
    Column("account_id", ID, ForeignKey("accounts.id")),
    Column("order_id", BigInteger),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", String(64), nullable=False),
    Column("action", String(64), nullable=False),
    Column("idempotency_key", String(128)),
    Column("detail", JsonText),
    Index("ix_audit_entries_order", "order_id", "id"),
    Index("ix_audit_entries_user", "user_id", "id"),
    sqlite_autoincrement=True,
)
"""Audit log: requests, refusals and their reasons. `actor` is the id of an API key, or a component of the server."""

strategies = Table(
    "strategies",
    metadata,
    _id(),
    _user(),
    Column("name", String(250), nullable=False),
    Column("symbol", String(32), nullable=False),
    Column("description", Text),
    Column("definition", Text, nullable=False),
    Column("backtest_id", String(250)),
    Column("mesosim_instance", String(250)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("deleted_at", UtcDateTime),
    Index("ix_strategies_user", "user_id", "id"),
    sqlite_autoincrement=True,
)

strategy_accounts = Table(
    "strategy_accounts",
    metadata,
    Column("strategy_id", ID, ForeignKey("strategies.id"), primary_key=True),
    Column("account_id", ID, ForeignKey("accounts.id"), primary_key=True),
    Column("place", Integer, nullable=False),
)
"""The accounts on which a strategy is active, in the order given."""

exec_plans = Table(
    "exec_plans",
    metadata,
    _id(),
    _user(),
    Column("kind", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("strategy_id", ID, ForeignKey("strategies.id"), nullable=False),
    Column("account_id", ID, ForeignKey("accounts.id"), nullable=False),
    Column("position_id", BigInteger),
    Column("position_name", String(250), nullable=False),
    Column("data_provider", String(16)),
    Column("qty_multiplier", DecimalText),
    Column("created_at", UtcDateTime, nullable=False),
    Column("executed_at", UtcDateTime),
    Index("ix_exec_plans_user_state", "user_id", "state", "id"),
    Index("ix_exec_plans_position", "position_id"),
    sqlite_autoincrement=True,
)

exec_plan_legs = Table(
    "exec_plan_legs",
    metadata,
    Column("plan_id", ID, ForeignKey("exec_plans.id"), primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("name", String(128), nullable=False),
    *_contract(),
    Column("qty", DecimalText, nullable=False),
    Column("leg_group_id", Integer, nullable=False),
    Column("expiration_name", String(128)),
    Column("leg_id", BigInteger),
    Column("opened_id", BigInteger),
    Column("mark", DecimalText),
)
"""What a plan will trade: signed quantities of the trade itself, before `qty_multiplier`. `leg_id` is the leg of the
position that is closed, `opened_id` the one that an adjustment's orders have opened. `mark` prices marker legs."""

# The request and the result of a job are the wire's models as JSON text.
prepare_jobs = Table(
    "prepare_jobs",
    metadata,
    Column("id", String(36), primary_key=True),
    _user(),
    Column("kind", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("strategy_id", ID, ForeignKey("strategies.id"), nullable=False),
    Column("account_id", ID, ForeignKey("accounts.id"), nullable=False),
    Column("position_id", BigInteger),
    Column("request", Text, nullable=False),
    Column("result", Text),
    Column("plan_id", BigInteger),
    Column("error", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Index("ix_prepare_jobs_status", "status"),
    Index("ix_prepare_jobs_plan", "plan_id"),
)

positions = Table(
    "positions",
    metadata,
    _id(),
    _user(),
    Column("account_id", ID, ForeignKey("accounts.id"), nullable=False),
    Column("strategy_id", ID, ForeignKey("strategies.id"), nullable=False),
    Column("entry_plan_id", ID, ForeignKey("exec_plans.id"), nullable=False),
    Column("name", String(250), nullable=False),
    Column("state", String(16), nullable=False),
    Column("qty_multiplier", DecimalText),
    Column("variables", JsonText, nullable=False),
    Column("realized_pnl", DecimalText, nullable=False),
    Column("adjustment_count", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("closed_at", UtcDateTime),
    Index("ix_positions_user_state", "user_id", "state", "id"),
    Index("ix_positions_strategy", "strategy_id", "state"),
    Index("ix_positions_entry_plan", "entry_plan_id"),
    sqlite_autoincrement=True,
)

legs = Table(
    "legs",
    metadata,
    _id(),
    _user(),
    Column("account_id", ID, ForeignKey("accounts.id"), nullable=False),
    Column("position_id", ID, ForeignKey("positions.id"), nullable=False),
    Column("name", String(128), nullable=False),
    *_contract(),
    Column("status", String(16), nullable=False),
    Column("qty", DecimalText, nullable=False),
    Column("held_qty", DecimalText, nullable=False),
    Column("cost", DecimalText, nullable=False),
    Column("average_entry_price", DecimalText, nullable=False),
    Column("leg_group_id", Integer, nullable=False),
    Column("expiration_name", String(128)),
    Column("tracked_realized_pnl", DecimalText),
    Column("user_realized_pnl", DecimalText),
    Column("created_at", UtcDateTime, nullable=False),
    Column("closed_at", UtcDateTime),
    Index("ix_legs_position", "position_id", "id"),
    Index("ix_legs_user_status", "user_id", "status", "id"),
    Index("ix_legs_account_contract", "account_id", "root", "expiration_day"),
    sqlite_autoincrement=True,
)
"""`qty` is the leg's size as entered and stays when it closes; `held_qty` and `cost` are those of the open quantity."""

orders = Table(
    "orders",
    metadata,
    _id(),
    _user(),
    Column("account_id", ID, ForeignKey("accounts.id"), nullable=False),
    Column("plan_id", ID, ForeignKey("exec_plans.id"), nullable=False),
    Column("position_id", BigInteger),
    Column("strategy_id", ID, ForeignKey("strategies.id"), nullable=False),
    Column("leg_group_id", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("side", String(1), nullable=False),
    Column("qty", DecimalText, nullable=False),
    Column("filled_qty", DecimalText, nullable=False),
    Column("average_fill_price", DecimalText),
    Column("last_fill_price", DecimalText),
    Column("limit_price", DecimalText),
    Column("stop_price", DecimalText),
    Column("order_type", String(16), nullable=False),
    Column("time_in_force", String(8), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("filled_at", UtcDateTime),
    Column("last_updated", UtcDateTime, nullable=False),
    Column("qty_multiplier", DecimalText),
    Column("filled_value", DecimalText),
    Column("reference", String(36)),
    Column("venue_order_id", String(64)),
    Column("unresolved_since", UtcDateTime),
    Column("cancel_wanted", Boolean),
    Column("sent_by", String(64)),
    Column("send_key", String(128)),
    Column("cancel_key", String(128)),
    Column("replaces_id", BigInteger),
    Column("replaced_by", BigInteger),
    Column("reason", Text),
    Column("sender_epoch", Integer),
    Column("send_by", UtcDateTime),
    Column("permit_epoch", Integer),
    Column("permit_at", UtcDateTime),
    UniqueConstraint("reference"),
    Index("ix_orders_plan", "plan_id"),
    Index("ix_orders_user_state", "user_id", "state", "id"),
    Index("ix_orders_account_state", "account_id", "state"),
    Index("ix_orders_account_created", "account_id", "created_at"),
    Index("ix_orders_venue_order_id", "account_id", "venue_order_id"),
    sqlite_autoincrement=True,
)
"""`reference` is the client order id that the server sends; `venue_order_id` is the venue's permanent id. Paper
orders have neither. `filled_value` is the exact sum of quantity times price over all fills. `sent_by` is the id of
the API key that asked. `send_key` and `cancel_key` are the idempotency keys whose records wait for its
outcome. `sender_epoch` and `permit_epoch` are the epochs of the server that stored the order and of the one that was
permitted to send it (`trading/execution/send_permits.py`); `send_by` and `permit_at` are real time."""

order_facts = Table(
    "order_facts",
    metadata,
    _id(),
    _user(),
    Column("account_id", ID, ForeignKey("accounts.id"), nullable=False),
    Column("order_id", ID, ForeignKey("orders.id")),
    Column("kind", String(32), nullable=False),
    Column("execution_id", String(128)),
    Column("body", Text, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("state_before", String(16)),
    Column("state_after", String(16)),
    Column("contradiction", Text),
    UniqueConstraint("account_id", "execution_id"),
    Index("ix_order_facts_order", "order_id", "id"),
    sqlite_autoincrement=True,
)
"""Execution reports as received (`body` is JSON), and the change that each made. One row per execution id. Reports
without an order belong to orders that this server did not send."""

executions = Table(
    "executions",
    metadata,
    _id(),
    _user(),
    Column("account_id", ID, ForeignKey("accounts.id"), nullable=False),
    Column("plan_id", ID, ForeignKey("exec_plans.id"), nullable=False),
    Column("order_id", ID, ForeignKey("orders.id")),
    Column("position_id", ID, ForeignKey("positions.id"), nullable=False),
    Column("leg_id", ID, ForeignKey("legs.id"), nullable=False),
    Column("leg_name", String(128), nullable=False),
    *_contract(),
    Column("broker_execution_id", String(128)),
    Column("qty", DecimalText, nullable=False),
    Column("price", DecimalText, nullable=False),
    Column("commission", DecimalText, nullable=False),
    Column("executed_at", UtcDateTime, nullable=False),
    UniqueConstraint("account_id", "broker_execution_id"),
    Index("ix_executions_position", "position_id", "id"),
    Index("ix_executions_user", "user_id", "id"),
    Index("ix_executions_plan", "plan_id"),
    sqlite_autoincrement=True,
)
