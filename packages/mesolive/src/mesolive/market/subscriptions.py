"""Who wants which contracts: each is subscribed once with its provider, for as long as anybody wants it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from types import TracebackType
from typing import Final, Self

from mesolive.market.contracts import OptionContract
from mesolive.market.provider import Provider

MAX_CONTRACTS: Final = 100_000


class TooManySubscriptionsError(RuntimeError):
    """More contracts would be subscribed than a provider may be asked for."""


class SubscriptionHandle:
    """Somebody's wish to have some contracts kept up to date. Close it, or use it as a context manager."""

    def __init__(self, ledger: SubscriptionRegistry, contracts: frozenset[OptionContract]) -> None:
        self._ledger = ledger
        self.contracts = contracts
        self._closed = False

    def close(self) -> None:
        """Withdraw the wish; a second time does nothing."""
        if not self._closed:
            self._closed = True
            self._ledger.release(self.contracts)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class SubscriptionRegistry:
    """Counts the wishes for one provider's contracts.

    Parameters
    ----------
    provider
        Is told of the first wish for a contract and of the end of the last.
    limit
        How many different contracts may be subscribed at a time.
    """

    def __init__(self, provider: Provider, limit: int = MAX_CONTRACTS) -> None:
        self._provider = provider
        self._limit = limit
        self._wishes: Counter[OptionContract] = Counter()

    def acquire(self, contracts: Iterable[OptionContract]) -> SubscriptionHandle:
        """Return a lease on contracts, subscribing those that nobody wanted yet.

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
        return SubscriptionHandle(self, wanted)

    def release(self, contracts: frozenset[OptionContract]) -> None:
        """Count one wish less for each contract, unsubscribing those that nobody wants any more."""
        self._wishes.subtract(contracts)
        unwanted = [contract for contract in contracts if self._wishes[contract] <= 0]
        for contract in unwanted:
            del self._wishes[contract]
        if unwanted:
            self._provider.unsubscribe(sorted(unwanted, key=lambda contract: contract.symbol))

    def restore(self) -> None:
        """Subscribe everything again: the provider was away and has forgotten."""
        if self._wishes:
            self._provider.subscribe(sorted(self._wishes, key=lambda contract: contract.symbol))
