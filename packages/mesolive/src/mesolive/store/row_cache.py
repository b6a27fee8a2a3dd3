"""Row cache: rows that never change, cached per database, least recently used evicted first.

Only what is committed is kept. A transaction may read what others have written and not committed yet; should that be
lost, its ids would be given to other rows.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class CacheKind(Generic[K, V]):
    """One kind of rows that are kept.

    Attributes
    ----------
    name
        Names the kind; unique.
    max_entries
        How many are kept.
    """

    name: str
    max_entries: int


class RowCaches:
    """The caches of one database."""

    def __init__(self) -> None:
        self._caches: dict[str, OrderedDict[Any, Any]] = {}

    def find(self, kind: CacheKind[K, V], keys: Iterable[K]) -> dict[K, V]:
        """Return those of the entries that are kept."""
        cache = cast("OrderedDict[K, V]", self._caches.get(kind.name))
        result: dict[K, V] = {}
        if cache:
            for key in keys:
                if key in cache:
                    cache.move_to_end(key)
                    result[key] = cache[key]
        return result

    def keep(self, kind: CacheKind[K, V], entries: Mapping[K, V]) -> None:
        """Keep entries."""
        cache = self._caches.setdefault(kind.name, OrderedDict())
        cache.update(entries)
        while len(cache) > kind.max_entries:
            cache.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        self._caches.clear()
