"""Stream items written from a template are the bytes that encoding their fields gives, whatever has no value."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesolive.trading.valuation.engine import Block, Valuation
from mesolive.trading.valuation.json_template import MARK
from mesolive.trading.valuation.subjects import Entry, Segment, Spot, Subject
from mesolive.trading.valuation.wire_items import (
    Build,
    LiveItem,
    combo_fields,
    legs_fields,
    position_fields,
    single_fields,
    templates_of,
    underlying_fields,
)
from mesolive_sdk import models
from signalr_asyncio import EncodeError, JsonHubProtocol

NAN = float("nan")
ONE = (Decimal(1),)
FORMS: dict[str, Callable[[Subject, Valuation], Build]] = {
    "position": lambda subject, found: position_fields(subject, found, 7, 7, 7),
    "prices of a position": lambda subject, found: position_fields(subject, found, 1, 0, 0),
    "legs": lambda subject, found: legs_fields(subject, found, 7),
    "leg": lambda subject, found: single_fields(subject, found, 7, pnl=True),
    "contract": lambda subject, found: single_fields(subject, found, 3, pnl=False),
    "combo": lambda _, found: combo_fields(found, 3),
    "underlying": lambda _, found: underlying_fields(found),
}


def block(source: random.Random, size: int) -> Block:
    def numbers(count: int) -> list[float]:
        return [NAN if source.random() < 0.2 else source.randint(-(10**9), 10**9) / 1e4 for _ in range(count)]

    def ages(count: int) -> list[int | None]:
        return [None if source.random() < 0.2 else source.randint(0, 10**9) for _ in range(count)]

    four = 4 * size
    qualities = None if source.random() < 0.5 else [source.randint(0, 3) for _ in range(size)]
    return Block(size, numbers(four), ages(four), numbers(7 * four), ages(four), numbers(four), ages(four), qualities)


@st.composite
def valuations(draw: Any, subject: Subject) -> Valuation:
    source = random.Random(draw(st.integers()))  # noqa: S311 - numbers of a test
    moment = draw(st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)))  # noqa: DTZ001 - the zone follows
    return Valuation(
        moment.replace(tzinfo=UTC), block(source, len(subject.entries)), block(source, len(subject.segments))
    )


def subject_of(realized: Decimal = Decimal("12.50")) -> Subject:
    legs = tuple(Entry(key, Spot("SPX"), Decimal(1), realized=realized) for key in (7, 8))
    total = Segment((0, 1), ONE * 2, ONE * 2, realized)
    return Subject(entries=legs, total=total, groups={3: Segment((0, 1), ONE * 2, ONE * 2)})


SUBJECT = subject_of()


@pytest.mark.parametrize("form", FORMS)
@given(data=st.data())
def test_the_template_writes_what_the_encoder_writes(form: str, data: st.DataObject) -> None:
    templates = templates_of(SUBJECT, FORMS[form])
    for _ in range(3):
        result = data.draw(valuations(SUBJECT))
        plain = LiveItem(FORMS[form](SUBJECT, result), models.PositionDataEntry)
        # The first item of a kind is written without a template, the next one with it.
        assert [templates.json(result) for _ in range(3)] == [plain.written("json")] * 3


@given(result=valuations(SUBJECT))
def test_a_subject_whose_own_number_looks_like_a_placeholder_is_written_by_the_encoder(result: Valuation) -> None:
    odd = subject_of(realized=Decimal(MARK + 1))
    templates = templates_of(odd, FORMS["position"])
    item = msgspec.json.decode(templates.json(result))
    assert item["LegPnLs"]["7"]["Realized"] == MARK + 1
    plain = LiveItem(FORMS["position"](odd, result), models.PositionDataEntry)
    assert templates.json(result) == plain.written("json")


@given(result=valuations(SUBJECT))
def test_an_amount_that_is_no_number_is_no_json_and_is_not_sent(result: Valuation) -> None:
    odd = subject_of(realized=Decimal("NaN"))
    templates = templates_of(odd, FORMS["position"])
    for write in (None, partial(templates.json, result)):
        item = LiveItem(FORMS["position"](odd, result), models.PositionDataEntry, write)
        for _ in range(3):
            with pytest.raises(EncodeError):
                JsonHubProtocol(decimal_format="number").item_encoder("1")(item)
