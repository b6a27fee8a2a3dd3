from __future__ import annotations

import base64
from dataclasses import dataclass

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesolive.errors import ServiceError
from mesolive.store.paging import MAX_PAGE, Page, Pager
from mesolive_sdk.models import ListOrdersArgs, ListPositionsArgs, LivePositionState, StatusCode

pager = Pager(b"k" * 32)


@dataclass(frozen=True)
class Item:
    id: int


def read(page: Page, items: list[Item]) -> list[Item]:
    """Do what a query does."""
    return [item for item in items if item.id > page.after][: page.limit + 1]


def first_token(user_id: int = 1, args: ListPositionsArgs | None = None) -> str:
    page = pager.page(user_id, "ListPositions", args or ListPositionsArgs(Limit=1))
    _, token = page.cut([Item(1), Item(2)])
    assert token is not None
    return token


def problems_of(error: ServiceError) -> list[str]:
    assert error.status is StatusCode.ValidationError
    assert error.error is not None
    assert error.error.ValidationErrors is not None
    return list(error.error.ValidationErrors)


@given(ids=st.sets(st.integers(1, 2**62), max_size=40), limit=st.integers(1, 15))
def test_the_pages_together_are_the_whole_list_each_item_once(ids: set[int], limit: int) -> None:
    items = [Item(id_) for id_ in sorted(ids)]
    seen: list[Item] = []
    token: str | None = None
    while True:
        page = pager.page(1, "ListPositions", ListPositionsArgs(Limit=limit, ContinuationToken=token))
        shown, token = page.cut(read(page, items))
        assert len(shown) <= limit
        seen += shown
        if token is None:
            break
        assert len(shown) == limit
    assert seen == items


@pytest.mark.parametrize("limit", [0, -1, MAX_PAGE + 1])
def test_a_limit_out_of_bounds_is_named(limit: int) -> None:
    with pytest.raises(ServiceError) as caught:
        pager.page(1, "ListPositions", ListPositionsArgs(Limit=limit))
    assert problems_of(caught.value) == ["Limit"]


def test_a_token_serves_another_page_size() -> None:
    page = pager.page(1, "ListPositions", ListPositionsArgs(Limit=7, ContinuationToken=first_token()))
    assert (page.after, page.limit) == (1, 7)


@pytest.mark.parametrize(
    ("user_id", "query", "args"),
    [
        (2, "ListPositions", ListPositionsArgs(ContinuationToken=first_token())),
        (1, "ListLegs", ListPositionsArgs(ContinuationToken=first_token())),
        (1, "ListPositions", ListPositionsArgs(BrokerAccountId="ML1000", ContinuationToken=first_token())),
        (1, "ListPositions", ListPositionsArgs(State=LivePositionState.Open, ContinuationToken=first_token())),
        (1, "ListPositions", ListOrdersArgs(ContinuationToken=first_token())),
    ],
    ids=["another user", "another method", "another filter", "another state", "other arguments"],
)
def test_a_token_serves_the_user_and_the_query_that_it_was_given_to_only(
    user_id: int, query: str, args: msgspec.Struct
) -> None:
    with pytest.raises(ServiceError) as caught:
        pager.page(user_id, query, args)
    assert problems_of(caught.value) == ["ContinuationToken"]


@given(token=st.text(max_size=60) | st.binary(max_size=60).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_a_token_that_was_made_up_is_refused(token: str) -> None:
    if token == "":
        assert pager.page(1, "ListPositions", ListPositionsArgs(ContinuationToken=token)).after == 0
        return
    with pytest.raises(ServiceError) as caught:
        pager.page(1, "ListPositions", ListPositionsArgs(ContinuationToken=token))
    assert problems_of(caught.value) == ["ContinuationToken"]


@given(place=st.integers(0, 23), bit=st.integers(0, 7))
def test_a_token_in_which_one_bit_was_changed_is_refused(place: int, bit: int) -> None:
    raw = bytearray(base64.urlsafe_b64decode(first_token()))
    raw[place] ^= 1 << bit
    changed = base64.urlsafe_b64encode(raw).decode()
    with pytest.raises(ServiceError):
        pager.page(1, "ListPositions", ListPositionsArgs(ContinuationToken=changed))


def test_a_token_of_another_server_is_refused() -> None:
    with pytest.raises(ServiceError):
        Pager(b"x" * 32).page(1, "ListPositions", ListPositionsArgs(ContinuationToken=first_token()))
