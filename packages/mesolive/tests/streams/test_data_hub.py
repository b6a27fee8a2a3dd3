"""The Data Hub over a real socket, through the SDK."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from mesolive.hubs.data import DataHub
from mesolive.streams.channels import Channel
from mesolive.streams.service import Streams
from mesolive_sdk import MesoLiveDataHubClient, models
from mesolive_sdk.exceptions import MesoLiveApiException, MesoLiveSignalRError
from mesolive_testkit.server import ACCOUNT, Kit
from mesolive_testkit.streams import field
from signalr_asyncio.client import HubConnection

SPX = models.LiveUnderlying(Symbol="SPX", ContractType=models.MesoContractType.Index, Currency="USD")
SIMULATED = models.DataProviderType.Simulated
SECONDS = 60.0


@pytest.fixture
async def held(kit: Kit) -> models.LivePositionDetail:
    """Enter a position of the sample strategy."""
    strategy = await kit.strategy()
    filled = await kit.enter(strategy.Id)
    return await kit.control.get_position(models.GetPositionArgs(PositionId=filled.PositionId))


@pytest.fixture
async def data(kit: Kit) -> MesoLiveDataHubClient:
    return await kit.data()


async def test_a_position_is_watched_from_entry_to_exit_in_one_stream(
    kit: Kit, data: MesoLiveDataHubClient, held: models.LivePositionDetail
) -> None:
    seen: list[models.PositionDataEntry] = []
    first = asyncio.Event()

    async def watch() -> None:
        async for entry in data.stream_position_data(models.StreamPositionDataArgs(PositionId=held.Id)):
            seen.append(entry)
            first.set()

    async with asyncio.timeout(SECONDS):
        watching = asyncio.create_task(watch())
        await first.wait()
        assert set(seen[0].LegPrices or {}) == {leg.Id for leg in held.Legs}
        first.clear()
        await kit.advance(5)
        await first.wait()
        assert field(seen[-1], "PositionPrices.SnapshotTime") > field(seen[0], "PositionPrices.SnapshotTime")
        await kit.leave(held.Id)
        await watching
    last = seen[-1]
    closed = await kit.control.get_position(models.GetPositionArgs(PositionId=held.Id))
    assert closed.State is models.LivePositionState.Closed
    assert field(last, "PositionPnLs.Realized") == closed.RealizedPnL
    assert last.LegPrices == {}


async def test_every_pair_answers_the_same_values(data: MesoLiveDataHubClient, held: models.LivePositionDetail) -> None:
    leg = held.Legs[0]
    contract: dict[str, Any] = {"Contract": leg.LiveContract, "Provider": SIMULATED}
    combo: dict[str, Any] = {
        "Combo": [models.ComboLeg(Contract=leg.LiveContract, Ratio=Decimal(1))],
        "Provider": SIMULATED,
    }
    underlying: dict[str, Any] = {"Underlying": SPX, "Provider": SIMULATED}
    pairs: list[tuple[Any, Any]] = [
        (
            data.stream_position_data(models.StreamPositionDataArgs(PositionId=held.Id)),
            data.get_position_snapshot(models.GetPositionSnapshotArgs(PositionId=held.Id)),
        ),
        (
            data.stream_leg_data(models.StreamLegDataArgs(LegId=leg.Id)),
            data.get_leg_snapshot(models.GetLegSnapshotArgs(LegId=leg.Id)),
        ),
        (
            data.stream_legs_data(models.StreamLegsDataArgs(LegIds=[leg.Id])),
            data.get_legs_snapshot(models.GetLegsSnapshotArgs(LegIds=[leg.Id])),
        ),
        (
            data.stream_contract_data(models.StreamContractDataArgs(**contract)),
            data.get_contract_snapshot(models.GetContractSnapshotArgs(**contract)),
        ),
        (
            data.stream_combo_contracts_data(models.StreamComboContractsDataArgs(**combo)),
            data.get_combo_contracts_snapshot(models.GetComboContractsSnapshotArgs(**combo)),
        ),
        (
            data.stream_underlying_data(models.StreamUnderlyingDataArgs(**underlying)),
            data.get_underlying_snapshot(models.GetUnderlyingSnapshotArgs(**underlying)),
        ),
        (
            data.stream_account_data(models.StreamAccountDataArgs(BrokerAccountId=ACCOUNT)),
            data.get_account_snapshot(models.GetAccountSnapshotArgs(BrokerAccountId=ACCOUNT)),
        ),
    ]
    for stream, snapshot in pairs:
        async with asyncio.timeout(SECONDS):
            item = await anext(stream)
            result = await snapshot
            await stream.aclose()
        for name in item.__struct_fields__:
            assert getattr(item, name) == getattr(result, name)


async def test_a_window_of_a_chain_is_streamed_as_it_is_queried(kit: Kit, data: MesoLiveDataHubClient) -> None:
    expirations = (await kit.control.get_expirations(models.GetExpirationsArgs(Symbol="SPX"))).Expirations
    window: dict[str, Any] = {"Symbol": "SPX", "Day": expirations[-1].Day, "Strikes": 5}
    stream = data.stream_chain_data(models.StreamChainDataArgs(**window))
    async with asyncio.timeout(SECONDS):
        item = await anext(stream)
        await stream.aclose()
    result = await kit.control.get_chain(models.GetChainArgs(**window))
    assert len(item.Rows) == 5
    for name in result.__struct_fields__:
        assert getattr(item, name) == getattr(result, name)
    with pytest.raises(MesoLiveSignalRError, match="NotFound: underlying"):
        await anext(data.stream_chain_data(models.StreamChainDataArgs(Symbol="NONE", Day="2026-01-16")))


async def test_leaving_a_stream_lets_the_server_forget_it(
    data: MesoLiveDataHubClient, held: models.LivePositionDetail, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = asyncio.Event()
    leave = Streams.leave

    def noted(streams: Streams, channel: Channel) -> None:
        leave(streams, channel)
        assert streams.engine.channels == {}
        left.set()

    monkeypatch.setattr(Streams, "leave", noted)
    stream = data.stream_position_data(models.StreamPositionDataArgs(PositionId=held.Id))
    async with asyncio.timeout(SECONDS):
        await anext(stream)
        await stream.aclose()
        await left.wait()


async def test_a_foreign_position_is_not_found_in_the_snapshot_and_in_the_stream(
    kit: Kit, held: models.LivePositionDetail
) -> None:
    made = await kit.application.access.create_key("somebody else")
    foreign = await kit.client(MesoLiveDataHubClient, made.token)
    with pytest.raises(MesoLiveApiException) as raised:
        await foreign.get_position_snapshot(models.GetPositionSnapshotArgs(PositionId=held.Id))
    assert raised.value.status is models.StatusCode.NotFound
    with pytest.raises(MesoLiveSignalRError, match=f"NotFound: position {held.Id} was not found"):
        await anext(foreign.stream_position_data(models.StreamPositionDataArgs(PositionId=held.Id)))


@pytest.mark.parametrize(
    ("method", "argument", "path"),
    [
        ("PositionData", {}, "PositionId"),
        ("LegData", {"LegId": "one"}, "LegId"),
        ("LegsData", {"LegIds": list(range(10_000))}, "LegIds"),
        ("LegsData", {"LegIds": [1], "PriceFields": "Middle"}, "PriceFields"),
        ("ComboContractsData", {"Combo": [], "Provider": "Simulated"}, "Combo"),
        ("ContractData", {"Contract": {}, "Provider": "Simulated"}, "Contract"),
        ("UnderlyingData", {"Underlying": {"Symbol": "SPX", "ContractType": "Index", "Currency": "USD"}}, "Provider"),
    ],
)
async def test_a_malformed_argument_is_a_validation_error_that_names_the_field_and_the_connection_lives_on(
    kit: Kit, method: str, argument: dict[str, Any], path: str
) -> None:
    snapshot = f"Get{method.removesuffix('Data')}Snapshot"
    async with HubConnection(f"{kit.url}/hubs/data/v1", token=kit.token) as connection:
        answer = await connection.invoke(snapshot, argument)
        assert answer["Status"] == "ValidationError"
        assert any(error.startswith(path) for error in answer["Error"]["ValidationErrors"])
        with pytest.raises(Exception, match=f"ValidationError: .*{path}"):
            await anext(aiter(connection.stream(f"Stream{method}", argument)))
        assert (await connection.invoke(snapshot, argument))["Status"] == "ValidationError"


def test_the_hub_offers_the_six_pairs_of_the_contract_and_that_of_accounts() -> None:
    names = {getattr(getattr(DataHub, name), "__signalr_hub_method__", None) for name in dir(DataHub)}
    offered = {options.name for options in names if options is not None}
    kinds = ("Position", "Leg", "Legs", "ComboContracts", "Contract", "Underlying", "Account")
    assert offered == {f"Stream{kind}Data" for kind in kinds} | {f"Get{kind}Snapshot" for kind in kinds} | {
        "StreamPositionsData",
        "StreamChainData",
        "StreamEvaluations",
    }
