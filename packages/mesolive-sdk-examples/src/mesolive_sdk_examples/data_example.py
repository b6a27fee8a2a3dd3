"""Live prices, greeks and PnL: as streams, and as snapshots.

python -m mesolive_sdk_examples.data_example underlying stream --symbol SPX --seconds 10
python -m mesolive_sdk_examples.data_example underlying snapshot --symbol SPX
python -m mesolive_sdk_examples.data_example position stream --position-id 1 --seconds 10
python -m mesolive_sdk_examples.data_example contract snapshot --symbol SPX --root SPXW --expiration 2024-05-17 \
        --strike 4500 --type put
python -m mesolive_sdk_examples.data_example combo snapshot --symbol SPX \
        --leg SPXW:2024-05-17:4500:put:-1 --leg SPXW:2024-05-17:4450:put:1
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, TypeAlias, TypeVar

import typer
from rich.console import Group, RenderableType
from rich.live import Live

from mesolive_sdk import DataStream, MesoLiveDataHubClient, models
from mesolive_sdk_examples.common import (
    AsJson,
    Provider,
    Seconds,
    Session,
    Token,
    UnderlyingType,
    Url,
    choice,
    command,
    data_provider,
    example,
    metavar,
    number,
    underlying_of,
)
from mesolive_sdk_examples.printing import greek_values, out, print_json, print_json_line, table

app = example("Live prices, greeks and PnL: as streams, and as snapshots.")
position_app = example("A position, its legs and its leg groups.")
leg_app = example("One leg.")
legs_app = example("Several legs.")
combo_app = example("A combo and its contracts.")
contract_app = example("One contract.")
underlying_app = example("An underlying.")
app.add_typer(position_app, name="position")
app.add_typer(leg_app, name="leg")
app.add_typer(legs_app, name="legs")
app.add_typer(combo_app, name="combo")
app.add_typer(contract_app, name="contract")
app.add_typer(underlying_app, name="underlying")

Entry: TypeAlias = (
    models.PositionDataEntry
    | models.LegDataEntry
    | models.LegsDataEntry
    | models.ComboContractsDataEntry
    | models.ContractDataEntry
    | models.UnderlyingDataEntry
)
T = TypeVar("T", bound=Entry)

Items = Annotated[int | None, typer.Option("--items", min=1, help="End after so many items.")]
PositionId = Annotated[int, typer.Option("--position-id", min=0, help="The position's number.")]
LegId = Annotated[int, typer.Option("--leg-id", min=0, help="The leg's number.")]
LegIds = Annotated[list[int], typer.Option("--leg-id", min=0, help="A leg's number. May be given several times.")]
Symbol = Annotated[str, typer.Option("--symbol", help="The underlying's symbol, such as SPX.")]
Currency = Annotated[str, typer.Option("--currency", help="In which it is quoted.")]
Root = Annotated[str | None, typer.Option("--root", help="The trading class, such as SPXW.")]
Expiration = Annotated[str, typer.Option("--expiration", help="The expiration's day, such as 2024-05-17.")]
Strike = Annotated[Decimal, typer.Option("--strike", parser=number, metavar="DECIMAL", help="The strike.")]
OptionType = Annotated[
    models.MesoOptionType,
    typer.Option(
        "--type", parser=choice(models.MesoOptionType), metavar=metavar(models.MesoOptionType), help="Call or put."
    ),
]
Legs = Annotated[
    list[str],
    typer.Option(
        "--leg", metavar="ROOT:DAY:STRIKE:TYPE:RATIO", help="One contract of the combo. May be given several times."
    ),
]


@underlying_app.command("stream")
@command
async def streamunderlying_of(
    symbol: Symbol,
    underlying_type: UnderlyingType = None,
    currency: Currency = "USD",
    provider: Provider = None,
    seconds: Seconds = 10.0,
    items: Items = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Show an underlying's prices as they change."""
    async with Session(url, token) as session:
        args = models.StreamUnderlyingDataArgs(
            Underlying=underlying_of(symbol, underlying_type, currency),
            Provider=await data_provider(await session.control(), provider),
        )
        data = await session.data()
        await _follow(data.stream_underlying_data(args), symbol, seconds, items, as_json=as_json)


@underlying_app.command("snapshot")
@command
async def snapshotunderlying_of(
    symbol: Symbol,
    underlying_type: UnderlyingType = None,
    currency: Currency = "USD",
    provider: Provider = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Show an underlying's prices once."""
    async with Session(url, token) as session:
        args = models.GetUnderlyingSnapshotArgs(
            Underlying=underlying_of(symbol, underlying_type, currency),
            Provider=await data_provider(await session.control(), provider),
        )
        await _once(await session.data(), lambda data: data.get_underlying_snapshot(args), symbol, as_json=as_json)


@position_app.command("stream")
@command
async def stream_position(
    position_id: PositionId,
    provider: Provider = None,
    seconds: Seconds = 10.0,
    items: Items = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Show what a position is worth as it changes."""
    async with Session(url, token) as session:
        data = await session.data()
        stream = data.stream_position_data(models.StreamPositionDataArgs(PositionId=position_id, Provider=provider))
        await _follow(stream, f"Position {position_id}", seconds, items, as_json=as_json)


@position_app.command("snapshot")
@command
async def snapshot_position(
    position_id: PositionId, provider: Provider = None, url: Url = None, token: Token = None, as_json: AsJson = False
) -> None:
    """Show what a position is worth, once."""
    args = models.GetPositionSnapshotArgs(PositionId=position_id, Provider=provider)
    async with Session(url, token) as session:
        data = await session.data()
        await _once(data, lambda data: data.get_position_snapshot(args), f"Position {position_id}", as_json=as_json)


@leg_app.command("stream")
@command
async def stream_leg(
    leg_id: LegId,
    provider: Provider = None,
    seconds: Seconds = 10.0,
    items: Items = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Show what a leg is worth as it changes."""
    async with Session(url, token) as session:
        data = await session.data()
        stream = data.stream_leg_data(models.StreamLegDataArgs(LegId=leg_id, Provider=provider))
        await _follow(stream, f"Leg {leg_id}", seconds, items, as_json=as_json)


@leg_app.command("snapshot")
@command
async def snapshot_leg(
    leg_id: LegId, provider: Provider = None, url: Url = None, token: Token = None, as_json: AsJson = False
) -> None:
    """Show what a leg is worth, once."""
    args = models.GetLegSnapshotArgs(LegId=leg_id, Provider=provider)
    async with Session(url, token) as session:
        await _once(await session.data(), lambda data: data.get_leg_snapshot(args), f"Leg {leg_id}", as_json=as_json)


@legs_app.command("stream")
@command
async def stream_legs(
    leg_id: LegIds,
    provider: Provider = None,
    seconds: Seconds = 10.0,
    items: Items = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Show what several legs are worth as it changes."""
    async with Session(url, token) as session:
        data = await session.data()
        stream = data.stream_legs_data(models.StreamLegsDataArgs(LegIds=leg_id, Provider=provider))
        await _follow(stream, "Legs", seconds, items, as_json=as_json)


@legs_app.command("snapshot")
@command
async def snapshot_legs(
    leg_id: LegIds, provider: Provider = None, url: Url = None, token: Token = None, as_json: AsJson = False
) -> None:
    """Show what several legs are worth, once."""
    args = models.GetLegsSnapshotArgs(LegIds=leg_id, Provider=provider)
    async with Session(url, token) as session:
        await _once(await session.data(), lambda data: data.get_legs_snapshot(args), "Legs", as_json=as_json)


@contract_app.command("stream")
@command
async def stream_contract(
    symbol: Symbol,
    expiration: Expiration,
    strike: Strike,
    option_type: OptionType,
    root: Root = None,
    underlying_type: UnderlyingType = None,
    currency: Currency = "USD",
    provider: Provider = None,
    seconds: Seconds = 10.0,
    items: Items = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Show an option contract's prices and greeks as they change."""
    contract = _contract(underlying_of(symbol, underlying_type, currency), root, expiration, strike, option_type)
    async with Session(url, token) as session:
        chosen = await data_provider(await session.control(), provider)
        data = await session.data()
        stream = data.stream_contract_data(models.StreamContractDataArgs(Contract=contract, Provider=chosen))
        await _follow(stream, f"{root or symbol} {expiration} {strike} {option_type}", seconds, items, as_json=as_json)


@contract_app.command("snapshot")
@command
async def snapshot_contract(
    symbol: Symbol,
    expiration: Expiration,
    strike: Strike,
    option_type: OptionType,
    root: Root = None,
    underlying_type: UnderlyingType = None,
    currency: Currency = "USD",
    provider: Provider = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Show an option contract's prices and greeks, once."""
    contract = _contract(underlying_of(symbol, underlying_type, currency), root, expiration, strike, option_type)
    async with Session(url, token) as session:
        chosen = await data_provider(await session.control(), provider)
        args = models.GetContractSnapshotArgs(Contract=contract, Provider=chosen)
        title = f"{root or symbol} {expiration} {strike} {option_type}"
        await _once(await session.data(), lambda data: data.get_contract_snapshot(args), title, as_json=as_json)


@combo_app.command("stream")
@command
async def stream_combo(
    symbol: Symbol,
    leg: Legs,
    underlying_type: UnderlyingType = None,
    currency: Currency = "USD",
    provider: Provider = None,
    seconds: Seconds = 10.0,
    items: Items = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Show a combo's prices and greeks as they change."""
    combo = _combo(underlying_of(symbol, underlying_type, currency), leg)
    async with Session(url, token) as session:
        chosen = await data_provider(await session.control(), provider)
        data = await session.data()
        stream = data.stream_combo_contracts_data(models.StreamComboContractsDataArgs(Combo=combo, Provider=chosen))
        await _follow(stream, f"Combo of {symbol}", seconds, items, as_json=as_json)


@combo_app.command("snapshot")
@command
async def snapshot_combo(
    symbol: Symbol,
    leg: Legs,
    underlying_type: UnderlyingType = None,
    currency: Currency = "USD",
    provider: Provider = None,
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Show a combo's prices and greeks, once."""
    combo = _combo(underlying_of(symbol, underlying_type, currency), leg)
    async with Session(url, token) as session:
        chosen = await data_provider(await session.control(), provider)
        args = models.GetComboContractsSnapshotArgs(Combo=combo, Provider=chosen)
        data = await session.data()
        title = f"Combo of {symbol}"
        await _once(data, lambda data: data.get_combo_contracts_snapshot(args), title, as_json=as_json)


async def _once(
    data: MesoLiveDataHubClient, ask: Callable[[MesoLiveDataHubClient], Awaitable[Entry]], title: str, *, as_json: bool
) -> None:
    entry = await ask(data)
    if as_json:
        print_json(entry)
    else:
        out.print(view(title, entry))


async def _follow(stream: DataStream[T], title: str, seconds: float, items: int | None, *, as_json: bool) -> None:
    """Show a stream's items for some seconds: on a terminal in place, else one after another."""
    seen = 0
    async with aclosing(_some(stream, seconds, items)) as entries:
        if as_json or not out.is_terminal:
            async for entry in entries:
                seen += 1
                if as_json:
                    print_json_line(entry)
                else:
                    out.print(view(f"{title}, item {seen}", entry))
            return
        with Live(console=out, auto_refresh=False) as live:
            async for entry in entries:
                seen += 1
                live.update(view(f"{title}, item {seen}", entry), refresh=True)


async def _some(stream: DataStream[T], seconds: float, items: int | None) -> AsyncGenerator[T, None]:
    """Yield a stream's items for some seconds, at most so many."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    seen = 0
    async with stream:
        while items is None or seen < items:
            try:
                async with asyncio.timeout_at(end):
                    item = await anext(stream)
            except (TimeoutError, StopAsyncIteration):
                return
            seen += 1
            yield item


def view(title: str, entry: Entry) -> RenderableType:
    """Return what shows an item: a table of prices and PnL, and one of greeks."""
    prices, greeks = list(_price_rows(entry)), list(_greek_rows(entry))
    parts: list[RenderableType] = []
    if prices:
        parts.append(table(title, ("Of", "Bid", "Ask", "Last", "Mark", "Mark's age ms", "Realised"), prices))
    if greeks:
        columns = ("Greeks of", "Delta", "Gamma", "Theta", "Vega", "WVega", "Rho", "IV %")
        parts.append(table("" if prices else title, columns, greeks))
    return Group(*parts) if parts else f"{title}: nothing"


def _price_rows(entry: Entry) -> Iterator[Sequence[object]]:
    for name, value in _blocks(entry):
        if isinstance(value, models.LivePrices):
            yield name, value.Bid, value.Ask, value.Last, value.Mark, value.MarkAgeMs, None
        elif isinstance(value, models.LivePnL):
            yield name, value.Bid, value.Ask, value.Last, value.Mark, value.MarkAgeMs, value.Realized


def _greek_rows(entry: Entry) -> Iterator[Sequence[object]]:
    for name, value in _blocks(entry):
        if isinstance(value, models.LiveGreeks):
            of = greek_values(value)
            yield name, of.Delta, of.Gamma, of.Theta, of.Vega, of.WVega, of.Rho, of.IV


def _blocks(entry: Entry) -> Iterator[tuple[str, object]]:
    """Yield each block of an item under a name of its own."""
    for field in entry.__struct_fields__:
        value: Mapping[int, object] | Sequence[object] | object = getattr(entry, field)
        if isinstance(value, Mapping):
            yield from ((f"{field} {key}", item) for key, item in value.items())  # type: ignore[misc] # values of any model
        elif isinstance(value, list):
            yield from ((f"{field} {place}", item) for place, item in enumerate(value))  # type: ignore[misc] # as above
        elif value is not None:
            yield field, value


def _contract(
    underlying: models.LiveUnderlying, root: str | None, expiration: str, strike: Decimal, kind: models.MesoOptionType
) -> models.LiveContract:
    return models.LiveContract(
        ContractType=(
            models.MesoContractType.FuturesOptions
            if underlying.ContractType is models.MesoContractType.Futures
            else models.MesoContractType.Options
        ),
        Underlying=underlying,
        Root=root,
        OptionType=kind,
        Expiration=_day(expiration),
        Strike=strike,
    )


def _day(text: str) -> datetime:
    """Read an expiration: an instant with its offset, or a day, which the API writes as midnight UTC."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a day such as 2024-05-17") from None
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)


def _combo(underlying: models.LiveUnderlying, legs: Sequence[str]) -> list[models.ComboLeg]:
    combo: list[models.ComboLeg] = []
    for text in legs:
        parts = text.split(":")
        if len(parts) != 5:
            raise typer.BadParameter(f"{text!r} is not ROOT:DAY:STRIKE:TYPE:RATIO")
        root, day, strike, kind, ratio = parts
        contract = _contract(underlying, root or None, day, number(strike), choice(models.MesoOptionType)(kind))
        combo.append(models.ComboLeg(Contract=contract, Ratio=number(ratio)))
    return combo


if __name__ == "__main__":
    app()
