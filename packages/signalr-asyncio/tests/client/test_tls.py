"""TLS: certificates are checked, on every transport."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from signalr_asyncio.client import (
    ClientOptions,
    ConnectError,
    HubConnection,
    LongPolling,
    ServerSentEvents,
    WebSockets,
)
from signalr_client_kit.hub import serving
from signalr_client_kit.matrix_hub import Fixture, matrix_server, run_programme


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a certificate for 127.0.0.1 that nobody has signed, with its key in the same file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("the openssl command is needed to make a certificate")
    folder = tmp_path_factory.mktemp("tls")
    request = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    request += ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
    made = [*request, "-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")]
    subprocess.run(made, check=True, capture_output=True, timeout=30)
    both = folder / "both.pem"
    both.write_text((folder / "certificate.pem").read_text() + (folder / "key.pem").read_text())
    return both


@pytest.fixture
async def secure_url(certificate: Path) -> AsyncGenerator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    async with matrix_server() as server:
        app: Fixture = server
        async with serving(app, context) as secure:
            yield f"https://127.0.0.1:{secure.port}/hub"


transports = pytest.mark.parametrize("transport", [WebSockets, ServerSentEvents, LongPolling], ids=repr)


@transports
async def test_a_trusted_certificate_lets_everything_work(secure_url: str, certificate: Path, transport: Any) -> None:
    options = ClientOptions(ssl=ssl.create_default_context(cafile=str(certificate)))
    async with HubConnection(secure_url, transports=(transport,), options=options) as connection:
        await run_programme(connection)


async def test_a_certificate_that_nobody_signed_is_refused(secure_url: str) -> None:
    with pytest.raises(ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        await HubConnection(secure_url).start()
    with pytest.raises(ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        await HubConnection(secure_url, skip_negotiation=True).start()
