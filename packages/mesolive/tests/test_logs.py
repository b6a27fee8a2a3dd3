"""What is logged tells what happened, in one form, and keeps secrets."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
from collections.abc import MutableMapping
from typing import Any

import pytest
import structlog
import websockets
from hypothesis import given
from hypothesis import strategies as st

from mesolive.logs import HIDDEN, OncePerMinute, add_call_fields, hidden_texts, hide_secrets
from mesolive.settings import SettingsError, from_environment
from mesolive_sdk import MesoLiveApiException
from mesolive_testkit.server import Kit

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJqdGkiOiJrZXktMSJ9.c2lnbmF0dXJlLXRoYXQtb3BlbnMtdGhlLWRvb3I"

PROGRAM = """
import logging, sys
import structlog
from mesolive.logs import configure_logs
configure_logs(style=sys.argv[1])
token = sys.argv[2]
def work(token):
    raise ValueError("no such thing: wss://host/hubs/event/v1?id=1&access_token=" + token)
structlog.contextvars.bind_contextvars(method="GetOrder")
try:
    work(token)
except ValueError:
    structlog.get_logger("x").exception("work_failed", position_id=7, tried=["Bearer " + token])
logging.getLogger("some.library").warning("GET /hubs/data/v1?access_token=%s failed", token)
logging.getLogger("some.library").info("of no interest")
"""


def logged(style: str) -> str:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, style, TOKEN], capture_output=True, text=True, check=True, timeout=60
    )
    return ended.stderr


def test_every_line_is_json_for_programs_that_of_libraries_too_and_without_any_secret() -> None:
    written = logged("auto")
    ours, theirs = (json.loads(line) for line in written.splitlines())
    assert (ours["event"], ours["position_id"], ours["level"], ours["method"]) == (
        "work_failed",
        7,
        "error",
        "GetOrder",
    )
    assert ours["exception"][0]["exc_type"] == "ValueError"
    assert ours["exception"][0]["frames"][-1]["name"] == "work"
    assert (theirs["level"], theirs["logger"]) == ("warning", "some.library")
    assert theirs["event"] == f"GET /hubs/data/v1?access_token={HIDDEN} failed"
    assert TOKEN[-20:] not in written
    assert "of no interest" not in written


def test_for_people_it_is_text_and_keeps_the_same_secrets() -> None:
    written = logged("console")
    assert "work_failed" in written
    assert "ValueError" in written
    assert HIDDEN in written
    assert TOKEN[-20:] not in written


@given(
    before=st.text(alphabet=" /?&=:'\"", max_size=5),
    form=st.sampled_from(["access_token={}", "Authorization: Bearer {}", "{}", "wss://h/x?id=1&access_token={}&y=2"]),
    depth=st.integers(0, 4),
)
def test_a_key_is_hidden_anywhere_in_a_log_line(before: str, form: str, depth: int) -> None:
    value: Any = before + form.format(TOKEN)
    for _ in range(depth):
        value = {"inside": [value]}
    assert "c2lnbmF0dXJl" not in repr(hide_secrets(None, "info", {"event": "x", "value": value}))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://trader:pa55word@host/books", f"postgresql://trader:{HIDDEN}@host/books"),
        ("https://host:8700/hubs", "https://host:8700/hubs"),
        ("an order of 10:30, at 5.05", "an order of 10:30, at 5.05"),
    ],
)
def test_passwords_go_and_everything_else_stays(text: str, shown: str) -> None:
    assert hide_secrets(None, "info", {"event": text})["event"] == shown


async def test_what_a_call_makes_the_server_log_names_the_caller(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(type(kit.application.accounts), "list", broken)
    entries: list[MutableMapping[str, Any]] = []

    def keep(_logger: object, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        entries.append(dict(entry))
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(processors=[add_call_fields, keep])
    try:
        with pytest.raises(MesoLiveApiException) as failed:
            await kit.control.list_accounts()
    finally:
        structlog.configure(**before)
    (entry,) = [entry for entry in entries if entry["event"] == "hub_method_failed"]
    assert entry["method"] == "ListAccounts"
    assert entry["reference"] in failed.value.message
    assert entry.keys() >= {"user_id", "key_id", "connection"}
    assert kit.token not in repr(entry)


async def test_at_debug_every_call_is_a_line_and_otherwise_none(kit: Kit, caplog: pytest.LogCaptureFixture) -> None:
    await kit.control.list_accounts()
    assert [record for record in caplog.records if record.name == "mesolive.calls"] == []
    with caplog.at_level(logging.DEBUG, "mesolive"):
        await kit.control.list_accounts()
    (record,) = [record for record in caplog.records if record.name == "mesolive.calls"]
    assert record.getMessage().startswith("Success in ")


def test_the_form_of_logs_is_a_setting_that_is_checked() -> None:
    assert from_environment({}, {"MESOLIVE_LOG_FORMAT": "json", "MESOLIVE_LOG_LEVEL": "debug"}).log_level == "debug"
    with pytest.raises(SettingsError, match="MESOLIVE_LOG_LEVEL: expected debug or info or warning or error"):
        from_environment({}, {"MESOLIVE_LOG_LEVEL": "loud"})


def test_a_line_that_clients_cause_is_written_once_a_minute_with_the_number_of_the_others() -> None:
    seconds = [0.0]
    once = OncePerMinute(lambda: seconds[0])

    def line(name: str, text: str, *values: object) -> str | None:
        record = logging.LogRecord(name, logging.WARNING, __file__, 1, text, values, None)
        return record.getMessage() if once.filter(record) else None

    lines = [line("uvicorn.error", "invalid request of %s", number) for number in range(1000)]
    assert [text for text in lines if text is not None] == ["invalid request of 0"]
    assert line("uvicorn.error", "another text") == "another text"
    assert line("mesolive.calls", "ours") == line("mesolive.calls", "ours") == "ours"
    seconds[0] = 60.0
    assert line("uvicorn.error", "invalid request of %s", 7) == (
        "invalid request of 7 (and 999 more since the last such line)"
    )


async def test_text_that_is_no_utf8_costs_its_connection_and_one_line_without_a_traceback(kit: Kit) -> None:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    handler.addFilter(OncePerMinute())
    logger = logging.getLogger("uvicorn.error")
    logger.addHandler(handler)
    try:
        for _ in range(3):
            address = f"{kit.url.replace('http', 'ws', 1)}/hubs/data/v1"
            headers = {"Authorization": f"Bearer {kit.token}"}
            async with websockets.connect(address, additional_headers=headers) as peer:
                await peer.send(b"\xff\xfe", text=True)
                with pytest.raises(websockets.ConnectionClosedError):
                    await peer.recv()
                assert peer.close_code == 1007
    finally:
        logger.removeHandler(handler)
    lines = [line for line in written.getvalue().splitlines() if not line.startswith("INFO")]
    assert lines == ["WARNING Invalid UTF-8 sequence received from client."]


def test_an_error_with_its_trace_is_always_written() -> None:
    once = OncePerMinute(lambda: 0.0)
    trace = (ValueError, ValueError(), None)
    record = logging.LogRecord("uvicorn.error", logging.ERROR, __file__, 1, "exception in the application", (), trace)
    assert [once.filter(record) for _ in range(2)] == [True, True]


def shown(text: str) -> str:
    return str(hide_secrets(None, "info", {"event": text})["event"])


def test_known_secrets_are_hidden_whole_the_longer_of_two_first_and_as_often_as_they_are_used() -> None:
    with hidden_texts(["long-password", "long-password-of-two"]):
        with hidden_texts(["long-password"]):
            assert shown("tried long-password-of-two, long-password") == f"tried {HIDDEN}, {HIDDEN}"
        assert shown("tried long-password") == f"tried {HIDDEN}"
    assert shown("tried long-password") == "tried long-password"


def test_a_short_secret_does_not_hide_ordinary_words() -> None:
    with hidden_texts(["server", "refused"]):
        assert shown("the server refused") == "the server refused"


def test_thousands_of_secrets_leave_room_for_another() -> None:
    with hidden_texts([f"password-{number:05}" for number in range(3000)]), hidden_texts(["the-one-more"]):
        assert shown("the-one-more and password-02999") == f"{HIDDEN} and {HIDDEN}"
