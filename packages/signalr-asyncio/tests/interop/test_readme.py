"""The programs of the README run as they stand there."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from signalr_testkit.serving import serving

README = Path(__file__).parents[2] / "README.md"
ADDRESS = "http://127.0.0.1:8000"


def program(name: str) -> str:
    """Return the code block that begins with the comment `# name`."""
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    return next(block for block in blocks if block.startswith(f"# {name}"))


def serve_module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the README's server as the module `server`."""
    module = ModuleType("server")
    # The hub's annotations are looked up in its module.
    monkeypatch.setitem(sys.modules, "server", module)
    exec(compile(program("server.py"), "server.py", "exec"), vars(module))  # noqa: S102 - our own README
    return module


async def test_the_client_of_the_readme_talks_to_the_server_of_the_readme(monkeypatch: pytest.MonkeyPatch) -> None:
    module = serve_module(monkeypatch)
    async with serving(module.app) as port:
        code = program("client.py").replace(ADDRESS, f"http://127.0.0.1:{port}")
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-W", "error", "-c", code, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        out, err = await asyncio.wait_for(process.communicate(), 30)
        await module.app.shutdown()
    assert process.returncode == 0, err.decode()
    lines = out.decode().splitlines()
    assert "sent 5 letters" in lines
    assert [line for line in lines if line.isdigit()] == ["3", "2", "1"]
    assert "on average 21.0" in lines
    assert any(line.endswith(": hello") for line in lines)


async def test_the_test_of_the_readme_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    serve_module(monkeypatch)
    namespace: dict[str, Any] = {}
    exec(compile(program("test_chat.py"), "test_chat.py", "exec"), namespace)  # noqa: S102 - our own README
    await asyncio.wait_for(namespace["test_everybody_in_the_lobby_hears_what_is_said"](), 30)
