"""Accounts of tastytrade: accounts of the login, balances, positions, trading status, transactions."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from mesolive.tastytrade_client.order_messages import FromServer
from mesolive.tastytrade_client.values import Moment, moment, signed


class Account(FromServer, frozen=True):
    """An account of the login; the sandbox leaves some fields out."""

    account_number: str
    nickname: str | None = None
    account_type_name: str | None = None
    margin_or_cash: str | None = None
    is_closed: bool | None = None
    is_futures_approved: bool | None = None
    is_test_drive: bool | None = None
    suitable_options_level: str | None = None
    day_trader_status: bool | None = None
    opened_at: Moment = None


class AccountWithAuthority(FromServer, frozen=True):
    """An account, and what the login may do with it: `owner`, `trade-only`, `read-only`."""

    account: Account
    authority_level: str | None = None


class Balance(FromServer, frozen=True):
    """Balances of an account, in its currency."""

    account_number: str | None = None
    currency: str | None = None
    cash_balance: Decimal | None = None
    net_liquidating_value: Decimal | None = None
    derivative_buying_power: Decimal | None = None
    equity_buying_power: Decimal | None = None
    day_trading_buying_power: Decimal | None = None
    maintenance_requirement: Decimal | None = None
    maintenance_excess: Decimal | None = None
    reg_t_margin_requirement: Decimal | None = None
    margin_equity: Decimal | None = None
    pending_cash: Decimal | None = None
    pending_cash_effect: str | None = None
    long_derivative_value: Decimal | None = None
    short_derivative_value: Decimal | None = None
    day_trade_excess: Decimal | None = None
    snapshot_date: str | None = None
    updated_at: Moment = None

    @property
    def updated(self) -> datetime | None:
        """When the server calculated them."""
        return moment(self.updated_at)


class BalanceAnswer(Balance, frozen=True):
    """The answer about balances: one, or a list of one per currency."""

    items: list[Balance] | None = None


class TradingStatus(FromServer, frozen=True):
    """What an account may do now."""

    account_number: str | None = None
    is_closed: bool | None = None
    is_closing_only: bool | None = None
    is_frozen: bool | None = None
    is_in_margin_call: bool | None = None
    is_risk_reducing_only: bool | None = None
    is_futures_enabled: bool | None = None
    is_pattern_day_trader: bool | None = None
    is_portfolio_margin_enabled: bool | None = None
    options_level: str | None = None
    day_trade_count: int | None = None
    updated_at: Moment = None


class Position(FromServer, frozen=True):
    """What an account holds of one instrument. The quantity is unsigned beside its direction."""

    account_number: str = ""
    symbol: str = ""
    instrument_type: str = ""
    underlying_symbol: str | None = None
    quantity: Decimal = Decimal(0)
    quantity_direction: str = "Zero"
    multiplier: Decimal | None = None
    average_open_price: Decimal | None = None
    close_price: Decimal | None = None
    mark_price: Decimal | None = None
    restricted_quantity: Decimal | None = None
    expires_at: Moment = None
    created_at: Moment = None
    updated_at: Moment = None

    @property
    def signed_quantity(self) -> Decimal:
        """The quantity with its sign: positive is long, and rows of direction `Zero` hold nothing."""
        match self.quantity_direction.lower():
            case "long":
                return abs(self.quantity)
            case "short":
                return -abs(self.quantity)
            case _:
                return Decimal(0)

    @property
    def updated(self) -> datetime | None:
        """When it changed last."""
        return moment(self.updated_at)


class Transaction(FromServer, frozen=True):
    """A row of an account's history: a trade of one leg, a settlement, a movement of money. Quantities are unsigned.

    The price of a settlement is the strike; its fee is in the net value alone.
    """

    id: int | str
    account_number: str = ""
    symbol: str | None = None
    instrument_type: str | None = None
    underlying_symbol: str | None = None
    transaction_type: str = ""
    transaction_sub_type: str = ""
    description: str | None = None
    action: str | None = None
    quantity: Decimal | None = None
    price: Decimal | None = None
    executed_at: Moment = None
    transaction_date: str | None = None
    value: Decimal | None = None
    value_effect: str | None = None
    net_value: Decimal | None = None
    net_value_effect: str | None = None
    regulatory_fees: Decimal | None = None
    regulatory_fees_effect: str | None = None
    clearing_fees: Decimal | None = None
    clearing_fees_effect: str | None = None
    commission: Decimal | None = None
    commission_effect: str | None = None
    proprietary_index_option_fees: Decimal | None = None
    proprietary_index_option_fees_effect: str | None = None
    is_estimated_fee: bool | None = None
    order_id: int | str | None = None
    exec_id: str | int | None = None
    ext_exec_id: str | int | None = None
    reverses_id: int | str | None = None

    @property
    def row_id(self) -> str:
        """The permanent id as text."""
        return str(self.id)

    @property
    def executed(self) -> datetime | None:
        """When it was executed; rows of settlements are often of the evening, or of the next day in UTC."""
        return moment(self.executed_at)

    @property
    def signed_value(self) -> Decimal:
        """What it moved before fees: negative was paid by the account."""
        return signed(self.value, self.value_effect) or Decimal(0)

    @property
    def signed_net_value(self) -> Decimal:
        """What it moved after fees: negative was paid by the account."""
        cash = signed(self.net_value, self.net_value_effect)
        return self.signed_value if cash is None else cash

    @property
    def fees(self) -> Decimal:
        """Commission and all fees of the row: positive was paid by the account."""
        parts = (
            (self.regulatory_fees, self.regulatory_fees_effect),
            (self.clearing_fees, self.clearing_fees_effect),
            (self.commission, self.commission_effect),
            (self.proprietary_index_option_fees, self.proprietary_index_option_fees_effect),
        )
        return -sum((signed(amount, effect) or Decimal(0) for amount, effect in parts), Decimal(0))
