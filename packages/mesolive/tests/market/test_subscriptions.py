"""Subscriptions: once per contract however many want it, and back after a reconnect."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesolive.market.contracts import OptionContract
from mesolive.market.subscriptions import SubscriptionHandle, SubscriptionRegistry, TooManySubscriptionsError
from mesolive_testkit.market import Chain, ObedientProvider, flat_chain

CHAIN: Chain = flat_chain()
CONTRACTS = [CHAIN.listing.contract(index) for index in range(6)]


def wanted(provider: ObedientProvider) -> Counter[OptionContract]:
    """Return what a provider that counts would have subscribed."""
    state: Counter[OptionContract] = Counter()
    for call, contracts in provider.calls:
        for contract in contracts:
            state[contract] += 1 if call == "subscribe" else -1
    return +state


def test_a_contract_that_many_want_is_subscribed_once_and_let_go_by_the_last() -> None:
    provider = ObedientProvider(CHAIN.book)
    ledger = SubscriptionRegistry(provider)
    first, second = ledger.acquire(CONTRACTS[:3]), ledger.acquire(CONTRACTS[1:4])
    assert provider.calls == [("subscribe", tuple(CONTRACTS[:3])), ("subscribe", (CONTRACTS[3],))]
    first.close()
    assert provider.calls[2:] == [("unsubscribe", (CONTRACTS[0],))]
    second.close()
    assert provider.calls[3:] == [("unsubscribe", tuple(CONTRACTS[1:4]))]


def test_closing_twice_gives_back_once() -> None:
    provider = ObedientProvider(CHAIN.book)
    ledger = SubscriptionRegistry(provider)
    stored = ledger.acquire(CONTRACTS[:1])
    with ledger.acquire(CONTRACTS[:1]) as lease:
        lease.close()
    assert wanted(provider) == Counter(stored.contracts)


def test_after_a_reconnect_everything_that_is_wanted_is_subscribed_again() -> None:
    provider = ObedientProvider(CHAIN.book)
    ledger = SubscriptionRegistry(provider)
    ledger.restore()
    assert provider.calls == []
    lease, gone = ledger.acquire(CONTRACTS[:2]), ledger.acquire(CONTRACTS[2:3])
    gone.close()
    provider.calls.clear()
    ledger.restore()
    assert provider.calls == [("subscribe", tuple(sorted(lease.contracts, key=lambda one: one.symbol)))]


def test_beyond_the_limit_nothing_is_subscribed() -> None:
    provider = ObedientProvider(CHAIN.book)
    ledger = SubscriptionRegistry(provider, limit=3)
    lease = ledger.acquire(CONTRACTS[:2])
    with pytest.raises(TooManySubscriptionsError, match="no more than 3"):
        ledger.acquire(CONTRACTS[1:4])
    assert wanted(provider) == Counter(lease.contracts)
    ledger.acquire(CONTRACTS[1:3])
    assert wanted(provider) == Counter(CONTRACTS[:3])


@given(st.lists(st.one_of(st.sets(st.sampled_from(CONTRACTS)), st.integers(0, 9)), max_size=30))
def test_the_provider_always_has_exactly_the_subscribed_contracts(script: list[set[OptionContract] | int]) -> None:
    provider = ObedientProvider(CHAIN.book)
    ledger = SubscriptionRegistry(provider)
    leases: list[SubscriptionHandle] = []
    for action in script:
        if isinstance(action, int):
            if leases:
                leases.pop(action % len(leases)).close()
        else:
            leases.append(ledger.acquire(action))
        assert wanted(provider) == Counter({contract for lease in leases for contract in lease.contracts})
