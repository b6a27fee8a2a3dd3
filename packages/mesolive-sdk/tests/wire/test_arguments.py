"""A server reads arguments strictly and tells everything that is wrong, each with its path."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesolive_sdk import models, wire
from mesolive_sdk_testkit.contract import MODELS
from mesolive_sdk_testkit.values import Maker
from signalr_asyncio.protocol import Invocation, Payload

ARGS = [name for name in MODELS if name.endswith("Args")]


def payload(argument: str | bytes) -> Payload:
    raw = argument.encode() if isinstance(argument, str) else argument
    (message,) = wire.hub_protocol().parser(None).feed(b'{"type":1,"target":"M","arguments":[' + raw + b"]}\x1e")
    assert isinstance(message, Invocation)
    return message.arguments[0]


def sent(form: bytes, encoding: wire.Encoding) -> Payload:
    """Return an argument as a server gets it."""
    if encoding == "json":
        return payload(form)
    body = msgspec.msgpack.encode([1, {}, None, "M", [msgspec.Raw(form)], []])
    assert 128 <= len(body) < 128 * 128
    length = bytes([len(body) & 0x7F | 0x80, len(body) >> 7])
    (message,) = wire.hub_protocol(encoding).parser(None).feed(length + body)
    assert isinstance(message, Invocation)
    return message.arguments[0]


def problems(argument: object, type_: type[Any]) -> dict[str, list[str]]:
    text = argument if isinstance(argument, str) else json.dumps(argument, default=str)
    with pytest.raises(wire.WireValidationError) as caught:
        wire.decode_args(payload(text), type_)
    return caught.value.problems


def combo() -> dict[str, Any]:
    underlying = {"Symbol": "SPX", "ContractType": "Index", "Currency": "USD"}
    contract = {"ContractType": "Options", "Underlying": underlying, "Strike": 4500, "OptionType": "Put"}
    return {"Combo": [{"Contract": contract, "Ratio": 1}], "Provider": "Simulated"}


def test_a_time_beyond_the_calendar_is_a_problem_of_its_field() -> None:
    fill = {"Price": 1, "FilledAt": "9999-12-31T23:59:59-05:00"}
    argument = {"IdempotencyKey": "k", "BrokerAccountId": "ML1000", "ExecPlanId": 1, "PaperLegFills": {"a": fill}}
    assert list(problems(argument, models.ApplyPaperFillsArgs)) == ["PaperLegFills[a].FilledAt"]


def test_every_problem_names_its_path_and_the_expected_and_actual_value() -> None:
    argument = combo()
    argument["Combo"][0]["Contract"] |= {"Strike": "abc", "OptionType": "Both", "Expiration": "2024-05-17"}
    argument["Combo"][0]["Contract"]["Underlying"] = {"Symbol": 5, "ContractType": "Index"}
    argument["Combo"].append("leg")
    argument |= {"PriceFields": "Bid, Quote", "Provider": None}
    assert problems(argument, models.StreamComboContractsDataArgs) == {
        "Combo[0].Contract.Strike": ['expected a decimal number, got "abc"'],
        "Combo[0].Contract.OptionType": ['expected one of Call, Put, got "Both"'],
        "Combo[0].Contract.Expiration": [
            'expected a time as ISO 8601 with a time zone, such as 2024-05-17T14:30:00Z, got "2024-05-17"'
        ],
        "Combo[0].Contract.Underlying.Symbol": ["expected a string, got 5"],
        "Combo[0].Contract.Underlying.Currency": ["is required, but missing"],
        "Combo[1]": ['expected an object, got "leg"'],
        "PriceFields": ["expected names joined with ', ' out of Bid, Ask, Last, Mark, All, None, got 'Quote'"],
        "Provider": ["expected one of Ibkr, TastyTrade, Simulated, Recorded, got null"],
    }


def test_an_argument_with_integers_for_enums_and_strings_for_decimals_is_read() -> None:
    argument = combo()
    argument |= {"Provider": 2, "PriceFields": 3}
    argument["Combo"][0]["Contract"] |= {
        "OptionType": 1,
        "Strike": "4500.50",
        "Expiration": "2024-05-17T16:00:00-04:00",
    }
    args = wire.decode_args(payload(json.dumps(argument)), models.StreamComboContractsDataArgs)
    contract = args.Combo[0].Contract
    assert args.Provider is models.DataProviderType.Simulated
    assert args.PriceFields == models.LiveQuoteFields.Bid | models.LiveQuoteFields.Ask
    assert contract.OptionType is models.MesoOptionType.Put
    assert str(contract.Strike) == "4500.50"
    assert contract.Expiration is not None
    assert contract.Expiration.isoformat() == "2024-05-17T20:00:00+00:00"


def test_digits_survive_the_tolerant_path() -> None:
    argument = combo() | {"Provider": 2}
    text = json.dumps(argument).replace("4500", "4500.1234567890123456789")
    args = wire.decode_args(payload(text), models.StreamComboContractsDataArgs)
    assert args.Combo[0].Contract.Strike == Decimal("4500.1234567890123456789")


@pytest.mark.parametrize("member", ["Unknown", "unknown", "Amended", 77, -1, True, 2.5, ["Filled"]])
def test_no_client_can_send_unknown_or_a_member_that_does_not_exist(member: object) -> None:
    (text,) = problems({"State": member}, models.ListOrdersArgs)["State"]
    assert text.startswith("expected one of PendingSubmit, Submitted, PartiallyFilled, Filled, PendingCancel")
    assert "Unknown," not in text


@pytest.mark.parametrize("price", ["NaN", "Infinity", "1e400", "-1e30", "1e-40", "0." + "1" * 50])
def test_a_number_beyond_any_price_is_refused(price: str) -> None:
    argument = {
        "IdempotencyKey": "k",
        "BrokerAccountId": "A",
        "ExecPlanId": 1,
        "PaperLegFills": {"put": {"Price": price}},
    }
    (text,) = problems(argument, models.ApplyPaperFillsArgs)["PaperLegFills[put].Price"]
    assert text.startswith("expected a finite number")


@pytest.mark.parametrize("encoding", ["json", "messagepack"])
@pytest.mark.parametrize(
    "price", [" 1", "1 ", "1_0", "\u0663", "1\u0663", "\uff11", "", "-", "1,5", "0x10", "1e", "\t1"]
)
def test_a_decimal_is_written_with_plain_digits(price: str, encoding: wire.Encoding) -> None:
    argument = {
        "IdempotencyKey": "k" * 100,
        "BrokerAccountId": "A",
        "ExecPlanId": 1,
        "PaperLegFills": {"put": {"Price": price}},
    }
    text = json.dumps(argument, ensure_ascii=False).encode()
    escaped = json.dumps(argument).encode()
    forms = [text, escaped] if encoding == "json" else [msgspec.msgpack.encode(argument)]
    for form in forms:
        with pytest.raises(wire.WireValidationError) as caught:
            wire.decode_args(sent(form, encoding), models.ApplyPaperFillsArgs)
        (problem,) = caught.value.problems["PaperLegFills[put].Price"]
        assert problem.startswith("expected a decimal number")


@pytest.mark.parametrize("encoding", ["json", "messagepack"])
@pytest.mark.parametrize("price", ["1", "-0", "1.50", ".5", "5.", "+2", "1e2", "12E-3"])
def test_a_decimal_may_be_a_text(price: str, encoding: wire.Encoding) -> None:
    argument = {
        "IdempotencyKey": "k" * 100,
        "BrokerAccountId": "my account 1_0",
        "ExecPlanId": 1,
        "PaperLegFills": {"put": {"Price": price}},
    }
    form = json.dumps(argument).encode() if encoding == "json" else msgspec.msgpack.encode(argument)
    args = wire.decode_args(sent(form, encoding), models.ApplyPaperFillsArgs)
    assert str(args.PaperLegFills["put"].Price) == str(Decimal(price))


def test_a_json_number_that_no_decimal_can_hold_is_refused() -> None:
    argument: dict[str, Any] = {
        "IdempotencyKey": "k",
        "BrokerAccountId": "A",
        "ExecPlanId": 1,
        "PaperLegFills": {},
        "QtyMultiplier": 7,
    }
    text = json.dumps(argument).replace("7", "1e99999999999999999999")
    (problem,) = problems(text, models.ApplyPaperFillsArgs)["QtyMultiplier"]
    assert problem.startswith("expected a finite number")


@pytest.mark.parametrize("key", ["", "a b", "ü", "a\n", "x" * 129, 5, None])
def test_an_idempotency_key_is_1_to_128_letters_digits_or_some_signs(key: object) -> None:
    (text,) = problems({"IdempotencyKey": key}, models.GetIdempotencyRecordArgs)["IdempotencyKey"]
    assert text.startswith("expected a key of 1 to 128 letters, digits or any of . _ : -")


@given(st.text("abcXYZ019._:-", min_size=1, max_size=128))
def test_a_proper_idempotency_key_is_taken(key: str) -> None:
    argument = payload(json.dumps({"IdempotencyKey": key}))
    assert wire.decode_args(argument, models.GetIdempotencyRecordArgs).IdempotencyKey == key


@pytest.mark.parametrize("limit", [0, 501, -1, "50", 1.5, None])
def test_a_page_has_1_to_500_items(limit: object) -> None:
    (text,) = problems({"Limit": limit}, models.ListAccountsArgs)["Limit"]
    assert text.startswith("expected an integer from 1 to 500, got ")


@pytest.mark.parametrize("number", [-1, 2**63, "7", 1e30])
def test_an_id_fits_63_bits(number: object) -> None:
    assert set(problems({"PositionId": number}, models.GetPositionArgs)) == {"PositionId"}


def test_an_integer_of_five_thousand_digits_is_a_problem_and_no_crash() -> None:
    assert problems('{"PositionId":1' + "0" * 5000 + "}", models.GetPositionArgs)


def test_too_many_ids_and_an_empty_combo_are_refused() -> None:
    assert problems({"LegIds": list(range(10_000))}, models.GetLegsArgs) == {
        "LegIds": ["expected 0 to 1000 items, got 10000"]
    }
    argument = combo()
    argument["Combo"] = []
    assert problems(argument, models.GetComboContractsSnapshotArgs) == {"Combo": ["expected 1 to 100 items, got 0"]}


@pytest.mark.parametrize("argument", ["[]", '"x"', "7", "true"])
def test_an_argument_that_is_no_object_is_a_problem_of_the_whole(argument: str) -> None:
    (text,) = problems(argument, models.GetPositionArgs)["$"]
    assert text.startswith("expected an object, got ")


def test_a_thousand_problems_are_cut_to_a_hundred() -> None:
    result = problems({"LegIds": ["x"] * 1000}, models.GetLegsArgs)
    assert sum(map(len, result.values())) == 100


def test_a_long_wrong_value_is_shown_cut() -> None:
    (text,) = problems({"PositionId": "x" * 10_000}, models.GetPositionArgs)["PositionId"]
    assert len(text) < 150
    (path,) = problems(
        {"IdempotencyKey": "k", "BrokerAccountId": "A", "ExecPlanId": 1, "PaperLegFills": {"n" * 9999: 1}},
        models.ApplyPaperFillsArgs,
    )
    assert len(path) < 100


@pytest.mark.parametrize("depth", [700, 20_000])
def test_a_definition_that_is_nested_too_deeply_is_a_problem_and_no_crash(depth: int) -> None:
    text = '{"ActiveOnAccounts":1,"StrategyDefinition":{"a":' + "[" * depth + "]" * depth + "}}"
    # The interpreter sets the depth: Python 3.13 reads 10,000 levels, earlier ones fewer than 1,000.
    followed = {"ActiveOnAccounts": ["expected a list, got 1"]}
    assert problems(text, models.CreateStrategyArgs) in (
        {"$": ["is nested too deeply"]},
        {"$": ["is malformed: The value is malformed: it is nested too deeply"]},
        *([followed] if depth == 700 else []),
    )


@pytest.mark.parametrize("type_", [models.ListAgentsArgs, models.ListAccountsArgs, models.GetLatestEventSeqIdArgs])
def test_a_method_whose_arguments_all_have_defaults_needs_no_argument(type_: type[msgspec.Struct]) -> None:
    assert wire.decode_args(None, type_) == type_()
    assert wire.decode_args(payload("null"), type_) == type_()


def test_a_method_that_needs_its_argument_says_so() -> None:
    with pytest.raises(wire.WireValidationError, match="expected a GetPositionArgs, got no argument"):
        wire.decode_args(None, models.GetPositionArgs)
    with pytest.raises(wire.WireValidationError, match="expected a GetPositionArgs, got no argument"):
        wire.decode_args(payload("null"), models.GetPositionArgs)


@pytest.mark.parametrize("name", ARGS)
def test_each_required_field_that_is_missing_is_named(name: str) -> None:
    required = {field.name for field in MODELS[name] if field.default is None}
    if required:
        assert problems({}, getattr(models, name)) == {field: ["is required, but missing"] for field in required}


@given(st.sampled_from(ARGS), st.data())
@settings(max_examples=300, deadline=None)
def test_an_argument_damaged_anywhere_is_read_or_refused_with_paths_but_never_crashes(
    name: str, data: st.DataObject
) -> None:
    _, form = Maker(seed=11).make(name)
    junk = st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=5),
        st.just([]),
        st.just({}),
        st.just([{}]),
    )
    for field in data.draw(st.lists(st.sampled_from([*form, "Extra"]), max_size=3)):
        form[field] = data.draw(junk)
    text = msgspec.json.encode(form)
    model = getattr(models, name)
    collected: dict[str, list[str]] = {}
    try:
        outcome = wire.decode_args(payload(text), model)
    except wire.WireValidationError as error:
        outcome, collected = None, error.problems
    assert isinstance(outcome, model) or (collected and all(collected.values()))


@pytest.mark.parametrize("encoding", ["json", "messagepack"])
def test_a_filter_that_a_list_does_not_know_is_refused_with_the_one_that_was_meant(encoding: wire.Encoding) -> None:
    value = {"BrokerAccountID": "SIM1000", "Limit": 5, "Colour": "red", "padding": "x" * 120}
    form = msgspec.json.encode(value) if encoding == "json" else msgspec.msgpack.encode(value)
    with pytest.raises(wire.WireValidationError) as caught:
        wire.decode_args(sent(form, encoding), models.ListOrdersArgs)
    assert caught.value.problems["BrokerAccountID"] == [
        "is not a filter of ListOrdersArgs; did you mean BrokerAccountId?"
    ]
    assert "known are" in caught.value.problems["Colour"][0]
    assert "Limit" not in caught.value.problems


def test_other_arguments_and_all_answers_pass_over_fields_that_they_do_not_know() -> None:
    args = wire.decode_args(payload('{"LiveOrderId": 7, "IdempotencyKey": "k", "New": 1}'), models.CancelOrderArgs)
    assert args.LiveOrderId == 7
    assert wire.decode_json(b'{"Accounts": [], "New": 1}', models.ListAccountsResult).Accounts == []
