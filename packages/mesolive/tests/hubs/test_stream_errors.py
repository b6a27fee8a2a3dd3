"""A stream that fails says so in the words of the contract: the status, a colon, the reason."""

from __future__ import annotations

import pytest

from mesolive_sdk import models
from mesolive_sdk.wire import hub_protocol
from mesolive_testkit.server import Kit
from signalr_asyncio import HubError
from signalr_asyncio.client import HubConnection


@pytest.mark.parametrize(
    ("method", "argument", "text"),
    [
        ("StreamPositionData", {"PositionId": 99}, "NotFound: position 99 was not found"),
        ("StreamPositionData", {}, "ValidationError: "),
        ("StreamLegData", {"LegId": 12}, "NotFound: leg 12"),
        (
            "StreamUnderlyingData",
            {"Underlying": {"Symbol": "ZZZ", "ContractType": "Index", "Currency": "USD"}, "Provider": "Simulated"},
            "NotFound: ",
        ),
    ],
)
async def test_the_text_begins_with_the_status_and_a_colon(
    kit: Kit, method: str, argument: dict[str, object], text: str
) -> None:
    connection = HubConnection(f"{kit.url}/hubs/data/v1", token=kit.token, protocol=hub_protocol())
    async with connection:
        with pytest.raises(HubError) as caught:
            await anext(aiter(connection.stream(method, argument, item_type=object)))
        assert str(caught.value).startswith(text)
        answer = await connection.invoke(
            "GetUnderlyingSnapshot",
            {"Underlying": {"Symbol": "SPX", "ContractType": "Index", "Currency": "USD"}, "Provider": "Simulated"},
            result_type=models.MesoLiveApiResponse[models.GetUnderlyingSnapshotResult],
        )
        assert answer.Status is models.StatusCode.Success, "the connection goes on"
