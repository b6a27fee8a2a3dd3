"""What a tired or hostile user types is answered with one clear line, never with a traceback."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from mesolive.access.context import UserContext
from mesolive.clock import WallClock
from mesolive.errors import ServiceError
from mesolive.settings import Settings, SettingsError, check_certificate, parse_moment
from mesolive.store.database import Database
from mesolive.trading.portfolio.accounts import create_paper_account

MESOLIVE = Path(sys.executable).parent / "mesolive"


@pytest.mark.parametrize("speed", [float("nan"), float("inf"), 1e300, 0.0, -1.0])
def test_a_speed_that_no_clock_can_run_at_is_refused(speed: float) -> None:
    with pytest.raises(SettingsError, match=r"^speed: expected a number greater than 0, up to 1,000,000, got"):
        Settings(speed=speed).check()


@pytest.mark.parametrize("start", ["0001-01-01T00:00:00Z", "1950-01-01", "2060-01-01", "9999-12-31T23:59:59Z"])
def test_a_start_outside_of_the_calendar_is_refused(start: str) -> None:
    with pytest.raises(SettingsError, match=r"^start: expected a moment from 1992-01-01 to 2055-01-01"):
        Settings(start=parse_moment(start)).check()


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"^seed: expected a whole number of 0 or more, got -5"):
        Settings(seed=-5).check()


def test_files_that_are_no_certificate_and_key_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "some.pem"
    file.write_text("not a certificate")
    with pytest.raises(SettingsError, match=r"^tls: .*some\.pem cannot be used: expected PEM files"):
        check_certificate(file, file)


def test_an_error_shows_what_was_typed_whatever_was_typed(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'x.sqlite3'}"
    ended = subprocess.run(
        [MESOLIVE, "apikey", "revoke", "[/bold]x[red]", "--database", database],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr == "mesolive: API key '[/bold]x[red]' was not found\n"


@pytest.mark.parametrize("cash", ["1e400", "nan", "sNaN", "-Infinity", "0", "0.001", "1000000000001"])
async def test_an_account_cannot_start_with_an_impossible_amount(tmp_path: Path, cash: str) -> None:
    database = await Database.open(f"sqlite:///{tmp_path / 'x.sqlite3'}")
    try:
        with pytest.raises(ServiceError, match=r"Cash: expected an amount greater than 0, up to 1,000,000,000,000,"):
            await create_paper_account(database, WallClock(), UserContext(1, "ann", "k"), "ML1000", Decimal(cash))
    finally:
        await database.close()
