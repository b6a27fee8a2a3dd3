"""What answers without a key answers only under names of this server, and silence in TLS ends soon."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import ssl
import subprocess
from pathlib import Path

import httpx
import pytest

from mesolive import server
from mesolive.assembly import Overrides
from mesolive.http_endpoints import host_is_known
from mesolive.settings import Settings
from mesolive_testkit.server import Kit, manual_market


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """Make a certificate of this machine's address, and its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("the openssl command is needed to make a certificate")
    made, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    request = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    name = ["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
    subprocess.run([*request, *name, "-keyout", str(key), "-out", str(made)], check=True, capture_output=True)
    return made, key


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("127.0.0.1:8700", True),
        ("localhost", True),
        ("LOCALHOST:8700", True),
        ("[::1]:8700", True),
        ("192.168.1.5", True),
        ("trading.example:8700", True),
        ("rebound.example", False),
        ("localhost.rebound.example", False),
        ("127.0.0.1.rebound.example", False),
        ("", False),
        ("user@localhost.example", False),
    ],
)
def test_a_request_is_for_this_server_by_address_or_by_a_name_that_is_known(host: str, known: bool) -> None:
    assert host_is_known(host, Settings(allowed_hosts=("trading.example",))) is known


@pytest.mark.parametrize("path", ["/health", "/health/live", "/metrics"])
async def test_a_page_whose_name_points_here_reads_nothing(kit: Kit, path: str) -> None:
    async with httpx.AsyncClient(timeout=60) as http:
        own = await http.get(f"{kit.url}{path}", timeout=60)
        rebound = await http.get(f"{kit.url}{path}", headers={"Host": "rebound.example"}, timeout=60)
        broken = await http.get(f"{kit.url}{path}", headers={"Host": "[::1"}, timeout=60)
    assert (own.status_code, rebound.status_code, broken.status_code) == (200, 421, 421)
    assert "MESOLIVE_ALLOWED_HOSTS" in rebound.text


async def test_a_connection_that_says_nothing_in_tls_is_closed(
    tmp_path: Path, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert server.HANDSHAKE_SECONDS == 10.0
    monkeypatch.setattr(server, "HANDSHAKE_SECONDS", 0.1)
    settings = Settings(
        market="simulated",
        port=0,
        database=f"sqlite:///{tmp_path / 'mesolive.sqlite3'}",
        tls_certificate=certificate[0],
        tls_key=certificate[1],
    )
    async with server.serving(settings, Overrides(manual_market())) as application:
        port = application.settings.port
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        async with asyncio.timeout(60):
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read() == b""
        writer.close()
        context = ssl.create_default_context(cafile=str(certificate[0]))
        async with httpx.AsyncClient(timeout=60, verify=context) as http:
            assert (await http.get(f"https://127.0.0.1:{port}/health/live", timeout=60)).status_code == 200
