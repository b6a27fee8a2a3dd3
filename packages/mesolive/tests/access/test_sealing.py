"""Secrets at rest: they open only where they were stored, with the key that sealed them or the one before."""

from __future__ import annotations

import pytest

from mesolive.access.sealing import SealedSecretError, Sealing
from mesolive.access.secret import ServerSecret

OLD, NEW = ServerSecret("o" * 40), ServerSecret("n" * 40)
PASSWORD = "correct horse battery staple"


def test_a_sealed_secret_opens_where_it_was_stored_and_shows_nothing() -> None:
    sealing = Sealing(NEW)
    sealed = sealing.seal("connection 1: password", PASSWORD)
    assert PASSWORD not in sealed
    assert sealing.open("connection 1: password", sealed) == PASSWORD
    assert sealed != sealing.seal("connection 1: password", PASSWORD)


def test_a_sealed_secret_that_was_copied_to_another_place_does_not_open() -> None:
    sealing = Sealing(NEW)
    sealed = sealing.seal("connection 1: password", PASSWORD)
    with pytest.raises(SealedSecretError, match="belongs elsewhere"):
        sealing.open("connection 2: password", sealed)


@pytest.mark.parametrize(("stored", "added"), [(-6, "AAAA=="), (40, ""), (None, "%")])
def test_a_sealed_secret_that_was_changed_does_not_open(stored: int | None, added: str) -> None:
    sealing = Sealing(NEW)
    with pytest.raises(SealedSecretError):
        sealing.open("here", sealing.seal("here", PASSWORD)[:stored] + added)


def test_after_a_rotation_the_previous_key_opens_and_the_current_one_seals() -> None:
    before = Sealing(OLD).seal("here", PASSWORD)
    rotated = Sealing(NEW, OLD)
    assert not rotated.is_current(before)
    again = rotated.seal("here", rotated.open("here", before))
    assert rotated.is_current(again)
    assert Sealing(NEW).open("here", again) == PASSWORD
    with pytest.raises(SealedSecretError, match="another server secret"):
        Sealing(NEW).open("here", before)
