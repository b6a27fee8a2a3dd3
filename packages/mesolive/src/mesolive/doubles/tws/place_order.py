"""Decoding of placeOrder, the longest request of TWS clients: 120 fields and more, by the server version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from mesolive.doubles.tws.wire import FieldReader, WireError
from mesolive.doubles.tws.wire_contract import ComboLeg, ContractQuery, read_combo_leg, read_contract

CONDITION_FIELDS: Final = {1: 6, 3: 3, 4: 3, 5: 4, 6: 5, 7: 5}
"""How many fields follow the kind of a condition: price, time, margin, execution, volume, percent change."""


@dataclass(frozen=True, slots=True)
class PlaceOrder:
    """A new order, or the whole of an order that is modified.

    Attributes
    ----------
    quantity
        Total quantity: of combos for a combo.
    legs, leg_prices, routing
        Of combos only; `routing` are the pairs of `smartComboRoutingParams`.
    echoed
        Other attributes by their name in the client library, as text: TWS sends them back in openOrder.
    """

    order_id: int
    contract: ContractQuery
    action: str
    quantity: Decimal
    order_type: str
    limit_price: Decimal | None
    aux_price: Decimal | None
    tif: str
    account: str
    order_ref: str
    transmit: bool
    parent_id: int
    outside_rth: bool
    what_if: bool = False
    oca_group: str = ""
    good_till_date: str = ""
    good_after_time: str = ""
    all_or_none: bool = False
    algo_strategy: str = ""
    conditions: int = 0
    legs: Sequence[ComboLeg] = ()
    leg_prices: Sequence[str] = ()
    routing: Sequence[tuple[str, str]] = ()
    echoed: dict[str, str] = field(default_factory=dict[str, str])


def read_place_order(reader: FieldReader, version: int) -> PlaceOrder:
    """Return the order of a placeOrder message.

    Parameters
    ----------
    reader
        Behind the message id.
    version
        The server version that was agreed on, 157 or higher.

    Raises
    ------
    WireError
        When fields are missing, of the wrong kind, or left over.
    """
    order_id, contract = reader.integer(), read_contract(reader)
    reader.texts(2)  # kind and value of another identifier
    action = reader.text()
    quantity = reader.number()
    order_type = reader.text()
    limit_price, aux_price = reader.number(), reader.number()
    tif, oca_group, account = reader.texts(3)
    echoed = {"openClose": reader.text(), "origin": reader.text()}
    order_ref, transmit, parent_id = reader.text(), reader.flag(), reader.integer()
    _take(reader, echoed, "blockOrder sweepToFill displaySize triggerMethod")
    outside_rth = reader.flag()
    _take(reader, echoed, "hidden")
    legs: list[ComboLeg] = []
    leg_prices: list[str] = []
    routing: list[tuple[str, str]] = []
    if contract.sec_type == "BAG":
        legs = [read_combo_leg(reader) for _ in range(reader.integer())]
        leg_prices = reader.texts(reader.integer())
        routing = [(reader.text(), reader.text()) for _ in range(reader.integer())]
    reader.text()  # an allocation of shares that is no longer used
    _take(reader, echoed, "discretionaryAmt")
    good_after, good_till = reader.texts(2)
    _take(reader, echoed, "faGroup faMethod faPercentage")
    if version < 177:
        _take(reader, echoed, "faProfile")
    _take(reader, echoed, "modelCode shortSaleSlot designatedLocation exemptCode ocaType rule80A settlingFirm")
    all_or_none = reader.flag()
    _take(reader, echoed, "minQty percentOffset")
    reader.texts(3)  # two attributes of an exchange that is gone, and its cap on prices
    _take(reader, echoed, "auctionStrategy startingPrice stockRefPrice delta stockRangeLower stockRangeUpper")
    reader.text()  # whether the precautionary limits on prices are overridden
    _take(reader, echoed, "volatility volatilityType deltaNeutralOrderType deltaNeutralAuxPrice")
    if echoed["deltaNeutralOrderType"]:
        reader.texts(8)
    _take(reader, echoed, "continuousUpdate referencePriceType trailStopPrice trailingPercent")
    _take(reader, echoed, "scaleInitLevelSize scaleSubsLevelSize")
    increment = reader.number()
    if increment is not None and increment > 0:
        reader.texts(7)
    reader.texts(3)  # the table of a scale order, and when it is active
    _take(reader, echoed, "hedgeType")
    if echoed["hedgeType"]:
        _take(reader, echoed, "hedgeParam")
    _take(reader, echoed, "optOutSmartRouting clearingAccount clearingIntent notHeld")
    if reader.flag():
        reader.texts(3)  # the delta-neutral contract
    algo_strategy = reader.text()
    if algo_strategy:
        reader.texts(2 * reader.integer())
    reader.text()  # the id of an algorithm
    what_if = reader.flag()
    reader.text()  # miscellaneous options
    _take(reader, echoed, "solicited randomizeSize randomizePrice")
    if order_type in {"PEG BENCH", "PEGBENCH"}:
        reader.texts(5)
    conditions = _conditions(reader)
    _take(reader, echoed, "adjustedOrderType triggerPrice lmtPriceOffset adjustedStopPrice adjustedStopLimitPrice")
    _take(reader, echoed, "adjustedTrailingAmount adjustableTrailingUnit")
    reader.text()  # the external operator
    _take(reader, echoed, "softDollarName softDollarValue cashQty")
    reader.texts(4)  # decision makers under MiFID II
    _take(reader, echoed, "dontUseAutoPriceForHedge isOmsContainer discretionaryUpToLimitPrice usePriceMgmtAlgo")
    for since, name in ((158, "duration"), (160, "postToAts"), (162, "autoCancelParent")):
        if version >= since:
            _take(reader, echoed, name)
    reader.texts((version >= 166) + (version >= 169))  # an override of errors, and the time of a manual order
    if version >= 170:
        reader.texts(_pegged(contract, order_type, reader))
    if reader.left:
        raise WireError(f"placeOrder has {reader.left} fields too many")
    if quantity is None:
        raise WireError("placeOrder has no quantity")
    return PlaceOrder(
        order_id=order_id,
        contract=contract,
        action=action,
        quantity=quantity,
        order_type=order_type,
        limit_price=limit_price,
        aux_price=aux_price,
        tif=tif,
        account=account,
        order_ref=order_ref,
        transmit=transmit,
        parent_id=parent_id,
        outside_rth=outside_rth,
        what_if=what_if,
        oca_group=oca_group,
        good_till_date=good_till,
        good_after_time=good_after,
        all_or_none=all_or_none,
        algo_strategy=algo_strategy,
        conditions=conditions,
        legs=tuple(legs),
        leg_prices=tuple(leg_prices),
        routing=tuple(routing),
        echoed=echoed,
    )


def _take(reader: FieldReader, into: dict[str, str], names: str) -> None:
    for name in names.split():
        into[name] = reader.text()


def _conditions(reader: FieldReader) -> int:
    """Read past the conditions of an order; return how many there are."""
    count = reader.integer()
    for _ in range(count):
        kind = reader.integer()
        fields = CONDITION_FIELDS.get(kind)
        if fields is None:
            raise WireError(f"a condition of an order has the unknown kind {kind}")
        reader.texts(fields)
    if count:
        reader.texts(2)
    return count


def _pegged(contract: ContractQuery, order_type: str, reader: FieldReader) -> int:
    """Return how many fields of pegged orders are at the end of the message."""
    own = contract.exchange == "IBKRATS"
    if order_type in {"PEG BEST", "PEGBEST"}:
        return own + (4 if reader.left - own >= 4 else 2)
    return own + (2 if order_type in {"PEG MID", "PEGMID"} else 0)
