"""Quotes found in the text of COMPACT frames: only the latest of each contract is decoded.

In a burst most quotes are overtaken by the next of their contract before anyone looks. So frames are kept as they came
and searched many at a time: commas give the events, eight bytes at a time give the contract. What is not as expected is
left to the decoder.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

Places = npt.NDArray[np.int64]

EVENT: Final = b'"Quote",'
"""What each event begins with; as long as a word of the search."""
COMMAS: Final = 6
"""Of one event: type, symbol, and four numbers."""
NUMBERS: Final = 4
"""Of one event."""
KEY_BYTES: Final = 24
"""Longest symbol that is searched for; others are looked up one by one."""
NUMBER_BYTES: Final = 64
"""Longest text of an event's numbers that is decoded together with others."""
CHUNK_BYTES: Final = 256 * 1024
"""So much text is searched at a time; more would not stay in the processor's cache."""
MAX_CHUNKS: Final = 64
"""After so many, what was found is decoded: it bounds the memory."""
QUOTE, COMMA, BLANK = b'",\x20'

_MIX: Final = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], np.uint64)
_MASKS: Final = np.frombuffer(
    b"".join(b"\xff" * size + bytes(KEY_BYTES - size) for size in range(KEY_BYTES + 1)), np.uint64
).reshape(-1, KEY_BYTES // 8)
_TABLE_BITS: Final = (17, 14, 10)
"""Of the tables: each has what met another symbol in the one before."""


class SymbolIndex:
    """Places of symbols, found for many symbols at once.

    Parameters
    ----------
    places
        By symbol.
    """

    def __init__(self, places: Mapping[str, int]) -> None:
        encoded = [(symbol.encode(), place) for symbol, place in places.items()]
        short = [(text, place) for text, place in encoded if len(text) <= KEY_BYTES]
        self._places = np.array([place for _, place in short] or [0], np.int64)
        padded = b"".join(text.ljust(KEY_BYTES, b"\0") for text, _ in short) or bytes(KEY_BYTES)
        keys = np.frombuffer(padded, np.uint64).reshape(-1, KEY_BYTES // 8)
        self._keys = [np.ascontiguousarray(column) for column in keys.T]
        self._tables: list[npt.NDArray[np.int32]] = []
        left = np.arange(len(short), dtype=np.int64)
        for bits in _TABLE_BITS:
            table = np.zeros(1 << bits, np.int32)
            slots = _slots(keys[left], bits)
            table[slots] = left
            self._tables.append(table)
            left = left[table[slots] != left]

    def find(self, words: npt.NDArray[np.uint64]) -> Places:
        """Return the places of symbols, given as rows of three words; -1 for one that is not found."""
        places = self._look_up(words, 0)
        for number in range(1, len(self._tables)):
            rows = np.flatnonzero(places < 0)
            if not rows.size:
                break
            places[rows] = self._look_up(words[rows], number)
        return places

    def _look_up(self, words: npt.NDArray[np.uint64], number: int) -> Places:
        at = self._tables[number].take(_slots(words, _TABLE_BITS[number]))
        same = self._keys[0].take(at) == words[:, 0]
        for column in (1, 2):
            same &= self._keys[column].take(at) == words[:, column]
        return np.where(same, self._places.take(at), -1)


def _slots(words: npt.NDArray[np.uint64], bits: int) -> Places:
    mixed = words[:, 0] * _MIX[0] ^ words[:, 1] * _MIX[1] ^ words[:, 2] * _MIX[2]
    mixed ^= mixed >> np.uint64(29)
    return (mixed * _MIX[0] >> np.uint64(64 - bits)).astype(np.int64)


class Chunk(NamedTuple):
    """Text of many events.

    Attributes
    ----------
    commas
        Where they are, a row per event.
    places
        Of the events' contracts; -1 for another symbol.
    first
        The number of its first event.
    """

    text: bytes
    commas: Places
    places: Places
    first: int

    def event(self, at: int) -> bytes:
        """Return the text of one event, without the comma behind it."""
        begin = 0 if at == 0 else int(self.commas[at - 1, -1]) + 1
        return self.text[begin : int(self.commas[at, -1])]

    def numbers(self, at: int) -> bytes:
        """Return the text of one event's numbers."""
        return self.text[int(self.commas[at, 1]) + 1 : int(self.commas[at, -1])]


class QuoteTexts:
    """The frames that are not decoded yet, in their order.

    Attributes
    ----------
    waiting
        The texts of frames' events that were not searched yet.
    """

    def __init__(self, places: Mapping[str, int], contracts: int) -> None:
        self.waiting: list[bytes] = []
        self._size = 0
        self._index = SymbolIndex(places)
        self._chunks: list[Chunk] = []
        self._last = np.full(contracts, -1, np.int64)
        self._count = 0

    @property
    def is_due(self) -> bool:
        """Whether there is enough text to be searched."""
        return self._size >= CHUNK_BYTES

    @property
    def has_chunks(self) -> bool:
        """Whether texts were searched whose quotes are not decoded yet."""
        return bool(self._chunks)

    @property
    def is_full(self) -> bool:
        """Whether what was found should be decoded."""
        return len(self._chunks) >= MAX_CHUNKS

    def take(self, events: bytes) -> bool:
        """Keep the text of a frame's events; return whether it may be what is expected."""
        if not events or b"[" in events or b"\\" in events:
            return False
        self.waiting.append(events)
        self._size += len(events)
        return True

    def search(self) -> Chunk | None:
        """Search the texts that wait, and keep the chunk; `None` for what only the decoder can read.

        The caller takes `waiting` in that case.
        """
        self._size = 0
        text = b"".join([*(part + b"," for part in self.waiting), bytes([BLANK]) * NUMBER_BYTES])
        codes = np.frombuffer(text, np.uint8)
        commas = np.flatnonzero(codes == COMMA)
        if len(commas) % COMMAS:
            return None
        commas = commas.reshape(-1, COMMAS)
        starts = np.zeros(len(commas), np.int64)
        starts[1:] = commas[:-1, -1] + 1
        first, last = commas[:, 0] + 1, commas[:, 1] - 1
        heads = _windows(text, starts, len(EVENT)).view(np.uint64).ravel()
        is_quoted = (codes[first] == QUOTE) & (codes[last] == QUOTE) & (last > first)
        if not (is_quoted & (heads == np.frombuffer(EVENT, np.uint64)[0])).all():
            return None
        self.waiting = []
        lengths = last - first - 1
        words = _windows(text, first + 1, KEY_BYTES).view(np.uint64).reshape(-1, KEY_BYTES // 8)
        words &= _MASKS.take(np.minimum(lengths, KEY_BYTES), axis=0)
        places = self._index.find(words)
        places[lengths > KEY_BYTES] = -1
        chunk = Chunk(text, commas, places, self._count)
        self._count += len(commas)
        self._chunks.append(chunk)
        return chunk

    def keep(self, chunk: Chunk) -> None:
        """Note which events are the latest of their contracts, once the places of all are known."""
        known = np.flatnonzero(chunk.places >= 0)
        self._last[chunk.places[known]] = chunk.first + known

    def latest(self) -> Iterator[tuple[Places, list[Any]]]:
        """Yield contracts with their numbers, four each; of each contract the latest, and forget all."""
        chunks, self._chunks, self._count = self._chunks, [], 0
        for chunk in chunks:
            numbers = np.arange(chunk.first, chunk.first + len(chunk.places))
            chosen = np.flatnonzero((chunk.places >= 0) & (self._last[chunk.places] == numbers))
            if chosen.size:
                yield chunk.places[chosen], _numbers(chunk, chosen)
        self._last.fill(-1)


def _windows(text: bytes, starts: Places, width: int) -> npt.NDArray[np.void]:
    """Return the bytes from each of these places on."""
    return np.ndarray((len(text) - width + 1,), np.dtype((np.void, width)), text, strides=(1,))[starts]


def _numbers(chunk: Chunk, chosen: Places) -> list[Any]:
    """Return the numbers of events, four each."""
    begins, ends = chunk.commas[chosen, 1] + 1, chunk.commas[chosen, -1]
    widths = ends - begins
    width = int(widths.max())
    if width < NUMBER_BYTES:
        rows = _windows(chunk.text, begins, width + 1).view(np.uint8).reshape(-1, width + 1)
        rows[np.arange(width + 1) >= widths[:, None]] = BLANK
        rows[:, -1] = COMMA
        values = decoded(rows.tobytes()[:-1])
        if values is not None and len(values) == NUMBERS * len(chosen):
            return values
    result: list[Any] = []
    for at in chosen:
        values = decoded(chunk.numbers(int(at)))
        result += values if values is not None and len(values) == NUMBERS else [None] * NUMBERS
    return result


def decoded(values: bytes) -> list[Any] | None:
    """Return values between commas; `None` where they are no JSON."""
    try:
        return msgspec.json.decode(b"[" + values + b"]", type=list[Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
