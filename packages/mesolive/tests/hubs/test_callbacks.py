"""Every callback of the Event Hub reaches a client over a real socket."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mesolive_sdk import MesoLiveApiException, MesoLiveEventHubClient, models, new_idempotency_key
from mesolive_sdk.models import EVENT_MODELS
from mesolive_testkit.server import ACCOUNT
from mesolive_testkit.signals import Json, short_put, stage

CONNECTION = {"on_reconnecting", "on_reconnected", "on_close", "on_any_event"}
MOVE = "underlying_price > 5050 -- move"
RULES: Json = {
    "Entry": {"VarDefines": {"best": "0"}},
    "Exit": {"Conditions": ["underlying_price > 5050"]},
    "Adjustment": {
        "ConditionalAdjustments": {
            MOVE: {"MoveLegAdjustment": {"LegName": "p", "StrikeSelector": {"StrikePrice": "4700"}}},
            "underlying_price > 5050 -- set": {"UpdateVarsAdjustment": {"VarDefines": {"best": "1"}}},
            "underlying_price > 5050 -- cannot": {
                "UpdateVarsAdjustment": {"VarDefines": {"best": "underlying_iv_rank"}}
            },
        }
    },
}
NOTHING_FITS: Json = {"Expirations": [{"Name": "e", "DTE": 900, "Min": 900}], "Legs": short_put()["Structure"]["Legs"]}


async def test_every_callback_is_received(tmp_path: Path) -> None:
    received: dict[str, models.MesoLiveEvent] = {}
    complete = asyncio.Event()
    async with stage(tmp_path) as play:
        client = MesoLiveEventHubClient(play.kit.url, play.kit.token)
        registers = {name for name in dir(client) if name.startswith("on_")} - CONNECTION
        assert len(registers) == len(EVENT_MODELS)

        def note(name: str) -> Any:
            def handler(event: models.MesoLiveEvent) -> None:
                received[name] = event
                if received.keys() == registers:
                    complete.set()

            return handler

        for name in registers:
            getattr(client, name)(note(name))
        await play.kit.stack.enter_async_context(client)
        strategy = await play.strategy(short_put(**RULES))
        barren = await play.strategy(
            short_put(Structure=NOTHING_FITS, Entry={"Conditions": ["underlying_iv_rank > 1"]})
        )
        await client.subscribe_to_strategies(models.SubscribeToStrategiesArgs(Strategies=None))

        await play.evaluate()  # an entry signal, an error
        position_id = (await play.kit.enter(strategy.Id)).PositionId
        planned = await play.kit.prepare_entry(strategy.Id, name="is refused")
        assert planned.Result is not None
        await play.kit.prepare_entry(barren.Id)
        play.market.move(5100)
        await play.evaluate()  # exit and adjustment signals, variables set and not set
        await play.prepare_adjustment(position_id, MOVE, models.PositionAdjustmentOperation.AddLegs)
        await play.prepare_adjustment(position_id, MOVE, models.PositionAdjustmentOperation.MoveLeg)
        await play.kit.control.start_prepare_position_exit(
            models.PreparePositionExitArgs(
                IdempotencyKey=new_idempotency_key(),
                PositionId=position_id,
                DataProvider=models.DataProviderType.Ibkr,
            )
        )
        await play.kit.leave(position_id)
        await play.kit.control.create_api_key(models.CreateApiKeyArgs(Label="a test of keys"))
        await play.kit.control.halt_trading(
            models.HaltTradingArgs(IdempotencyKey=new_idempotency_key(), Reason="a test of halts")
        )
        await play.kit.control.create_account(
            models.CreateAccountArgs(
                BrokerAccountId="SIMHALTED", BrokerType=models.BrokerType.Simulated, Cash=Decimal(1000)
            )
        )
        with pytest.raises(MesoLiveApiException):
            await play.kit.control.send_order(
                models.SendOrderArgs(
                    IdempotencyKey=new_idempotency_key(),
                    BrokerAccountId="SIMHALTED",
                    ExecPlanId=planned.Result.ExecPlanId,
                    LegGroupId=0,
                    LegGroupOrder=models.LegGroupOrder(
                        LegNames=["p"], OrderType=models.OrderType.Market, TimeInForce=models.TimeInForce.Day
                    ),
                )
            )
        await play.kit.application.market.providers[models.DataProviderType.Simulated].stop()
        await play.kit.advance(30)
        try:
            async with asyncio.timeout(60):
                await complete.wait()
        except TimeoutError:
            pass
        assert registers - received.keys() == set()
    signal = received["on_entry_signal"]
    assert isinstance(signal, models.EntrySignalEvent)
    assert signal.BrokerAccountId == ACCOUNT
