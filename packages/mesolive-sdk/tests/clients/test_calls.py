"""What a caller meets when a call does not go well: clear exceptions, and a client that lives on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from mesolive_sdk import (
    MesoLiveApiException,
    MesoLiveControlHubClient,
    MesoLiveDataHubClient,
    MesoLiveError,
    MesoLiveSignalRError,
    MesoLiveTimeoutError,
    models,
    new_idempotency_key,
    run_preparation,
    wait_for_job,
)
from mesolive_sdk.models import MesoLiveApiError, MesoLiveApiResponse, PreparationStatus, StatusCode
from mesolive_sdk_testkit.server import TOKEN, ScriptedServer, hub_error, success
from mesolive_sdk_testkit.values import Maker
from signalr_asyncio import ConnectionState, EncodeError

ACCOUNT = models.GetAccountArgs(BrokerAccountId="ML1000")
ENTRY = models.PreparePositionEntryArgs(
    IdempotencyKey="k",
    PositionName="a position",
    StrategyId=1,
    BrokerAccountId="A",
    LegSelectionConstraint=models.LiveLegSelectionConstraint.FullyUnique,
    Underlying=models.LiveUnderlying(Symbol="SPX", ContractType=models.MesoContractType.Index, Currency="USD"),
)
FILLS = models.ApplyPaperFillsArgs(IdempotencyKey="k", BrokerAccountId="A", ExecPlanId=1, PaperLegFills={})


@pytest_asyncio.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer() as server:
        yield server


@pytest_asyncio.fixture
async def control(server: ScriptedServer) -> AsyncIterator[MesoLiveControlHubClient]:
    async with MesoLiveControlHubClient(server.url, TOKEN) as control:
        yield control


@pytest_asyncio.fixture
async def data(server: ScriptedServer) -> AsyncIterator[MesoLiveDataHubClient]:
    async with MesoLiveDataHubClient(server.url, TOKEN) as data:
        yield data


@pytest.mark.parametrize("status", [status for status in StatusCode if status is not StatusCode.Success])
async def test_any_status_but_success_raises(
    server: ScriptedServer, control: MesoLiveControlHubClient, status: StatusCode
) -> None:
    server.answers["GetAccount"] = MesoLiveApiResponse[Any](Status=status, Message="it did not work")
    with pytest.raises(MesoLiveApiException) as caught:
        await control.get_account(ACCOUNT)
    assert caught.value.status is status
    assert caught.value.message == "it did not work"
    assert caught.value.method == "GetAccount"
    assert str(caught.value) == f"GetAccount: {status.value}: it did not work"
    server.answers["GetAccount"] = success(Maker(1).make("LiveAccount")[0])
    await control.get_account(ACCOUNT)


async def test_a_status_of_a_newer_server_raises_as_unknown(
    server: ScriptedServer, control: MesoLiveControlHubClient
) -> None:
    server.answers["GetAccount"] = {"Status": "Teapot", "Data": None}
    with pytest.raises(MesoLiveApiException) as caught:
        await control.get_account(ACCOUNT)
    assert caught.value.status is StatusCode.Unknown


async def test_a_duplicate_request_raises_with_the_first_result_as_its_model(
    server: ScriptedServer, control: MesoLiveControlHubClient
) -> None:
    result = models.ApplyPaperFillsResult(ExecPlanId=1, PositionId=2, LiveOrderIds=[3], ExecutionIds=[4])
    server.answers["ApplyPaperFills"] = MesoLiveApiResponse(Status=StatusCode.DuplicateRequest, Data=result)
    with pytest.raises(MesoLiveApiException) as caught:
        await control.apply_paper_fills(FILLS)
    assert caught.value.data == result


async def test_the_exception_states_the_details_in_one_line_for_a_log(
    server: ScriptedServer, control: MesoLiveControlHubClient
) -> None:
    error = MesoLiveApiError(
        Code="E17", Detail="two fields", Provider="Simulated", ValidationErrors={"ExecPlanId": ["is 0", "is odd"]}
    )
    server.answers["ApplyPaperFills"] = MesoLiveApiResponse[Any](
        Status=StatusCode.ValidationError, Message="refused", Error=error
    )
    with pytest.raises(MesoLiveApiException) as caught:
        await control.apply_paper_fills(FILLS)
    assert caught.value.error == error
    assert str(caught.value) == (
        "ApplyPaperFills: ValidationError: refused; two fields; code E17; from Simulated; "
        "ExecPlanId: is 0; ExecPlanId: is odd"
    )


def test_an_exception_with_very_many_problems_shows_the_first_ten() -> None:
    problems = {f"Legs[{number}]": ["is wrong"] for number in range(30)}
    error = MesoLiveApiException(StatusCode.ValidationError, error=MesoLiveApiError(ValidationErrors=problems))
    assert str(error).endswith("Legs[9]: is wrong; and 20 more")


@pytest.mark.parametrize("problems", [{"Limit": ["is 0"]}, {"Limit": ["is 0"], "State": ["is odd", "is new"]}])
def test_a_problem_that_the_servers_sentence_names_is_shown_once(problems: dict[str, list[str]]) -> None:
    more = sum(map(len, problems.values())) - 1
    message = "Limit: is 0" + (f" (and {more} more)" if more else "")
    error = MesoLiveApiException(
        StatusCode.ValidationError, message, MesoLiveApiError(ValidationErrors=problems), method="ListOrders"
    )
    shown = [f"{path}: {text}" for path, texts in problems.items() for text in texts]
    assert str(error) == "; ".join(["ListOrders: ValidationError", *shown])


async def test_a_server_that_is_not_there_is_named_with_its_url_and_the_remedy() -> None:
    with pytest.raises(MesoLiveSignalRError, match=r"http://127\.0\.0\.1:1: .*could not be reached.*MESOLIVE_URL"):
        await MesoLiveControlHubClient("http://127.0.0.1:1", TOKEN).start()


async def test_the_error_of_an_answer_that_does_not_fit_names_its_path(
    server: ScriptedServer, control: MesoLiveControlHubClient
) -> None:
    server.answers["GetAccount"] = {"Status": "Success", "Data": {"BrokerAccountId": 5}}
    with pytest.raises(MesoLiveSignalRError, match=r"GetAccount: the server's answer cannot be read: .*Data\.Currency"):
        await control.get_account(ACCOUNT)


async def test_success_without_data_is_an_error_and_not_none(
    server: ScriptedServer, control: MesoLiveControlHubClient
) -> None:
    server.answers["GetAccount"] = {"Status": "Success"}
    with pytest.raises(MesoLiveSignalRError, match="without data"):
        await control.get_account(ACCOUNT)


async def test_an_unknown_enum_member_in_a_reply_reads_as_unknown(
    server: ScriptedServer, control: MesoLiveControlHubClient
) -> None:
    _, account = Maker(2).make("LiveAccount")
    server.answers["GetAccount"] = {"Status": "Success", "Data": account | {"BrokerType": "Martian"}}
    assert (await control.get_account(ACCOUNT)).BrokerType is models.BrokerType.Unknown


async def test_a_call_without_an_answer_in_time_says_that_its_outcome_is_unknown(
    server: ScriptedServer, control: MesoLiveControlHubClient
) -> None:
    late = asyncio.Event()

    async def stall(_argument: object) -> None:
        await late.wait()

    server.answers["ApplyPaperFills"] = stall
    control.timeout = 0.05
    with pytest.raises(MesoLiveTimeoutError, match="ApplyPaperFills: no answer in time; whether it was carried out"):
        await control.apply_paper_fills(FILLS)
    late.set()
    control.timeout = 30
    server.answers["GetAccount"] = success(Maker(1).make("LiveAccount")[0])
    await control.get_account(ACCOUNT)


async def test_a_hub_error_is_a_signalr_error(server: ScriptedServer, control: MesoLiveControlHubClient) -> None:
    server.answers["GetAccount"] = hub_error("broken")
    with pytest.raises(MesoLiveSignalRError, match=r"GetAccount: .*broken"):
        await control.get_account(ACCOUNT)


async def test_a_value_without_a_form_on_the_wire_is_refused_before_anything_is_sent(
    server: ScriptedServer, control: MesoLiveControlHubClient
) -> None:
    fills = {"put": models.PaperLegFill(Price=Decimal("NaN"))}
    args = models.ApplyPaperFillsArgs(IdempotencyKey="k", BrokerAccountId="A", ExecPlanId=1, PaperLegFills=fills)
    with pytest.raises(EncodeError):
        await control.apply_paper_fills(args)
    assert server.calls == []
    assert control.state is ConnectionState.CONNECTED


async def test_a_call_that_loses_its_connection_raises_and_the_client_comes_back(server: ScriptedServer) -> None:
    back = asyncio.Event()
    called = asyncio.Event()
    end = asyncio.Event()

    async def stall(_argument: object) -> None:
        called.set()
        await end.wait()

    server.answers["GetAccount"] = stall
    async with MesoLiveControlHubClient(server.url, TOKEN) as control:
        control.on_reconnected(lambda _connection_id: back.set())
        call = asyncio.ensure_future(control.get_account(ACCOUNT))
        await called.wait()
        server.cut()
        with pytest.raises(MesoLiveSignalRError):
            await call
        await back.wait()
        end.set()
        server.answers["GetAccount"] = success(Maker(1).make("LiveAccount")[0])
        await control.get_account(ACCOUNT)


async def test_a_wrong_key_is_refused_and_shown_nowhere(
    server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    secret = "not-the-right-key"
    client = MesoLiveControlHubClient(server.url, secret)
    with caplog.at_level(0), pytest.raises(MesoLiveSignalRError, match="refused the API key") as caught:
        await client.start()
    assert caught.value.status is StatusCode.Unauthorized
    shown = f"{caught.value!r} {caught.value} {caught.value.__cause__!r} {client!r} {caplog.text}"
    assert secret not in shown


async def test_no_server_is_a_signalr_error(unused_tcp_port: int) -> None:
    with pytest.raises(MesoLiveSignalRError):
        await MesoLiveControlHubClient(f"http://127.0.0.1:{unused_tcp_port}", TOKEN).start()


async def test_the_environment_gives_url_and_key(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESOLIVE_URL", server.url + "/")
    monkeypatch.setenv("MESOLIVE_API_KEY", TOKEN)
    async with MesoLiveControlHubClient() as control:
        assert control.state is ConnectionState.CONNECTED


async def test_a_client_finds_the_server_where_the_same_settings_start_it(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MESOLIVE_URL", raising=False)
    monkeypatch.setenv("MESOLIVE_HOST", "0.0.0.0")  # noqa: S104 - as a server may be told
    monkeypatch.setenv("MESOLIVE_PORT", server.url.rpartition(":")[2])
    async with MesoLiveControlHubClient(token=TOKEN) as control:
        assert control.state is ConnectionState.CONNECTED
    for wrong in ("many", "0", "70000", "-1"):
        monkeypatch.setenv("MESOLIVE_PORT", wrong)
        with pytest.raises(ValueError, match="MESOLIVE_PORT: expected a port"):
            MesoLiveControlHubClient(token=TOKEN)
    monkeypatch.setenv("MESOLIVE_URL", server.url)
    async with MesoLiveControlHubClient(token=TOKEN):
        pass


async def test_a_token_function_is_asked_when_connecting(server: ScriptedServer) -> None:
    async def token() -> str:
        return TOKEN

    async with MesoLiveControlHubClient(server.url, token):
        assert set(server.tokens) == {TOKEN}


def test_a_client_without_a_key_or_with_a_bad_url_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MESOLIVE_API_KEY", raising=False)
    with pytest.raises(ValueError, match="an API key is needed"):
        MesoLiveControlHubClient("http://127.0.0.1:1")
    monkeypatch.setenv("MESOLIVE_API_KEY", TOKEN)
    with pytest.raises(ValueError, match="an API key is needed"):
        MesoLiveControlHubClient("http://127.0.0.1:1", token="")
    for url in ("127.0.0.1:8700", "ftp://x", "http://", ""):
        with pytest.raises(ValueError, match="expected the server's URL"):
            MesoLiveControlHubClient(url, TOKEN)


POSITION = models.StreamPositionDataArgs(PositionId=1)


async def test_leaving_a_stream_ends_it_on_the_server(server: ScriptedServer, data: MesoLiveDataHubClient) -> None:
    server.items["StreamPositionData"] = [models.PositionDataEntry(), asyncio.Event()]
    async with data.stream_position_data(POSITION) as stream:
        async for item in stream:
            assert item == models.PositionDataEntry()
            break
    assert await server.ended.get() == "StreamPositionData"


async def test_a_stream_that_the_server_ends_with_an_error_raises_with_its_status(
    server: ScriptedServer, data: MesoLiveDataHubClient
) -> None:
    server.items["StreamPositionData"] = [models.PositionDataEntry(), hub_error("NotFound: no position 1")]
    stream = data.stream_position_data(POSITION)
    assert await anext(stream) == models.PositionDataEntry()
    with pytest.raises(MesoLiveSignalRError, match=r"^StreamPositionData: NotFound: no position 1$") as caught:
        await anext(stream)
    assert caught.value.status is StatusCode.NotFound
    assert caught.value.method == "StreamPositionData"


async def test_an_item_that_cannot_be_read_ends_the_stream_with_its_path(
    server: ScriptedServer, data: MesoLiveDataHubClient
) -> None:
    server.items["StreamPositionData"] = [{"PositionPrices": {"Bid": "x"}}, asyncio.Event()]
    with pytest.raises(MesoLiveSignalRError, match=r"PositionPrices\.Bid: expected a decimal number"):
        await anext(data.stream_position_data(POSITION))
    assert await server.ended.get() == "StreamPositionData"


async def test_a_stream_raises_when_its_connection_is_lost(server: ScriptedServer, data: MesoLiveDataHubClient) -> None:
    server.items["StreamPositionData"] = [models.PositionDataEntry(), asyncio.Event()]
    stream = data.stream_position_data(POSITION)
    await anext(stream)
    server.cut()
    with pytest.raises(MesoLiveSignalRError):
        await anext(stream)


async def test_a_slow_reader_gets_the_latest_items_and_the_queue_stays_bounded(
    server: ScriptedServer, data: MesoLiveDataHubClient
) -> None:
    numbers = [
        models.PositionDataEntry(PositionPrices=models.LivePrices(Bid=Decimal(number))) for number in range(1000)
    ]
    server.items["StreamPositionData"] = list(numbers)
    stream = data.stream_position_data(POSITION)
    assert await anext(stream) in numbers
    await server.ended.get()
    server.answers["GetPositionSnapshot"] = success(models.GetPositionSnapshotResult())
    # Its answer comes behind all items, so they have all arrived once it is there.
    await data.get_position_snapshot(models.GetPositionSnapshotArgs(PositionId=1))
    rest = [item async for item in stream]
    assert len(rest) <= 64
    assert rest[-1] == numbers[-1]
    assert stream.dropped == len(numbers) - 1 - len(rest)


async def test_waiting_for_a_job_asks_until_it_is_final() -> None:
    states = [PreparationStatus.Pending, PreparationStatus.Running, PreparationStatus.Completed]
    answers = [job(state) for state in states]
    waits: list[float] = []
    seen: list[PreparationStatus] = []

    async def ask() -> models.GetPreparePositionEntryStatusResult:
        return answers[len(seen)]

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    final = await wait_for_job(ask, sleep=sleep, on_status=lambda answer: seen.append(answer.Status))
    assert final is answers[-1]
    assert seen == states
    assert waits == sorted(waits)
    assert len(waits) == 2


async def test_waiting_for_a_job_ends_after_its_time() -> None:
    async def ask() -> models.GetPreparePositionEntryStatusResult:
        return job(PreparationStatus.Running)

    async def sleep(seconds: float) -> None:
        assert 0 < seconds <= 1

    with pytest.raises(MesoLiveTimeoutError, match="is still Running after 5 s"):
        await wait_for_job(ask, within=5, sleep=sleep)


@pytest.mark.parametrize("status", [StatusCode.Success, StatusCode.DuplicateRequest])
async def test_a_preparation_that_was_started_before_is_reused(
    server: ScriptedServer, control: MesoLiveControlHubClient, status: StatusCode
) -> None:
    started = models.StartPreparationResult(JobId="j-1")
    server.answers["StartPreparePositionEntry"] = MesoLiveApiResponse[Any](Status=status, Data=started)
    server.answers["GetPreparePositionEntryStatus"] = success(job(PreparationStatus.Completed))
    answer = await run_preparation(
        control.start_prepare_position_entry,
        ENTRY,
        control.get_prepare_position_entry_status,
        models.GetPreparePositionEntryStatusArgs,
    )
    assert answer.Status is PreparationStatus.Completed


async def test_a_preparation_that_cannot_be_started_says_why(
    server: ScriptedServer, control: MesoLiveControlHubClient
) -> None:
    server.answers["StartPreparePositionEntry"] = MesoLiveApiResponse[Any](Status=StatusCode.NotFound, Message="no")
    with pytest.raises(MesoLiveApiException) as caught:
        await run_preparation(
            control.start_prepare_position_entry,
            ENTRY,
            control.get_prepare_position_entry_status,
            models.GetPreparePositionEntryStatusArgs,
        )
    assert caught.value.status is StatusCode.NotFound


def job(status: PreparationStatus) -> models.GetPreparePositionEntryStatusResult:
    answer, _ = Maker(30, nulls=True).make("GetPreparePositionEntryStatusResult")
    answer.Status = status
    return answer


def test_every_exception_is_of_one_family() -> None:
    assert issubclass(MesoLiveApiException, MesoLiveError)
    assert issubclass(MesoLiveSignalRError, MesoLiveError)
    assert issubclass(MesoLiveTimeoutError, (MesoLiveSignalRError, TimeoutError))


def test_new_keys_differ_and_keep_their_prefix() -> None:
    keys = {new_idempotency_key("entry") for _ in range(100)}
    assert len(keys) == 100
    assert all(key.startswith("entry-") and UUID(key.removeprefix("entry-")) for key in keys)
    assert UUID(new_idempotency_key())
