"""The search for secrets in logs finds them, whoever writes them and at whatever level."""

from __future__ import annotations

import logging

import pytest
import structlog

from mesolive_testkit.tastytrade.rest import REFRESH, SECRET
from mesolive_testkit.tastytrade.secrets_in_logs import recorded_secrets


@pytest.mark.parametrize("secret", [SECRET, REFRESH, "Bearer access-1", "quote.abcdefghijklmnopqrstuvwx"])
def test_a_secret_in_any_log_is_found(secret: str) -> None:
    with recorded_secrets() as recorder:
        logging.getLogger("websockets.client").debug("> TEXT %r", secret)
        logging.getLogger("httpcore.connection").debug("headers %s", {"Authorization": secret})
        structlog.get_logger("mesolive").debug("connected", token=secret)
        try:
            raise ValueError(secret)
        except ValueError:
            logging.getLogger("mesolive").exception("it failed")
    assert len(recorder.findings) == 4


def test_names_of_paths_and_settings_are_no_secrets() -> None:
    with recorded_secrets() as recorder:
        logging.getLogger("httpx").info("HTTP Request: GET http://127.0.0.1:1/api-quote-tokens")
        logging.getLogger("mesolive").info("refresh_token and client_secret were given")
    assert recorder.findings == []
    assert recorder.lines == 2
