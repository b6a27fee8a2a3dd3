"""Every model travels both ways, in both encodings, in the form that the contract gives it."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from mesolive_sdk import models, wire
from mesolive_sdk_testkit.contract import MODELS
from mesolive_sdk_testkit.values import Maker
from signalr_asyncio import HubProtocol
from signalr_asyncio.protocol import Completion, Invocation


def plain(data: bytes) -> Any:
    return json.loads(data, parse_float=Decimal)


@pytest.mark.parametrize("nulls", [False, True], ids=["filled", "nulls"])
@pytest.mark.parametrize("name", MODELS)
def test_a_model_is_written_as_the_contract_says_and_read_back_equal(name: str, *, nulls: bool) -> None:
    value, form = Maker(seed=len(name), nulls=nulls).make(name)
    data = wire.encode_json(value)
    assert plain(data) == form
    assert read_back(data, name) == value


def read_back(data: bytes, name: str) -> Any:
    return wire.decode_json(data, getattr(models, name))


@pytest.mark.parametrize("name", MODELS)
def test_a_nullable_field_that_is_missing_reads_as_null_and_an_unknown_one_is_passed_over(name: str) -> None:
    value, form = Maker(seed=7, nulls=True).make(name)
    short = {key: item for key, item in form.items() if item is not None} | {"FromTheFuture": {"a": [1]}}
    assert read_back(json.dumps(short, default=str).encode(), name) == value


@pytest.mark.parametrize("encoding", ["json", "messagepack"])
@pytest.mark.parametrize("name", MODELS)
def test_a_model_arrives_equal_through_the_hub_protocol(name: str, encoding: wire.Encoding) -> None:
    value, _ = Maker(seed=3).make(name)
    protocol = wire.hub_protocol(encoding)
    (message,) = protocol.parser(None).feed(protocol.encode(Completion("1", value, has_result=True)))
    assert isinstance(message, Completion)
    arrived = wire.decode_reply(message.result.raw, getattr(models, name), encoding)
    if name == "MesoLiveEventEnvelope":
        arrived.Event = value.Event  # it arrives as plain values, which other tests read
    assert arrived == value


@pytest.mark.parametrize("encoding", ["json", "messagepack"])
@pytest.mark.parametrize("name", [name for name in MODELS if name.endswith("Args")])
def test_the_server_reads_the_same_arguments_that_the_client_wrote(name: str, encoding: wire.Encoding) -> None:
    value, _ = Maker(seed=4).make(name)
    assert wire.decode_args(argument(wire.hub_protocol(encoding), value), getattr(models, name)) == value


def argument(protocol: HubProtocol, value: object) -> Any:
    (message,) = protocol.parser(None).feed(protocol.encode(Invocation("M", [value], "1")))
    assert isinstance(message, Invocation)
    return message.arguments[0]


def test_the_envelope_carries_any_result() -> None:
    leg, form = Maker(seed=1).make("LiveLeg")
    error, error_form = Maker(seed=2).make("MesoLiveApiError")
    status = models.StatusCode.DuplicateRequest
    response = models.MesoLiveApiResponse(Status=status, Message="again", Error=error, Data=leg)
    data = wire.encode_json(response)
    assert plain(data) == {"Status": "DuplicateRequest", "Message": "again", "Error": error_form, "Data": form}
    assert wire.decode_json(data, models.MesoLiveApiResponse[models.LiveLeg]) == response
    empty = models.MesoLiveApiResponse[models.LiveLeg](Status=models.StatusCode.NotFound)
    assert plain(wire.encode_json(empty)) == {"Status": "NotFound", "Message": None, "Error": None, "Data": None}


@pytest.mark.parametrize("callback", models.EVENT_MODELS)
def test_a_replayed_event_becomes_its_model_with_its_exact_digits(callback: str) -> None:
    event, _ = Maker(seed=5).make(models.EVENT_MODELS[callback].__name__)
    envelope = models.MesoLiveEventEnvelope(
        EventSeqId=event.EventSeqId,
        EventId=event.EventId,
        EventTime=event.EventTime,
        EventType=callback,
        StrategyId=None,
        Event=event,
    )
    arrived = wire.decode_json(wire.encode_json(envelope), models.MesoLiveEventEnvelope)
    assert wire.decode_event(arrived) == event
    assert wire.decode_event(envelope) is event


def test_an_event_of_an_unknown_type_is_left_as_it_came() -> None:
    envelope, _ = Maker(seed=6).make("MesoLiveEventEnvelope")
    envelope.EventType = "OnSomethingNew"
    assert wire.decode_event(envelope) is None
