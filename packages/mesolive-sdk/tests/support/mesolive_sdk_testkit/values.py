"""Values of the contract's types, each together with the JSON that must stand for it."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from mesolive_sdk import models
from mesolive_sdk_testkit.contract import ENUMS, FLAGS, MODELS


def member(enum: str, name: str) -> Any:
    """Return an enum's member by its wire name."""
    return getattr(getattr(models, enum), "None_" if name == "None" else name)


class Maker:
    """Makes pairs of a value and its JSON (numbers as int or `Decimal`).

    Parameters
    ----------
    seed
        The same seed makes the same values.
    nulls
        Whether nullable fields are null, or all are filled.
    """

    def __init__(self, seed: int, *, nulls: bool = False) -> None:
        self._random = random.Random(seed)  # noqa: S311 - test values
        self._nulls = nulls

    def make(self, spelled: str) -> tuple[Any, Any]:
        """Return a value of a type as the table spells it, and its JSON."""
        if spelled in MODELS:
            return self._model(spelled)
        if spelled in ENUMS:
            name = self._random.choice(ENUMS[spelled])
            return member(spelled, name), name
        if spelled in FLAGS:
            name = self._random.choice(list(FLAGS[spelled]))
            return member(spelled, name), name
        if spelled.endswith("?"):
            return (None, None) if self._nulls else self.make(spelled[:-1])
        if spelled.startswith("list["):
            pairs = [self.make(spelled[5:-1]) for _ in range(2)]
            return [value for value, _ in pairs], [plain for _, plain in pairs]
        if spelled.startswith("dict["):
            key_type, _, value_type = spelled[5:-1].partition(", ")
            keys = [self.make(key_type)[0] for _ in range(2)]
            pairs = {key: self.make(value_type) for key in keys}
            return {key: pair[0] for key, pair in pairs.items()}, {str(key): pair[1] for key, pair in pairs.items()}
        makers: dict[str, Callable[[], tuple[Any, Any]]] = {
            "str": self._text,
            "int": self._integer,
            "bool": lambda: (False, False),
            "Decimal": self._decimal,
            "datetime": self._time,
            "UUID": self._uuid,
            "JSON": lambda: ({"Name": "x", "Legs": [1, None, True]}, {"Name": "x", "Legs": [1, None, True]}),
        }
        return makers[spelled]()

    def _model(self, name: str) -> tuple[Any, Any]:
        values: dict[str, Any] = {}
        plain: dict[str, Any] = {}
        for field in MODELS[name]:
            value, form = (None, None) if field.nullable and self._nulls else self.make(field.type)
            values[field.name], plain[field.name] = value, form
        return getattr(models, name)(**values), plain

    def _text(self) -> tuple[str, str]:
        # Fits idempotency keys too, which are the only strings with rules.
        text = f"t-{self._random.randrange(10**6)}"
        return text, text

    def _integer(self) -> tuple[int, int]:
        number = self._random.randrange(3, 400)  # within the bounds of every count and page
        return number, number

    def _decimal(self) -> tuple[Decimal, Decimal]:
        number = Decimal(self._random.randrange(-(10**20), 10**20)).scaleb(-self._random.randrange(19))
        return number, number

    def _time(self) -> tuple[datetime, str]:
        time = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=self._random.randrange(10**8), microseconds=250)
        return time, time.strftime("%Y-%m-%dT%H:%M:%S.000250Z")

    def _uuid(self) -> tuple[UUID, str]:
        number = UUID(int=self._random.getrandbits(128))
        return number, str(number)
