from __future__ import annotations

from dataclasses import dataclass

import pytest
from msgspec import Struct

from mesolive.records import replace


@dataclass(frozen=True, slots=True)
class Slotted:
    name: str
    qty: int = 0


class Frozen(Struct, frozen=True):
    name: str
    qty: int = 0


@pytest.mark.parametrize("kind", [Slotted, Frozen])
def test_a_copy_has_the_other_values_and_leaves_the_record_as_it_was(kind: type[Slotted | Frozen]) -> None:
    record = kind("a leg", 1)
    assert replace(record, qty=2) == kind("a leg", 2)
    assert record == kind("a leg", 1)


@pytest.mark.parametrize("kind", [Slotted, Frozen])
def test_a_name_that_is_no_field_is_refused(kind: type[Slotted | Frozen]) -> None:
    with pytest.raises(TypeError):
        replace(kind("a leg"), quantity=2)
