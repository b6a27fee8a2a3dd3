"""Settings come from the command line, else the environment, else their defaults, and never show a secret."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from mesolive.cli.serve import serve
from mesolive.settings import (
    PROVIDERS,
    Settings,
    SettingsError,
    client_url,
    from_environment,
    known_settings,
    redacted_url,
    settings_table,
)
from mesolive_sdk.models import DataProviderType
from mesolive_testkit.paths import DOCS


def test_what_is_given_wins_over_the_environment_and_that_over_the_default() -> None:
    environ = {
        "MESOLIVE_MARKET": "simulated",
        "MESOLIVE_PORT": "9000",
        "MESOLIVE_SPEED": "2.5",
        "MESOLIVE_START": "2026-01-05T10:00:00-05:00",
    }
    settings = from_environment({"port": 9100, "speed": None}, environ)
    assert (settings.port, settings.speed, settings.host) == (9100, 2.5, "127.0.0.1")
    assert settings.start == datetime(2026, 1, 5, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"MESOLIVE_PORT": "many"}, "MESOLIVE_PORT"),
        ({"MESOLIVE_PORT": "70000"}, "port"),
        ({"MESOLIVE_SPEED": "fast"}, "MESOLIVE_SPEED"),
        ({"MESOLIVE_SPEED": "-1"}, "speed"),
        ({"MESOLIVE_SPEED": "nan"}, "speed"),
        ({"MESOLIVE_SPEED": "inf"}, "speed"),
        ({"MESOLIVE_SEED": "--7"}, "MESOLIVE_SEED"),
        ({"MESOLIVE_SEED": "²"}, "MESOLIVE_SEED"),
        ({"MESOLIVE_START": "yesterday"}, "start"),
        ({"MESOLIVE_MARKET": "real"}, "MESOLIVE_MARKET"),
        ({"MESOLIVE_INSECURE": "perhaps"}, "MESOLIVE_INSECURE"),
        ({"MESOLIVE_CHAIN": "no-such-file.csv"}, "chain"),
        ({"MESOLIVE_MARKET": "recorded"}, "chain"),
        ({"MESOLIVE_SPEED": "60"}, "market"),
        ({"MESOLIVE_QUOTES_FROM": "SPX=Nobody"}, "quotes_from"),
        ({"MESOLIVE_TLS_KEY": "key.pem"}, "tls"),
        ({"MESOLIVE_DATA_DIR": __file__}, "data_dir"),
        ({"MESOLIVE_KEEP_EVENTS_DAYS": "-1"}, "keep_events_days"),
        ({"MESOLIVE_KEEP_JOBS_DAYS": "a year"}, "MESOLIVE_KEEP_JOBS_DAYS"),
        ({"MESOLIVE_KEEP_RECORDS_DAYS": "29"}, "keep_records_days"),
        ({"MESOLIVE_MAX_STRATEGIES": "0"}, "max_strategies"),
        ({"MESOLIVE_MAX_CONNECTIONS": "-1"}, "max_connections"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(environ: dict[str, str], name: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name}"):
        from_environment({}, environ)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "example.com"])  # noqa: S104 - this is refused
def test_an_address_that_others_reach_needs_tls_or_the_insecure_option(host: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="host"):
        from_environment({"host": host}, {})
    assert from_environment({"host": host, "insecure": True}, {}).host == host
    for name in ("certificate.pem", "key.pem"):
        (tmp_path / name).touch()
    with_tls = {"host": host, "tls_certificate": tmp_path / "certificate.pem", "tls_key": tmp_path / "key.pem"}
    assert from_environment(with_tls, {}).tls


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "localhost", "::1"])
def test_loopback_addresses_need_nothing(host: str) -> None:
    assert from_environment({"host": host}, {}).host == host


def test_no_representation_shows_a_secret() -> None:
    settings = Settings(secret_key="do-not-tell", database="postgresql://me:hush@db/mesolive")
    assert "do-not-tell" not in repr(settings)
    assert "hush" not in repr(settings)
    assert redacted_url("postgresql://me:hush@db/x") == "postgresql://me:***@db/x"
    assert redacted_url("sqlite:///a/b.sqlite3") == "sqlite:///a/b.sqlite3"


def test_retention_without_end_can_be_set() -> None:
    environ = {f"MESOLIVE_KEEP_{what}_DAYS": "0" for what in ("EVENTS", "JOBS", "RECORDS")}
    settings = from_environment({}, environ)
    assert (settings.keep_events_days, settings.keep_jobs_days, settings.keep_records_days) == (0, 0, 0)
    assert (Settings().keep_events_days, Settings().keep_jobs_days, Settings().keep_records_days) == (400, 90, 90)


def test_the_page_on_operations_has_the_table_of_all_settings() -> None:
    page = (DOCS / "operations.md").read_text()
    shown = page.partition("<!-- settings -->\n")[2].partition("<!-- /settings -->")[0]
    assert shown == settings_table()


def test_serve_has_an_option_for_each_setting_that_is_no_secret() -> None:
    command = typer.main.get_command(_alone())
    options = {option for parameter in command.params for option in parameter.opts}
    assert options >= {known.option for known in known_settings() if known.described.flag}
    assert "--secret-key" not in options


@pytest.mark.parametrize(
    ("option", "says"),
    [
        (["--market", "real"], "expected simulated or recorded, got 'real'"),
        (["--start", "yesterday"], "expected a moment such as"),
        (["--port", "many"], "expected a whole number, got 'many'"),
    ],
)
def test_an_option_that_cannot_be_read_is_named_with_what_was_expected(option: list[str], says: str) -> None:
    ended = CliRunner().invoke(_alone(), option, env={"TERM": "dumb", "COLUMNS": "200"})
    assert ended.exit_code == 2
    assert option[0] in ended.output
    assert says in ended.output


def _alone() -> typer.Typer:
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command("serve")(serve)
    return app


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({}, "http://127.0.0.1:8700"),
        ({"MESOLIVE_PORT": "9123"}, "http://127.0.0.1:9123"),
        ({"MESOLIVE_HOST": "0.0.0.0", "MESOLIVE_TLS_CERTIFICATE": "a.pem"}, "https://127.0.0.1:8700"),  # noqa: S104
        ({"MESOLIVE_HOST": "::1"}, "http://[::1]:8700"),
    ],
)
def test_commands_look_for_the_server_where_the_same_settings_start_it(environ: dict[str, str], url: str) -> None:
    assert client_url(environ) == url


def test_the_providers_of_quotes_are_those_of_the_wire() -> None:
    assert set(PROVIDERS) == {kind.name for kind in DataProviderType} - {"Unknown"}
    settings = from_environment({}, {"MESOLIVE_QUOTES_FROM": "SPX=Ibkr, spy=tastytrade"})
    assert settings.preferred_providers() == {"SPX": "Ibkr", "SPY": "TastyTrade"}
