"""Settings of connectors: read from texts by their types, with every problem named and no secret repeated."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Literal

import pytest

from mesolive.connectors.settings_model import (
    ConnectorSettings,
    ConnectorSettingsError,
    Field,
    Secret,
    known_fields,
    read_settings,
)

PASSWORD = "correct horse battery staple"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example(ConnectorSettings):
    host: Annotated[str, Field("Where it listens.")] = "127.0.0.1"
    port: Annotated[int, Field("Its port.")]
    paper: Annotated[bool, Field("Whether only paper accounts are expected.")] = True
    password: Annotated[Secret | None, Field("Of the login.")] = None
    margin: Annotated[Decimal, Field("A fraction.")] = Decimal("0.5")
    symbols: Annotated[tuple[str, ...], Field("Underlyings.")] = ("SPX",)
    data: Annotated[Literal["live", "delayed"], Field("Type of data.")] = "live"

    def check(self) -> Mapping[str, str]:
        return {"port": "4001 is the port of live accounts"} if self.paper and self.port == 4001 else {}


def test_texts_are_read_by_the_type_of_their_field() -> None:
    given = {
        "port": "4002",
        "paper": "no",
        "password": PASSWORD,
        "margin": "0.25",
        "symbols": "SPX, XSP",
        "data": "delayed",
    }
    settings = read_settings(Example, given)
    assert settings == Example(
        port=4002,
        paper=False,
        password=Secret(PASSWORD),
        margin=Decimal("0.25"),
        symbols=("SPX", "XSP"),
        data="delayed",
    )
    assert settings.password is not None
    assert settings.password.reveal() == PASSWORD


@pytest.mark.parametrize(
    ("given", "problems"),
    [
        ({}, {"port": "a value is required"}),
        ({"port": "four"}, {"port": "expected a whole number, got 'four'"}),
        ({"port": "1", "margin": "NaN"}, {"margin": "expected a number, got 'NaN'"}),
        ({"port": "1", "paper": "perhaps"}, {"paper": "expected true or false, got 'perhaps'"}),
        ({"port": "1", "data": "free"}, {"data": "expected live or delayed, got 'free'"}),
        ({"port": "4001"}, {"port": "4001 is the port of live accounts"}),
        ({"port": "1", "host": "a\x00b"}, {"host": "expected at most 4096 printable characters"}),
    ],
)
def test_every_problem_is_named_with_what_was_expected(given: Mapping[str, str], problems: Mapping[str, str]) -> None:
    with pytest.raises(ConnectorSettingsError) as caught:
        read_settings(Example, given)
    assert caught.value.problems == problems


def test_an_unknown_setting_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConnectorSettingsError, match=r"prot: there is no such setting; there are: host, port"):
        read_settings(Example, {"prot": "1"})


def test_a_secret_shows_in_no_representation_and_in_no_error() -> None:
    settings = read_settings(Example, {"port": "1", "password": PASSWORD})
    assert PASSWORD not in repr(settings) + str(settings.password) + f"{settings.password!r}"
    with pytest.raises(TypeError):
        pickle.dumps(settings)
    with pytest.raises(ConnectorSettingsError) as caught:
        read_settings(Example, {"password": PASSWORD + "\x00" * 3})
    assert PASSWORD not in str(caught.value)


def test_the_settings_of_a_kind_are_described_by_its_fields() -> None:
    described = {field.name: field for field in known_fields(Example)}
    assert [name for name, field in described.items() if field.secret] == ["password"]
    assert [name for name, field in described.items() if field.required] == ["port"]
    assert described["symbols"].shown_default == "SPX"
    assert described["data"].choices == ("live", "delayed")
