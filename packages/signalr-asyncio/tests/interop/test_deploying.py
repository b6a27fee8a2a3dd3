"""The programs of the guide to mounting, stopping and proxies run as they stand there."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect as open_websocket

from signalr_asyncio import HubConnection, WebSockets
from signalr_testkit.serving import serving

GUIDE = Path(__file__).parents[2] / "docs" / "deploying.md"


def load(name: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the module that the guide calls `name`."""
    blocks = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    code = next(block for block in blocks if block.startswith(f"# {name}.py"))
    module = ModuleType(f"guide_{name}")
    # The annotations of hubs are looked up in their module.
    monkeypatch.setitem(__import__("sys").modules, module.__name__, module)
    exec(compile(code, f"{name}.py", "exec"), vars(module))  # noqa: S102 - our own guide
    return module


async def test_a_mounted_hub_sees_what_the_lifespan_left_and_no_path_logs_a_token(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    module = load("mounted", monkeypatch)
    with caplog.at_level(logging.INFO, "uvicorn"):
        async with serving(module.app) as port:
            url = f"http://127.0.0.1:{port}"
            async with HubConnection(f"{url}/hubs/prices?access_token=correct-horse") as connection:
                assert await connection.invoke("Price", "SPX", result_type=float) == 6_800.0
            async with httpx.AsyncClient(timeout=60, base_url=url) as http:
                assert (await http.get("/elsewhere?access_token=correct-horse")).status_code == 404
                assert (await http.get("/hubs/nothing?access_token=correct-horse")).status_code == 404
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("uvicorn")]
    assert any("/elsewhere?access_token=***" in line for line in lines)
    assert not any("correct-horse" in line for line in lines)


async def test_hubs_of_one_server_let_in_whom_they_want(monkeypatch: pytest.MonkeyPatch) -> None:
    module = load("access", monkeypatch)
    async with serving(module.app) as port, httpx.AsyncClient(timeout=60, base_url=f"http://127.0.0.1:{port}") as http:
        assert (await http.post("/hubs/orders/negotiate")).status_code == 401
        granted = {"authorization": "Bearer secret"}
        assert (await http.post("/hubs/orders/negotiate", headers=granted)).status_code == 200
        assert (await http.post("/hubs/status/negotiate")).status_code == 200


async def test_a_raw_connection_echoes(monkeypatch: pytest.MonkeyPatch) -> None:
    module = load("raw", monkeypatch)
    async with serving(module.app) as port, open_websocket(f"ws://127.0.0.1:{port}/echo") as client:
        await client.send("hello")
        assert await client.recv() == "hello"


async def test_a_client_that_skips_negotiation_needs_one_websocket_only(monkeypatch: pytest.MonkeyPatch) -> None:
    module = load("mounted", monkeypatch)
    async with serving(module.app) as port:
        url = f"http://127.0.0.1:{port}/hubs/prices"
        async with HubConnection(url, transports=(WebSockets,), skip_negotiation=True) as connection:
            assert await connection.invoke("Price", "SPX", result_type=float) == 6_800.0
