"""Executions as they are kept: what TWS said of one, with the option that it was of."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import msgspec

from mesolive.connectors.ibkr.contract_mapping import COMBO, option_of
from mesolive.connectors.ibkr.tws_messages import ExecutionRow
from mesolive.market.contracts import OptionContract


class ExecutionReport(msgspec.Struct, frozen=True, kw_only=True):
    """An execution of a combo, of one of its legs, or of a single contract.

    Attributes
    ----------
    option
        `None` for combos, shares and futures.
    side
        `BOT` or `SLD`.
    liquidation
        Whether IB closed the position.
    """

    exec_id: str
    order_id: int
    client_id: int
    perm_id: int
    order_ref: str
    account: str
    con_id: int
    sec_type: str
    symbol: str
    option: OptionContract | None
    side: str
    shares: Decimal
    price: Decimal
    at: datetime
    liquidation: bool = False

    @property
    def is_combo(self) -> bool:
        """Whether it is the report of the combo: its legs are reported too."""
        return self.sec_type == COMBO

    @property
    def signed(self) -> Decimal:
        """Shares, negative where they were sold."""
        return self.shares if self.side == "BOT" else -self.shares


def report_of(row: ExecutionRow) -> ExecutionReport:
    """Return what is kept of an execution."""
    return ExecutionReport(
        exec_id=row.exec_id,
        order_id=row.order_id,
        client_id=row.client_id,
        perm_id=row.perm_id,
        order_ref=row.order_ref,
        account=row.account,
        con_id=row.contract.con_id,
        sec_type=row.contract.sec_type,
        symbol=row.contract.symbol,
        option=option_of(row.contract),
        side=row.side,
        shares=row.shares,
        price=row.price,
        at=row.at,
        liquidation=row.liquidation,
    )
