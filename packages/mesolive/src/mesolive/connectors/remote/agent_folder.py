"""The folder of an agent: its connectors with their settings and sealed secrets, and what each of them keeps."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from mesolive.access.sealing import SealedSecretError, Sealing
from mesolive.access.secret import load_secret

try:
    import fcntl
except ImportError:  # pragma: no cover - not on Linux and macOS, which are supported
    fcntl = None

T = TypeVar("T")

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
FILE: Final = "connectors.json"
EPOCHS: Final = "epochs.json"


class AgentFolderError(Exception):
    """The folder cannot be used, or does not have what was asked for."""


class AgentConnector(msgspec.Struct, kw_only=True):
    """A connector as the agent stores it; `secrets` are sealed."""

    kind: str
    settings: dict[str, str] = {}
    secrets: dict[str, str] = {}


class _Content(msgspec.Struct):
    connectors: dict[str, AgentConnector] = {}


class AgentFolder:
    """The folder of an agent.

    Parameters
    ----------
    path
        Made where it is not there, readable by its owner only.

    Raises
    ------
    AgentFolderError
        When its file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._sealing: Sealing | None = None
        self._file = path / FILE
        self._content = _read(self._file, _Content) or _Content()
        self._epochs: dict[str, int] = _read(path / EPOCHS, dict[str, int]) or {}

    @contextmanager
    def locked(self) -> Generator[None]:
        """Keep every other agent away from the folder.

        Raises
        ------
        AgentFolderError
            When one runs with it.
        """
        descriptor = os.open(self.path / "agent.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if fcntl is not None:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    raise AgentFolderError(f"another agent runs with {self.path}") from None
            yield
        finally:
            os.close(descriptor)

    @property
    def connectors(self) -> Mapping[str, AgentConnector]:
        """The connectors by name."""
        return self._content.connectors

    def epoch(self, name: str) -> int:
        """Return the newest epoch that a connector had; 0 for none."""
        return self._epochs.get(name, 0)

    def note_epochs(self, epochs: Mapping[str, int]) -> None:
        """Keep newer epochs."""
        if any(epoch > self.epoch(name) for name, epoch in epochs.items()):
            self._epochs |= {name: max(epoch, self.epoch(name)) for name, epoch in epochs.items()}
            _replace(self.path / EPOCHS, self._epochs)

    def add(self, name: str, kind: str, settings: Mapping[str, str], secrets: Mapping[str, str]) -> None:
        """Store a connector, in place of one of this name."""
        if not NAME.fullmatch(name):
            raise AgentFolderError(f"the name: expected letters, digits, dots and dashes, at most 64, got {name!r}")
        sealed = {key: self.sealing.seal(_place(name, key), text) for key, text in secrets.items() if text}
        self._content.connectors[name] = AgentConnector(kind=kind, settings=dict(settings), secrets=sealed)
        self._write()

    def remove(self, name: str) -> None:
        """Forget a connector with its secrets; what it kept stays in its folder."""
        if self._content.connectors.pop(name, None) is None:
            raise AgentFolderError(f"this agent has no connector {name!r}: mesolive agent list")
        self._write()

    def secrets(self, name: str) -> dict[str, str]:
        """Return the secrets of a connector, opened."""
        try:
            return {
                key: self.sealing.open(_place(name, key), text)
                for key, text in self._content.connectors[name].secrets.items()
            }
        except SealedSecretError as error:
            raise AgentFolderError(f"a secret of {name} cannot be opened: {error}; add the connector again") from None

    @property
    def sealing(self) -> Sealing:
        """Seals secrets with the folder's own key."""
        if self._sealing is None:
            self._sealing = Sealing(load_secret(self.path))
        return self._sealing

    def folder_of(self, name: str) -> Path:
        """Return the folder of a connector alone."""
        folder = self.path / "connectors" / name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    def _write(self) -> None:
        _replace(self._file, self._content)


def _read(file: Path, kind: type[T]) -> T | None:
    if not file.exists():
        return None
    try:
        return msgspec.json.decode(file.read_bytes(), type=kind)
    except (OSError, msgspec.DecodeError) as error:
        raise AgentFolderError(f"{file} cannot be read: {type(error).__name__}") from None


def _replace(file: Path, content: object) -> None:
    """Write a file that only its owner can read; a kill leaves the old one or the new one."""
    fresh = file.with_name(f"{file.name}.{os.getpid()}.new")
    with contextlib.suppress(FileNotFoundError):
        fresh.unlink()
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(msgspec.json.format(msgspec.json.encode(content), indent=2))
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(file)


def _place(name: str, key: str) -> str:
    return f"agent connector {name}: {key}"
