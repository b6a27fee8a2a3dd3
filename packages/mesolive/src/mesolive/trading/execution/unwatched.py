"""Accounts that the venue's login has lost: closed, or no longer permitted. Their owner gets an error."""

from __future__ import annotations

from typing import Final

from mesolive.journal.journal import Journal
from mesolive.store.database import Database, Transaction
from mesolive.trading.orders.repository import open_orders_of_account
from mesolive.trading.portfolio.account_errors import active_trouble, trouble_event
from mesolive.trading.portfolio.accounts import Account
from mesolive.trading.portfolio.position_queries import held_in_books
from mesolive_sdk import models

MAX_NAMED: Final = 10


async def unwatched(tx: Transaction, account_id: int) -> str:
    """Return what an account holds and works by the books, in words: it is not reconciled with its venue."""
    held = [f"{qty:+f} {contract}" for contract, qty in sorted((await held_in_books(tx, account_id)).items(), key=str)]
    orders = [f"{order.id} ({order.view.state.value})" for order in await open_orders_of_account(tx, account_id)]
    return f"in the books are {_listed('open positions', held)} and {_listed('working orders', orders)}"


async def tell_unwatched(database: Database, journal: Journal, account: Account, reason: str) -> None:
    """Tell the owner of an account, as its active error, that its venue is not heard of about it.

    The error is resolved when the account is compared with its venue again.
    """
    async with database.read() as tx:
        active = await _unwatched_event(tx, account, reason)
    if active is None:
        return
    async with database.write(account.user_id) as tx:
        active = await _unwatched_event(tx, account, reason)  # another poll may have told it meanwhile
        if active is not None:
            await journal.append(tx, account.user_id, [active])


async def _unwatched_event(tx: Transaction, account: Account, reason: str) -> models.ErrorEvent | None:
    """Return what is to be told; `None` where it is told already."""
    event = trouble_event(account, f"{reason}; it is not watched: {await unwatched(tx, account.id)}")
    return None if event.Message == await active_trouble(tx, account) else event


def _listed(what: str, items: list[str]) -> str:
    if not items:
        return f"no {what}"
    more = f" (and {len(items) - MAX_NAMED} more)" if len(items) > MAX_NAMED else ""
    return f"{what} {', '.join(items[:MAX_NAMED])}{more}"
