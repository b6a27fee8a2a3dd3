"""Initial schema: the tables of the first version."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create all tables."""
    op.create_table(
        "underlying_days",
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("symbol", sa.String(length=32), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("open", sa.Double[float](), nullable=True),
        sa.Column("close", sa.Double[float](), nullable=True),
        sa.Column("last", sa.Double[float](), nullable=True),
        sa.Column("iv", sa.Double[float](), nullable=True),
        sa.Column("noted_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", "symbol", "day", name=op.f("pk_underlying_days")),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("name", name=op.f("uq_users_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "accounts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("broker_account_id", sa.String(length=64), nullable=False),
        sa.Column("broker_type", sa.String(length=16), nullable=False),
        sa.Column("account_type", sa.String(length=32), nullable=False),
        sa.Column("currency", sa.String(length=8), nullable=False),
        sa.Column("is_paper", sa.Boolean(), nullable=False),
        sa.Column("initial_cash", sa.Text(), nullable=False),
        sa.Column("cash", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_updated", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_accounts_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("user_id", "broker_account_id", name=op.f("uq_accounts_user_id_broker_account_id")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "api_keys",
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("label", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_api_keys_user_id_users")),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_api_keys")),
    )
    op.create_index(op.f("ix_api_keys_user_id"), "api_keys", ["user_id"], unique=False)
    op.create_table(
        "event_counters",
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("latest_seq_id", sa.BigInteger(), nullable=False),
        sa.Column("pruned_seq_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_event_counters_user_id_users")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_event_counters")),
    )
    op.create_table(
        "events",
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("event_seq_id", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("event_time", sa.BigInteger(), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("strategy_id", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_events_user_id_users")),
        sa.PrimaryKeyConstraint("user_id", "event_seq_id", name=op.f("pk_events")),
        sa.UniqueConstraint("event_id", name=op.f("uq_events_event_id")),
    )
    op.create_table(
        "idempotency_records",
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("request_hash", sa.Text(), nullable=False),
        sa.Column("exec_plan_id", sa.BigInteger(), nullable=True),
        sa.Column("order_ids", sa.Text(), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("job_id", sa.Text(), nullable=True),
        sa.Column("response_status", sa.Text(), nullable=True),
        sa.Column("response_message", sa.Text(), nullable=True),
        sa.Column("response_error", sa.Text(), nullable=True),
        sa.Column("response_data", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_idempotency_records_user_id_users")),
        sa.PrimaryKeyConstraint("user_id", "key", name=op.f("pk_idempotency_records")),
    )
    op.create_index(op.f("ix_idempotency_records_updated_at"), "idempotency_records", ["updated_at"], unique=False)
    op.create_table(
        "strategies",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=250), nullable=False),
        sa.Column("symbol", sa.String(length=32), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("backtest_id", sa.String(length=250), nullable=True),
        sa.Column("mesosim_instance", sa.String(length=250), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_strategies_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_strategies")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_strategies_user", "strategies", ["user_id", "id"], unique=False)
    op.create_table(
        "account_limits",
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("allow_live", sa.Boolean(), nullable=False),
        sa.Column("max_contracts", sa.Text(), nullable=False),
        sa.Column("max_notional", sa.Text(), nullable=False),
        sa.Column("max_orders_per_minute", sa.Integer(), nullable=False),
        sa.Column("price_band", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_account_limits_account_id_accounts")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_account_limits")),
    )
    op.create_table(
        "active_events",
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("event_seq_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id", "event_seq_id"],
            ["events.user_id", "events.event_seq_id"],
            name=op.f("fk_active_events_user_id_event_seq_id_events"),
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_active_events_user_id_users")),
        sa.PrimaryKeyConstraint("user_id", "subject", name=op.f("pk_active_events")),
    )
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("idempotency_key", sa.String(length=128), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_audit_entries_account_id_accounts")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_audit_entries_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entries")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_entries_order", "audit_entries", ["order_id", "id"], unique=False)
    op.create_index("ix_audit_entries_user", "audit_entries", ["user_id", "id"], unique=False)
    op.create_table(
        "exec_plans",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("strategy_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position_id", sa.BigInteger(), nullable=True),
        sa.Column("position_name", sa.String(length=250), nullable=False),
        sa.Column("data_provider", sa.String(length=16), nullable=True),
        sa.Column("qty_multiplier", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("executed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_exec_plans_account_id_accounts")),
        sa.ForeignKeyConstraint(["strategy_id"], ["strategies.id"], name=op.f("fk_exec_plans_strategy_id_strategies")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_exec_plans_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exec_plans")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_exec_plans_position", "exec_plans", ["position_id"], unique=False)
    op.create_index("ix_exec_plans_user_state", "exec_plans", ["user_id", "state", "id"], unique=False)
    op.create_table(
        "halts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("lifted_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_halts_account_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_halts")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_halts_lifted_at", "halts", ["lifted_at"], unique=False)
    op.create_table(
        "prepare_jobs",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("strategy_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position_id", sa.BigInteger(), nullable=True),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("plan_id", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_prepare_jobs_account_id_accounts")),
        sa.ForeignKeyConstraint(
            ["strategy_id"], ["strategies.id"], name=op.f("fk_prepare_jobs_strategy_id_strategies")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_prepare_jobs_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prepare_jobs")),
    )
    op.create_index("ix_prepare_jobs_status", "prepare_jobs", ["status"], unique=False)
    op.create_table(
        "settlement_facts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("fact_id", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("booked_qty", sa.Text(), nullable=False),
        sa.Column("waits", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_settlement_facts_account_id_accounts")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_settlement_facts_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settlement_facts")),
        sa.UniqueConstraint("account_id", "fact_id", name=op.f("uq_settlement_facts_account_id_fact_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_settlement_facts_waits", "settlement_facts", ["account_id", "waits"], unique=False)
    op.create_table(
        "strategy_accounts",
        sa.Column("strategy_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_strategy_accounts_account_id_accounts")),
        sa.ForeignKeyConstraint(
            ["strategy_id"], ["strategies.id"], name=op.f("fk_strategy_accounts_strategy_id_strategies")
        ),
        sa.PrimaryKeyConstraint("strategy_id", "account_id", name=op.f("pk_strategy_accounts")),
    )
    op.create_table(
        "adjustment_plans",
        sa.Column("plan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("operation", sa.String(length=16), nullable=False),
        sa.Column("condition", sa.Text(), nullable=False),
        sa.Column("counts", sa.Boolean(), nullable=False),
        sa.Column("updates", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["exec_plans.id"], name=op.f("fk_adjustment_plans_plan_id_exec_plans")),
        sa.PrimaryKeyConstraint("plan_id", name=op.f("pk_adjustment_plans")),
    )
    op.create_table(
        "exec_plan_legs",
        sa.Column("plan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("underlying", sa.String(length=32), nullable=False),
        sa.Column("underlying_type", sa.String(length=16), nullable=False),
        sa.Column("currency", sa.String(length=8), nullable=False),
        sa.Column("root", sa.String(length=16), nullable=False),
        sa.Column("expiration_day", sa.Date(), nullable=False),
        sa.Column("settles_at", sa.BigInteger(), nullable=False),
        sa.Column("contract_right", sa.String(length=1), nullable=False),
        sa.Column("strike", sa.Text(), nullable=False),
        sa.Column("multiplier", sa.Text(), nullable=False),
        sa.Column("qty", sa.Text(), nullable=False),
        sa.Column("leg_group_id", sa.Integer(), nullable=False),
        sa.Column("expiration_name", sa.String(length=128), nullable=True),
        sa.Column("leg_id", sa.BigInteger(), nullable=True),
        sa.Column("opened_id", sa.BigInteger(), nullable=True),
        sa.Column("mark", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["plan_id"], ["exec_plans.id"], name=op.f("fk_exec_plan_legs_plan_id_exec_plans")),
        sa.PrimaryKeyConstraint("plan_id", "place", name=op.f("pk_exec_plan_legs")),
    )
    op.create_table(
        "orders",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("plan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position_id", sa.BigInteger(), nullable=True),
        sa.Column("strategy_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("leg_group_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("side", sa.String(length=1), nullable=False),
        sa.Column("qty", sa.Text(), nullable=False),
        sa.Column("filled_qty", sa.Text(), nullable=False),
        sa.Column("average_fill_price", sa.Text(), nullable=True),
        sa.Column("last_fill_price", sa.Text(), nullable=True),
        sa.Column("limit_price", sa.Text(), nullable=True),
        sa.Column("stop_price", sa.Text(), nullable=True),
        sa.Column("order_type", sa.String(length=16), nullable=False),
        sa.Column("time_in_force", sa.String(length=8), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("filled_at", sa.BigInteger(), nullable=True),
        sa.Column("last_updated", sa.BigInteger(), nullable=False),
        sa.Column("qty_multiplier", sa.Text(), nullable=True),
        sa.Column("filled_value", sa.Text(), nullable=True),
        sa.Column("reference", sa.String(length=36), nullable=True),
        sa.Column("venue_order_id", sa.String(length=64), nullable=True),
        sa.Column("unresolved_since", sa.BigInteger(), nullable=True),
        sa.Column("cancel_wanted", sa.Boolean(), nullable=True),
        sa.Column("sent_by", sa.String(length=64), nullable=True),
        sa.Column("send_key", sa.String(length=128), nullable=True),
        sa.Column("cancel_key", sa.String(length=128), nullable=True),
        sa.Column("replaces_id", sa.BigInteger(), nullable=True),
        sa.Column("replaced_by", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_orders_account_id_accounts")),
        sa.ForeignKeyConstraint(["plan_id"], ["exec_plans.id"], name=op.f("fk_orders_plan_id_exec_plans")),
        sa.ForeignKeyConstraint(["strategy_id"], ["strategies.id"], name=op.f("fk_orders_strategy_id_strategies")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_orders_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("reference", name=op.f("uq_orders_reference")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_orders_account_created", "orders", ["account_id", "created_at"], unique=False)
    op.create_index("ix_orders_account_state", "orders", ["account_id", "state"], unique=False)
    op.create_index("ix_orders_plan", "orders", ["plan_id"], unique=False)
    op.create_index("ix_orders_user_state", "orders", ["user_id", "state", "id"], unique=False)
    op.create_index("ix_orders_venue_order_id", "orders", ["account_id", "venue_order_id"], unique=False)
    op.create_table(
        "positions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("strategy_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("entry_plan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=250), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("qty_multiplier", sa.Text(), nullable=True),
        sa.Column("variables", sa.Text(), nullable=False),
        sa.Column("realized_pnl", sa.Text(), nullable=False),
        sa.Column("adjustment_count", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_positions_account_id_accounts")),
        sa.ForeignKeyConstraint(
            ["entry_plan_id"], ["exec_plans.id"], name=op.f("fk_positions_entry_plan_id_exec_plans")
        ),
        sa.ForeignKeyConstraint(["strategy_id"], ["strategies.id"], name=op.f("fk_positions_strategy_id_strategies")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_positions_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_positions")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_positions_entry_plan", "positions", ["entry_plan_id"], unique=False)
    op.create_index("ix_positions_strategy", "positions", ["strategy_id", "state"], unique=False)
    op.create_index("ix_positions_user_state", "positions", ["user_id", "state", "id"], unique=False)
    op.create_table(
        "legs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("underlying", sa.String(length=32), nullable=False),
        sa.Column("underlying_type", sa.String(length=16), nullable=False),
        sa.Column("currency", sa.String(length=8), nullable=False),
        sa.Column("root", sa.String(length=16), nullable=False),
        sa.Column("expiration_day", sa.Date(), nullable=False),
        sa.Column("settles_at", sa.BigInteger(), nullable=False),
        sa.Column("contract_right", sa.String(length=1), nullable=False),
        sa.Column("strike", sa.Text(), nullable=False),
        sa.Column("multiplier", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("qty", sa.Text(), nullable=False),
        sa.Column("held_qty", sa.Text(), nullable=False),
        sa.Column("cost", sa.Text(), nullable=False),
        sa.Column("average_entry_price", sa.Text(), nullable=False),
        sa.Column("leg_group_id", sa.Integer(), nullable=False),
        sa.Column("expiration_name", sa.String(length=128), nullable=True),
        sa.Column("tracked_realized_pnl", sa.Text(), nullable=True),
        sa.Column("user_realized_pnl", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_legs_account_id_accounts")),
        sa.ForeignKeyConstraint(["position_id"], ["positions.id"], name=op.f("fk_legs_position_id_positions")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_legs_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_legs")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_legs_account_contract", "legs", ["account_id", "root", "expiration_day"], unique=False)
    op.create_index("ix_legs_position", "legs", ["position_id", "id"], unique=False)
    op.create_index("ix_legs_user_status", "legs", ["user_id", "status", "id"], unique=False)
    op.create_table(
        "order_facts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("execution_id", sa.String(length=128), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("state_before", sa.String(length=16), nullable=True),
        sa.Column("state_after", sa.String(length=16), nullable=True),
        sa.Column("contradiction", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_order_facts_account_id_accounts")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_facts_order_id_orders")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_order_facts_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_facts")),
        sa.UniqueConstraint("account_id", "execution_id", name=op.f("uq_order_facts_account_id_execution_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_order_facts_order", "order_facts", ["order_id", "id"], unique=False)
    op.create_table(
        "signal_states",
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("strategy_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_signal_states_account_id_accounts")),
        sa.ForeignKeyConstraint(["position_id"], ["positions.id"], name=op.f("fk_signal_states_position_id_positions")),
        sa.ForeignKeyConstraint(
            ["strategy_id"], ["strategies.id"], name=op.f("fk_signal_states_strategy_id_strategies")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_signal_states_user_id_users")),
        sa.PrimaryKeyConstraint("user_id", "subject", name=op.f("pk_signal_states")),
    )
    op.create_index("ix_signal_states_strategy", "signal_states", ["strategy_id", "account_id"], unique=False)
    op.create_table(
        "executions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("plan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("position_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("leg_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("leg_name", sa.String(length=128), nullable=False),
        sa.Column("underlying", sa.String(length=32), nullable=False),
        sa.Column("underlying_type", sa.String(length=16), nullable=False),
        sa.Column("currency", sa.String(length=8), nullable=False),
        sa.Column("root", sa.String(length=16), nullable=False),
        sa.Column("expiration_day", sa.Date(), nullable=False),
        sa.Column("settles_at", sa.BigInteger(), nullable=False),
        sa.Column("contract_right", sa.String(length=1), nullable=False),
        sa.Column("strike", sa.Text(), nullable=False),
        sa.Column("multiplier", sa.Text(), nullable=False),
        sa.Column("broker_execution_id", sa.String(length=128), nullable=True),
        sa.Column("qty", sa.Text(), nullable=False),
        sa.Column("price", sa.Text(), nullable=False),
        sa.Column("commission", sa.Text(), nullable=False),
        sa.Column("executed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_executions_account_id_accounts")),
        sa.ForeignKeyConstraint(["leg_id"], ["legs.id"], name=op.f("fk_executions_leg_id_legs")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_executions_order_id_orders")),
        sa.ForeignKeyConstraint(["plan_id"], ["exec_plans.id"], name=op.f("fk_executions_plan_id_exec_plans")),
        sa.ForeignKeyConstraint(["position_id"], ["positions.id"], name=op.f("fk_executions_position_id_positions")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_executions_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_executions")),
        sa.UniqueConstraint(
            "account_id", "broker_execution_id", name=op.f("uq_executions_account_id_broker_execution_id")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_executions_plan", "executions", ["plan_id"], unique=False)
    op.create_index("ix_executions_position", "executions", ["position_id", "id"], unique=False)
    op.create_index("ix_executions_user", "executions", ["user_id", "id"], unique=False)
