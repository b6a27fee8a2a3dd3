"""Reference-counts contract subscriptions: a provider gets one subscription per contract, however many leases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Final, Self

from mesolive.market.contracts import OptionContract
from mesolive.market.lines import LinePriority
from mesolive.market.provider import PartialProvider, Provider

MAX_CONTRACTS: Final = 100_000


class TooManySubscriptionsError(RuntimeError):
    """The subscription would exceed the limit of contracts per provider."""


class SubscriptionHandle:
    """A lease on contract subscriptions. Close it, or use it as a context manager."""

    def __init__(
        self,
        ledger: SubscriptionRegistry | None,
        contracts: frozenset[OptionContract],
        priority: LinePriority = LinePriority.WATCHED,
    ) -> None:
        self._ledger = ledger
        self._parts: Sequence[SubscriptionHandle] = ()
        self.contracts = contracts
        self.priority = priority
        self._closed = False

    @classmethod
    def joined(cls, parts: Sequence[SubscriptionHandle]) -> SubscriptionHandle:
        """Return one lease that holds those of several providers."""
        result = cls(None, frozenset[OptionContract]().union(*(part.contracts for part in parts)))
        result._parts = tuple(parts)
        return result

    def close(self) -> None:
        """Release the lease; a second call does nothing."""
        if not self._closed:
            self._closed = True
            if self._ledger is not None:
                self._ledger.release(self.contracts, self.priority)
            for part in self._parts:
                part.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class SubscriptionRegistry:
    """Reference-counts the subscriptions of one provider's contracts.

    Parameters
    ----------
    provider
        Receives `subscribe` with the first lease on a contract and `unsubscribe` with the end of the last.
    limit
        Maximum number of distinct contracts that are subscribed at a time.
    """

    def __init__(self, provider: Provider, limit: int = MAX_CONTRACTS) -> None:
        self._provider = provider
        # Asked once: a check against a protocol compares all of its members, which takes a third of a millisecond.
        self._partial = provider if isinstance(provider, PartialProvider) else None
        self._limit = limit
        self._wishes: Counter[OptionContract] = Counter()
        self._by_priority: dict[OptionContract, Counter[LinePriority]] = {}

    def acquire(
        self, contracts: Iterable[OptionContract], priority: LinePriority = LinePriority.WATCHED
    ) -> SubscriptionHandle:
        """Return a lease on contracts; subscribe those without a lease.

        Parameters
        ----------
        priority
            Why they are wanted: of a provider with few lines the most urgent contracts get one.

        Raises
        ------
        TooManySubscriptionsError
            When the limit would be exceeded; then nothing has changed.
        """
        wanted = frozenset(contracts)
        new = [contract for contract in wanted if contract not in self._wishes]
        if len(self._wishes) + len(new) > self._limit:
            raise TooManySubscriptionsError(f"no more than {self._limit} contracts can be subscribed")
        self._wishes.update(wanted)
        if new:
            self._provider.subscribe(sorted(new, key=lambda contract: contract.symbol))
        for contract in wanted:
            self._by_priority.setdefault(contract, Counter())[priority] += 1
        self._pin(wanted)
        return SubscriptionHandle(self, wanted, priority)

    def release(self, contracts: frozenset[OptionContract], priority: LinePriority = LinePriority.WATCHED) -> None:
        """Decrement the count of each contract; unsubscribe those whose count reaches zero."""
        self._wishes.subtract(contracts)
        unwanted = [contract for contract in contracts if self._wishes[contract] <= 0]
        for contract in contracts:
            self._by_priority[contract][priority] -= 1
        for contract in unwanted:
            del self._wishes[contract]
            del self._by_priority[contract]
        if unwanted:
            self._provider.unsubscribe(sorted(unwanted, key=lambda contract: contract.symbol))
        self._pin(contract for contract in contracts if contract in self._wishes)

    def restore(self) -> None:
        """Subscribe all leased contracts again: a reconnected provider has lost its subscriptions."""
        if self._wishes:
            self._provider.subscribe(sorted(self._wishes, key=lambda contract: contract.symbol))
            self._pin(self._wishes)

    def _pin(self, contracts: Iterable[OptionContract]) -> None:
        """Tell a provider with few lines why contracts are wanted: by the most urgent of their leases."""
        if self._partial is None:
            return
        of_priority: dict[LinePriority, list[OptionContract]] = {}
        for contract in contracts:
            best = min(priority for priority, count in self._by_priority[contract].items() if count > 0)
            of_priority.setdefault(best, []).append(contract)
        for priority, group in sorted(of_priority.items()):
            self._partial.pin(sorted(group, key=lambda contract: contract.symbol), priority)
