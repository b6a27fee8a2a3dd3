"""Decisions and the quality of quotes: what is not live or too old is refused, naming the quote."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from mesolive.language.legs import outdated, quote_problem
from mesolive.market.contracts import OptionContract, Right
from mesolive.market.quality import QuoteQuality
from mesolive_testkit.market import flat_chain

PUT = OptionContract("SPX", "SPXW", date(2024, 4, 19), Right.PUT, Decimal(4900))


def test_a_decision_on_a_quote_that_is_not_live_is_refused_with_its_name_quality_and_age() -> None:
    chain = flat_chain()
    index = chain.book.listing.find(PUT)
    assert index is not None
    view = chain.book.view()
    assert quote_problem(view, PUT) is None
    chain.book.update(view.now, index, {"bid": 10.0, "ask": 10.4}, QuoteQuality.DELAYED)
    view = chain.book.view()
    why = quote_problem(view, PUT)
    assert why is not None
    assert why.startswith(f"the quote of {PUT.symbol} is delayed and ")
    assert why.endswith("seconds old, and only live quotes are used")


def test_a_reader_who_accepts_delayed_quotes_decides_on_them_and_not_on_modelled_ones() -> None:
    chain = flat_chain()
    index = chain.book.listing.find(PUT)
    assert index is not None
    now = chain.book.view().now
    chain.book.update(now, index, {"bid": 10.0, "ask": 10.4}, QuoteQuality.DELAYED)
    view = chain.book.view().accepting(QuoteQuality.DELAYED)
    assert quote_problem(view, PUT) is None
    chain.book.update(now, index, {"bid": 10.1, "ask": 10.5}, QuoteQuality.MODELLED)
    view = chain.book.view().accepting(QuoteQuality.DELAYED)
    assert "is modelled" in str(quote_problem(view, PUT))
    assert "only live and delayed quotes" in str(quote_problem(view, PUT))


def test_delayed_prices_of_the_underlying_stop_every_decision() -> None:
    chain = flat_chain()
    view = chain.book.view()
    chain.book.set_underlying(view.now, chain.book.prices, QuoteQuality.DELAYED)
    view = chain.book.view()
    assert outdated(view) == "the quotes of SPX are delayed and 0 seconds old, and only live quotes are used"
    assert outdated(view.accepting(QuoteQuality.DELAYED)) is None


def test_a_reader_with_another_acceptance_shares_what_was_computed() -> None:
    view = flat_chain().book.view()
    other = view.accepting(QuoteQuality.DELAYED)
    assert other.analytics is view.analytics
    assert view.accepted is QuoteQuality.LIVE


def test_a_quote_that_the_provider_no_longer_updates_is_refused_when_it_is_old() -> None:
    chain = flat_chain()
    index = chain.book.listing.find(PUT)
    assert index is not None
    now = chain.book.view().now
    chain.book.release(now - timedelta(seconds=61), index)
    assert "is 61 seconds old: the provider no longer updates it" in str(quote_problem(chain.book.view(), PUT))
