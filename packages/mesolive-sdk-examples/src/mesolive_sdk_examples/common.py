"""What the examples share: how they connect, what they print, how they end, and the rule about live accounts.

Every example ends with status 0 when it did what it was asked, 1 when the server refused or could not be reached, 2
when it was called wrongly, 3 when it refused to touch a live account, 4 when the strategy does not allow the trade, and
5 when something that was begun needs the user to act.
"""

from __future__ import annotations

import asyncio
import functools
import os
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Annotated, Any, ParamSpec, TypeVar

import msgspec
import typer

from mesolive_sdk import (
    MesoLiveControlHubClient,
    MesoLiveDataHubClient,
    MesoLiveError,
    MesoLiveEventHubClient,
    models,
    run_preparation,
)
from mesolive_sdk.contract_specs import underlying_type
from mesolive_sdk.display import contract_text
from mesolive_sdk.models import JobArgs
from mesolive_sdk_examples.printing import err

P = ParamSpec("P")
C = TypeVar("C", MesoLiveControlHubClient, MesoLiveDataHubClient, MesoLiveEventHubClient)
E = TypeVar("E", bound=models.WireEnum)
A = TypeVar("A", bound=msgspec.Struct)
S = TypeVar("S", bound=JobArgs)
J = TypeVar("J", bound=models.PreparationStatusResult)
R = TypeVar("R", bound=models.PreparedPlan)
T = TypeVar("T")

FAILED = 1
REFUSED = 3
NOT_ALLOWED = 4
NEEDS_USER = 5
INTERRUPTED = 130

Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        envvar="MESOLIVE_URL",
        help="The server's base URL. [default: by MESOLIVE_PORT, else http://127.0.0.1:8700]",
    ),
]
Token = Annotated[
    str | None,
    typer.Option("--token", envvar="MESOLIVE_API_KEY", help="The API key. It is never printed.", show_default=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=500, help="How many items one page may hold.")]
Continuation = Annotated[
    str | None,
    typer.Option("--continuation-token", help="Where the last page ended, for the next one.", show_default=False),
]
AllowLive = Annotated[
    bool, typer.Option("--allow-live", help="Let live accounts be used; each must also be named by --live-account.")
]
LiveAccounts = Annotated[
    list[str] | None,
    typer.Option("--live-account", help="A live account that may be used. May be given several times."),
]
Seconds = Annotated[float, typer.Option("--seconds", min=0.1, help="For how long.")]

NO_MONEY = frozenset({models.BrokerType.Simulated})
"""Types of accounts besides paper on which no real money is at stake."""


class Failure(Exception):  # noqa: N818 - it is an outcome, not only an error
    """An example cannot do what it was asked.

    Parameters
    ----------
    text
        Why.
    status
        The exit status.
    """

    def __init__(self, text: str, status: int = FAILED) -> None:
        super().__init__(text)
        self.status = status


class FillPrice(StrEnum):
    """At what a paper fill is made."""

    mid = "mid"
    bid = "bid"
    ask = "ask"


# -- running


def example(help_text: str) -> typer.Typer:
    """Return the application of one example."""
    return typer.Typer(
        help=help_text,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",
    )


def command(function: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Make a command out of a coroutine function: run it, and turn its failures into a line and an exit status."""

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            asyncio.run(function(*args, **kwargs))
        except Failure as failure:
            _fail(str(failure), failure.status)
        except BrokenPipeError:  # who reads the output, such as `head`, has had enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(FAILED) from None
        except (MesoLiveError, OSError) as error:
            _fail(str(error), FAILED)
        except KeyboardInterrupt:
            _fail("interrupted", INTERRUPTED)

    return run


def _fail(text: str, status: int) -> None:
    err.print(text, style="red", highlight=False, soft_wrap=True)
    raise typer.Exit(status)


class Session(AsyncExitStack):
    """Connects clients, and disconnects them at its end."""

    def __init__(self, url: str | None, token: str | None) -> None:
        super().__init__()
        self._url = url
        self._token = token

    async def control(self) -> MesoLiveControlHubClient:
        """Return a connected client of the Control Hub."""
        return await self.enter_async_context(self._made(MesoLiveControlHubClient))

    async def data(self) -> MesoLiveDataHubClient:
        """Return a connected client of the Data Hub."""
        return await self.enter_async_context(self._made(MesoLiveDataHubClient))

    def events(self) -> MesoLiveEventHubClient:
        """Return a client of the Event Hub that is not connected yet, so that handlers can be registered first."""
        return self._made(MesoLiveEventHubClient)

    def _made(self, kind: type[C]) -> C:
        try:
            return kind(self._url, self._token)
        except ValueError as error:  # no API key, or a URL that is none
            raise Failure(str(error)) from error


# -- the rule about live accounts


async def checked_account(
    control: MesoLiveControlHubClient, account_id: str, *, allow_live: bool, live_accounts: Sequence[str] | None
) -> models.LiveAccount:
    """Return an account that the caller may use: one without real money, or a live one that was named.

    Raises
    ------
    Failure
        With status 3, when it is a live account that was not allowed.
    """
    account = await control.get_account(models.GetAccountArgs(BrokerAccountId=account_id))
    if not account.IsPaperAccount and account.BrokerType not in NO_MONEY:
        if not allow_live:
            raise Failure(f"{account_id} is a live account; --allow-live is needed to use one", REFUSED)
        if account_id not in (live_accounts or ()):
            raise Failure(f"{account_id} is a live account that is not named by --live-account", REFUSED)
    return account


async def account_of(control: MesoLiveControlHubClient, strategy: models.LiveStrategy, account_id: str | None) -> str:
    """Return the account asked for, or else the only one on which the strategy is active.

    Raises
    ------
    Failure
        When there is not just one.
    """
    if account_id is not None:
        return account_id
    active = strategy.ActiveOnAccounts
    if not active:
        active = [account.BrokerAccountId for account in (await control.list_accounts()).Accounts]
    if len(active) != 1:
        known = ", ".join(active) or "none"
        raise Failure(f"which account? Name one by --account (there are: {known})")
    return active[0]


# -- trading


async def finished(
    start: Callable[[A], Awaitable[models.StartPreparationResult]],
    args: A,
    ask: Callable[[S], Awaitable[J]],
    status_args: type[S],
    what: str,
    *,
    seconds: float,
    quiet: bool = False,
) -> J:
    """Start a preparation and wait until it is completed, showing its status.

    Raises
    ------
    Failure
        When it failed or was cancelled.
    """
    if quiet:
        answer = await run_preparation(start, args, ask, status_args, within=seconds)
    else:
        with err.status(f"{what} …") as status:

            def show(state: J) -> None:
                status.update(f"{what}: {state.Status.value}")

            answer = await run_preparation(start, args, ask, status_args, within=seconds, on_status=show)
    if answer.Status is not models.PreparationStatus.Completed:
        raise Failure(f"{what}: the job {answer.JobId} is {answer.Status.value}: {answer.Error or 'no reason given'}")
    return answer


def planned(result: R | None) -> R:
    """Return the result of a completed preparation."""
    if result is None:
        raise Failure("the job is completed, but has no result")
    return result


def paper_fills(
    legs: Mapping[str, models.LiveLeg],
    prices: Mapping[str, models.LivePrices],
    at: FillPrice,
    commission: Decimal,
) -> dict[str, models.PaperLegFill]:
    """Return fills of every leg that has a quantity.

    Parameters
    ----------
    legs, prices
        The plan's, by leg name; the legs with the quantities that are filled.
    at
        Which price of the quotes.
    commission
        Per contract, in account currency.

    Raises
    ------
    Failure
        When a leg has no such price.
    """
    fills: dict[str, models.PaperLegFill] = {}
    for name, leg in legs.items():
        if leg.Qty == 0:  # a marker leg, which is not traded
            continue
        price = fill_price(prices.get(name, models.LivePrices()), at)
        if price is None:
            raise Failure(f"leg {name} ({contract_text(leg.LiveContract)}) has no {at.value} price")
        fills[name] = models.PaperLegFill(Price=price, Commission=abs(leg.Qty) * commission)
    return fills


def fill_price(prices: models.LivePrices, at: FillPrice) -> Decimal | None:
    """Return a price of the quotes; None where there is none."""
    if at is FillPrice.bid:
        return prices.Bid
    if at is FillPrice.ask:
        return prices.Ask
    if prices.Bid is None or prices.Ask is None:
        return prices.Mark
    return (prices.Bid + prices.Ask) / 2


async def data_provider(
    control: MesoLiveControlHubClient, wanted: models.DataProviderType | None
) -> models.DataProviderType:
    """Return the provider asked for, or else the first that a connected agent brings.

    Raises
    ------
    Failure
        When no agent brings market data.
    """
    if wanted is not None:
        return wanted
    for agent in (await control.list_agents()).Agents:
        if agent.DataProvider is not None and agent.Status is models.AgentStatus.Connected:
            return agent.DataProvider
    raise Failure("no connected agent brings market data; name a provider by --provider")


def choice(kind: type[E]) -> Callable[[str | E], E]:
    """Return what reads an enum's member on the command line, in any case."""

    def parse(text: str | E) -> E:
        try:
            member = kind(text)
        except ValueError:
            member = None
        if member is None or member.value == "Unknown":
            raise typer.BadParameter(f"expected one of {', '.join(names_of(kind))}")
        return member

    return parse


def number(text: str | Decimal) -> Decimal:
    """Read a number on the command line."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise typer.BadParameter("expected a number")
    return value


def names_of(kind: type[models.WireEnum]) -> list[str]:
    """Return the names that an enum's members have on the wire."""
    return [member.value for member in kind if member.value != "Unknown"]


def metavar(kind: type[models.WireEnum]) -> str:
    """Return how an enum is shown in a help text."""
    return f"[{'|'.join(names_of(kind))}]"


Provider = Annotated[
    models.DataProviderType | None,
    typer.Option(
        "--provider",
        parser=choice(models.DataProviderType),
        metavar=metavar(models.DataProviderType),
        help="Whose quotes to use; else the server's own.",
        show_default=False,
    ),
]
UnderlyingType = Annotated[
    models.MesoContractType | None,
    typer.Option(
        "--underlying-type",
        parser=choice(models.MesoContractType),
        metavar=metavar(models.MesoContractType),
        help="What the underlying is; else what its symbol means: SPX an index, ES a future, SPY a fund.",
        show_default=False,
    ),
]


def underlying_of(symbol: str, kind: models.MesoContractType | None, currency: str = "USD") -> models.LiveUnderlying:
    """Return an underlying as requests name it; without a kind it is what its symbol means."""
    return models.LiveUnderlying(
        Symbol=symbol, ContractType=underlying_type(symbol) if kind is None else kind, Currency=currency
    )
