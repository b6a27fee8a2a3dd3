"""Who has a key gets in, who has none is answered 401, and no key is ever written down."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

MESOLIVE = Path(sys.executable).parent / "mesolive"
HUBS = ("control", "data", "event")


@dataclass
class Served:
    """A server in a process of its own; `written` is all that it wrote, once it has ended."""

    url: str
    written: list[str] = field(default_factory=list[str])


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("MESOLIVE_")}


def token_from_the_command_line(cwd: Path) -> str:
    made = subprocess.run(
        [MESOLIVE, "apikey", "create", "--user", "ann"],
        cwd=cwd,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return made.stdout.strip()


@contextmanager
def server(cwd: Path) -> Generator[Served]:
    process = subprocess.Popen(
        [MESOLIVE, "serve", "--port", "0"],
        cwd=cwd,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    before: list[str] = []
    try:
        for line in process.stdout:
            before.append(line)
            if match := re.search(r"listening on\s+(http://\S+)", line):
                served = Served(match[1])
                break
        else:
            pytest.fail(f"the server did not start: {before}")
        yield served
        process.send_signal(signal.SIGTERM)
        rest, _ = process.communicate(timeout=60)
        served.written += [*before, rest]
    finally:
        process.kill()
        process.communicate()


def upgraded(url: str, headers: dict[str, str]) -> int:
    """Return with what status a WebSocket is answered: 101 is opened."""
    try:
        with connect(url, additional_headers=headers):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


def test_keys_open_the_hubs_by_header_and_by_query_and_are_written_nowhere(tmp_path: Path) -> None:
    token = token_from_the_command_line(tmp_path)
    assert token.count(".") == 2
    forged = token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBB")
    with server(tmp_path) as served:
        for name in HUBS:
            hub = f"/hubs/{name}/v1"
            socket = served.url.replace("http", "ws") + hub
            for key, lets_in in ((token, True), (forged, False)):
                header = {"Authorization": f"Bearer {key}"}
                query = f"negotiateVersion=1&access_token={key}"
                for url, headers in ((f"{hub}/negotiate", header), (f"{hub}/negotiate?{query}", {})):
                    answer = httpx.post(served.url + url, headers=headers, timeout=60)
                    assert answer.status_code == (200 if lets_in else 401)
                opened = 101 if lets_in else 401
                assert upgraded(socket, header) == upgraded(f"{socket}?access_token={key}", {}) == opened
            assert httpx.post(f"{served.url}{hub}/negotiate", timeout=60).status_code == 401
            assert upgraded(socket, {}) == 401
    written = "".join(served.written)
    stored = b"".join(file.read_bytes() for file in (tmp_path / ".mesolive").iterdir())
    for key in (token, forged):
        signature = key.rpartition(".")[2]
        assert signature not in written
        assert signature.encode() not in stored
