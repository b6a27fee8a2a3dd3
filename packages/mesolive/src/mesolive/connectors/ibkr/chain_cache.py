"""Contract cache on disk: the options of an underlying with their conIds, and the day on which each slice was read.

ConIds never change, so what was read once need not be asked for again after a restart: a chain of 20,000 contracts
takes minutes. The file has a version, and is replaced as a whole: a crash leaves the old one or the new one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

import msgspec
import structlog

from mesolive.connectors.ibkr.chain_reading import ListedContract, SliceKey
from mesolive.market.contracts import OptionContract, Right

_log = structlog.get_logger(__name__)

VERSION: Final = 1
EXPIRED_RETENTION: Final = timedelta(days=7)
"""For how long contracts stay in the file after their expiration: IB forgets them at once."""


class UnreadableCacheError(Exception):
    """A file of the cache cannot be used; its message names the file and what is wrong with it."""


class _Row(msgspec.Struct, array_like=True, frozen=True):
    con_id: int
    day: date
    strike: Decimal
    multiplier: Decimal


class _Slice(msgspec.Struct, frozen=True):
    root: str
    last_trade: str
    right: str
    multiplier: str
    read_on: date
    contracts: list[_Row]


class _Head(msgspec.Struct, frozen=True):
    version: int


class _File(msgspec.Struct, frozen=True):
    version: int
    symbol: str
    slices: list[_Slice]


class CachedChain:
    """The known contracts of one underlying.

    Parameters
    ----------
    symbol
        Of the underlying.
    """

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self._slices: dict[SliceKey, tuple[date, list[ListedContract]]] = {}

    def read_on(self, key: SliceKey) -> date | None:
        """Return the day on which a slice was read; `None` for never."""
        known = self._slices.get(key)
        return None if known is None else known[0]

    def put(self, key: SliceKey, day: date, contracts: list[ListedContract]) -> None:
        """Take a slice as it was read."""
        self._slices[key] = day, contracts

    def outdate(self, key: SliceKey) -> None:
        """Let a slice be read again: new strikes may be listed."""
        known = self._slices.get(key)
        if known is not None:
            self._slices[key] = date.min, known[1]

    def contracts(self) -> Iterator[ListedContract]:
        """Return all contracts."""
        for _, contracts in self._slices.values():
            yield from contracts

    def slices(self) -> Mapping[SliceKey, tuple[date, list[ListedContract]]]:
        """Return the slices."""
        return self._slices

    def forget_expired(self, today: date) -> None:
        """Forget what has expired some days ago."""
        limit = f"{today - EXPIRED_RETENTION:%Y%m%d}"
        self._slices = {key: value for key, value in self._slices.items() if key.last_trade >= limit}


class ChainCache:
    """The files of a folder, one per underlying.

    Parameters
    ----------
    folder
        Created when the first file is written; `None` keeps nothing.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def path(self, symbol: str) -> Path | None:
        """Return the file of an underlying."""
        return None if self._folder is None else self._folder / f"chain-{symbol}.json"

    def load(self, symbol: str) -> CachedChain:
        """Return what is known of an underlying; nothing where there is no file.

        Raises
        ------
        UnreadableCacheError
            When the file is damaged, or of another version or underlying.
        """
        chain = CachedChain(symbol)
        path = self.path(symbol)
        if path is None:
            return chain
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return chain
        except OSError as error:
            raise UnreadableCacheError(f"{path}: {error.strerror or error}") from error
        for item in _decoded(path, symbol, content).slices:
            key = SliceKey(item.last_trade, item.root, item.right, item.multiplier)
            right = Right(item.right)
            contracts = [
                ListedContract(
                    row.con_id, OptionContract(symbol, item.root, row.day, right, row.strike, row.multiplier)
                )
                for row in item.contracts
            ]
            chain.put(key, item.read_on, contracts)
        return chain

    def load_or_forget(self, symbol: str) -> CachedChain:
        """Return what is known of an underlying; a bad file is logged, and everything is asked again."""
        try:
            return self.load(symbol)
        except UnreadableCacheError as error:
            _log.warning("contract_cache_not_used", reason=str(error))
            return CachedChain(symbol)

    def save(self, chain: CachedChain) -> None:
        """Replace the file of an underlying as a whole; raises `OSError`."""
        path = self.path(chain.symbol)
        if path is None:
            return
        slices = [
            _Slice(
                key.root,
                key.last_trade,
                key.right,
                key.multiplier,
                day,
                [
                    _Row(item.con_id, item.contract.day, item.contract.strike, item.contract.multiplier)
                    for item in contracts
                ],
            )
            for key, (day, contracts) in chain.slices().items()
        ]
        content = msgspec.json.encode(_File(VERSION, chain.symbol, slices))
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        with fresh.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)


def _decoded(path: Path, symbol: str, content: bytes) -> _File:
    try:
        version = msgspec.json.decode(content, type=_Head).version
        if version != VERSION:
            raise UnreadableCacheError(f"{path}: expected version {VERSION}, got {version}")
        file = msgspec.json.decode(content, type=_File)
    except msgspec.DecodeError as error:
        raise UnreadableCacheError(f"{path}: not a contract cache: {error}") from error
    if file.symbol != symbol:
        raise UnreadableCacheError(f"{path}: expected contracts of {symbol}, got those of {file.symbol}")
    wrong = next((item.right for item in file.slices if item.right not in {"C", "P"}), None)
    if wrong is not None:
        raise UnreadableCacheError(f"{path}: expected C or P as right, got {wrong!r}")
    return file
