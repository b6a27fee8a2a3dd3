"""Contract definitions served to clients: details, option classes of an underlying, and market rules."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import partial

from mesolive.doubles.products import MARKET_RULES, PRODUCTS, Product, future_of
from mesolive.doubles.tws.contract_messages import contract_data
from mesolive.doubles.tws.gateway import Client, Gateway
from mesolive.doubles.tws.instruments import Instrument
from mesolive.doubles.tws.messages import end_of, market_rule, sec_def_opt_params
from mesolive.doubles.tws.requests import ReqContractDetails, ReqMarketRule, ReqSecDefOptParams
from mesolive.market.contracts import Settlement
from mesolive.market.listing import Listing

BATCHES_PER_SECOND = 10
"""In how many pieces per second slow contract details come."""


class ContractService:
    """Answers requests about contracts.

    Attributes
    ----------
    farm_broken
        Whether the farm of security definitions is broken: requests wait until it is restored.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._farm_broken = False
        self._waiting: list[tuple[Client, ReqContractDetails | ReqSecDefOptParams]] = []

    @property
    def farm_broken(self) -> bool:
        """Whether the farm of security definitions is broken."""
        return self._farm_broken

    @farm_broken.setter
    def farm_broken(self, broken: bool) -> None:
        self._farm_broken = broken
        if broken:
            return
        waiting, self._waiting = self._waiting, []
        for client, request in waiting:
            if isinstance(request, ReqContractDetails):
                self.details(client, request)
            else:
                self.option_classes(client, request)

    def details(self, client: Client, request: ReqContractDetails) -> None:
        """Send the details of every contract that matches, then their end; 200 when none does."""
        gateway, query, req_id = self._gateway, request.contract, request.req_id
        strike = gateway.faults.strike
        if query.sec_type == "BAG":
            if strike("bag_details_unanswered", client=client.client_id) is None:
                cause = "'BAG' isn't supported for contract data request."
                client.error(req_id, 321, request="reqContractDetails", cause=cause)
            return
        if self._farm_broken or not gateway.link:
            self._waiting.append((client, request))
            return
        if strike("details_unanswered", client=client.client_id) is not None:
            return
        whole = query.sec_type in {"OPT", "FOP"} and not (query.last_trade or query.con_id or query.local_symbol)
        if whole and strike("whole_chain_hangs", client=client.client_id) is not None:
            return
        matching = gateway.instruments.find(query, gateway.now())
        if not matching:
            client.error(req_id, 200)
            return
        slow = strike("details_slow", client=client.client_id)
        if slow is None:
            self._send(client, req_id, matching)
            client.send(end_of(52, req_id))
            return
        size = max(int(float(slow["per_second"]) / BATCHES_PER_SECOND), 1)
        for number, start in enumerate(range(0, len(matching), size), 1):
            batch = matching[start : start + size]
            gateway.timeline.after(number / BATCHES_PER_SECOND, partial(self._send, client, req_id, batch))
            if start + size >= len(matching):
                end = partial(client.send, end_of(52, req_id))
                gateway.timeline.after((number + 0.5) / BATCHES_PER_SECOND, end)

    def _send(self, client: Client, req_id: int, instruments: Sequence[Instrument]) -> None:
        gateway = self._gateway
        now, zone = gateway.now(), gateway.zone
        for instrument in instruments:
            client.send(contract_data(req_id, instrument, gateway.markets.calendar, zone, now, client.version))

    def option_classes(self, client: Client, request: ReqSecDefOptParams) -> None:
        """Send a message per class and exchange with its expirations and strikes, then their end.

        The expirations are the last days of trading: for an AM-settled class the day before its settlement.
        """
        gateway, req_id = self._gateway, request.req_id
        if self._farm_broken or not gateway.link:
            self._waiting.append((client, request))
            return
        underlying = gateway.instruments.known(request.con_id)
        named = underlying is not None and underlying.symbol == request.symbol and underlying.option is None
        if underlying is None or not named or underlying.sec_type != request.sec_type:
            client.error(req_id, 321, request="reqSecDefOptParams", cause="Invalid contract id")
            return
        product = PRODUCTS[underlying.product]
        classes = self._classes(product, underlying)
        if (fault := gateway.faults.strike("class_unknown", client=client.client_id)) is not None:
            classes[str(fault["root"])] = next(iter(classes.values()))
        exchanges = [exchange for exchange in product.option_exchanges if request.exchange in {"", exchange}]
        for root, (expirations, strikes) in sorted(classes.items()):
            for exchange in exchanges:
                client.send(
                    sec_def_opt_params(
                        req_id,
                        exchange,
                        underlying.con_id,
                        root,
                        f"{product.multiplier}",
                        sorted(expirations),
                        sorted(strikes),
                    )
                )
        client.send(end_of(76, req_id))

    def _classes(self, product: Product, underlying: Instrument) -> dict[str, tuple[set[str], set[Decimal]]]:
        """Return the last trading days and the strikes of every class on one underlying."""
        gateway = self._gateway
        listing: Listing = gateway.markets.book(product.symbol).listing
        calendar, now = gateway.markets.calendar, gateway.now()
        classes: dict[str, tuple[set[str], set[Decimal]]] = {}
        for position in range(listing.first_alive(now), len(listing.expirations)):
            expiration = listing.expirations[position]
            if product.sec_type == "FUT" and future_of(expiration.day).last_day != underlying.last_trade:
                continue
            day = expiration.day
            if expiration.settlement is Settlement.AM:
                day = calendar.previous_trading_day(day)
            expirations, strikes = classes.setdefault(expiration.root, (set(), set()))
            expirations.add(f"{day:%Y%m%d}")
            start, middle, _ = listing.bounds[position]
            strikes.update(listing.strike(index) for index in range(start, middle))
        return classes

    def market_rule(self, client: Client, request: ReqMarketRule) -> None:
        """Send the price steps of a rule."""
        increments = MARKET_RULES.get(request.rule_id)
        if increments is None:
            client.error(-1, 321, request="reqMarketRule", cause=f"Unknown market rule {request.rule_id}")
            return
        client.send(market_rule(request.rule_id, increments))
