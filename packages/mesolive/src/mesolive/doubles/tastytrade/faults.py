"""Faults of the double of tastytrade: what it can be made to do, as users met it on bad days."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mesolive.doubles.fault_switches import Fault, FaultSwitches, faults_of

FAULTS: Final[Mapping[str, Fault]] = {
    fault.name: fault
    for fault in (
        *faults_of(
            "REST",
            ("throttled", "429 without a body; nothing is done"),
            ("internal_error", "500 internal_server_error; nothing is done"),
            ("bad_gateway", "502 with HTML; nothing is done"),
            ("request_lost", "the socket is closed as the request arrives; nothing is done"),
            ("answer_held", "it is done, and the answer comes later", {"seconds": "60"}),
            ("answer_lost", "it is done, and the socket is closed before the answer"),
            ("answer_torn", "it is done, and the socket is closed in the middle of the answer"),
            ("answer_trickles", "it is done, and the answer comes in pieces", {"seconds": "0.2", "bytes": "64"}),
            ("gateway_timeout", "it is done, and the answer is 504 with a JSON string"),
            ("answer_garbled", "it is done, and the answer is HTML with the status of success"),
            ("fields_added", "answers and frames have fields that are not published"),
            ("fields_left_out", "orders lack some fields that they usually have"),
            ("types_mixed", "quantities come as numbers, texts or floats, by chance"),
            ("balances_as_list", "the balances come as a list"),
        ),
        *faults_of(
            "tokens",
            (
                "refresh_refused",
                "the token call is refused for a while",
                {"code": "invalid_request", "text": "User is not a TastyTrade customer"},
            ),
            ("token_dies_early", "an access token is refused before its time"),
            ("token_short_lived", "access tokens die earlier than they say", {"seconds": "1"}),
            ("version_refused", "406 for every Accept-Version"),
            ("not_permitted", "403 for a request"),
        ),
        *faults_of(
            "orders",
            (
                "order_refused",
                "422 for a new order",
                {"code": "preflight_check_failure", "reason": "instruments_stopped_trading"},
            ),
            ("order_rejected_later", "an order is rejected after it was accepted", {"reason": "Rejected by exchange"}),
            ("order_listed_late", "an order is in no list for some seconds", {"seconds": "30"}),
            ("order_read_late", "an order is not known by its id for some seconds", {"seconds": "2"}),
            ("identifier_lost", "an order is shown without its external identifier"),
            ("unknown_status", "a working order shows a status that is not published", {"status": "Exchange Pending"}),
            ("stays_routed", "an order stays Routed", {"seconds": "5"}),
            ("ledger_late", "opening and closing is checked against positions of some seconds ago", {"seconds": "3"}),
            ("close_relabelled", "an order that closes, and is not strict, comes back as one that opens"),
            ("cancel_lost_to_fill", "an order is filled as its cancel arrives"),
            ("cancel_late", "an order is cancelled later; it may fill until then", {"seconds": "5"}),
            ("cancel_unheard", "a cancel is answered, and never done"),
            ("replace_lost_to_fill", "an order is filled as its replacement arrives, which is aborted"),
            ("replace_answer_bare", "a replacement is answered without its envelope"),
        ),
        *faults_of(
            "fills",
            ("no_fills", "nothing fills"),
            ("partial_fills", "an order fills at most so many combos at one step of the market", {"quantity": "1"}),
            ("legs_shown_late", "the fills of the further legs are shown later", {"seconds": "1"}),
            ("legs_fill_apart", "the legs of an order are filled one after the other", {"seconds": "1"}),
            ("combo_broken", "an order ends with only its first leg filled"),
            ("legs_priced_apart", "legs are filled at prices that do not add up to the order's", {"fraction": "0.2"}),
            ("fill_split", "every leg is filled in pieces of some contracts", {"quantity": "1"}),
            ("fills_unsorted", "the fills of a leg are listed in another order"),
        ),
        *faults_of(
            "account",
            ("transactions_late", "transactions are listed later", {"seconds": "30"}),
            ("transactions_missing", "a fill has no transaction"),
            ("commission_missing", "a transaction has no commission yet"),
            ("settlements_late", "transactions of settlements are listed hours later", {"hours": "12"}),
            ("positions_late", "positions lag further behind the fills", {"seconds": "10"}),
            ("positions_linger", "expired positions stay"),
            ("zero_rows", "positions of zero are listed"),
        ),
        *faults_of(
            "account stream",
            ("stream_upgrade_refused", "502 with HTML in place of the websocket"),
            ("connect_refused", "a connect is answered with an error"),
            ("connect_unanswered", "a connect is not answered"),
            ("heartbeat_unanswered", "heartbeats are not answered"),
            ("heartbeat_refused", "a heartbeat is answered with an error, and the socket is closed"),
            ("stream_mute", "nothing comes, and the socket stays open"),
            ("frames_lost", "frames of a kind never come", {"message": "Order"}),
            ("frames_doubled", "frames of a kind come twice", {"message": "Order"}),
            ("frames_late", "frames of a kind come later", {"message": "Order", "seconds": "1"}),
            ("frames_swapped", "frames of a kind come after the next frame", {"message": "Order"}),
            ("frames_gathered", "frames come as a list of results"),
            ("frames_malformed", "frames of a kind are no JSON", {"message": "Order"}),
            ("request_id_missing", "answers on the stream have no request-id"),
        ),
        *faults_of(
            "market data",
            ("feed_upgrade_refused", "502 with HTML in place of the websocket"),
            ("quote_token_refused", "a quote token is not accepted"),
            ("unauthorized_late", "AUTH_STATE UNAUTHORIZED comes later; AUTH before it is an error", {"seconds": "2"}),
            ("feed_mute", "nothing comes, not even KEEPALIVE, and the socket stays open"),
            ("feed_silent", "KEEPALIVE comes, and no data", {"symbol": ""}),
            ("full_format", "data comes as objects though COMPACT was agreed on"),
            ("config_late", "FEED_CONFIG comes after the first data"),
            ("config_without_fields", "FEED_CONFIG has no eventFields"),
            ("fields_permuted", "the fields of COMPACT data come in another order, which FEED_CONFIG names"),
            ("frame_cut", "the values of a COMPACT frame lack their last"),
            ("one_sided", "quotes have no bid", {"symbol": ""}),
            ("values_missing", "prices and sizes are NaN", {"symbol": ""}),
            ("subscription_too_big", "BAD_ACTION for more symbols than a number", {"symbols": "1000"}),
            ("snapshot_missing", "the first value of a subscription does not come before it changes"),
            ("channel_refused", "a channel is closed as it is asked for"),
        ),
    )
}
"""Every fault by name."""

SUBJECTS: Final = frozenset({"operation", "account", "message", "symbol"})
"""Arguments that say what a fault concerns: a REST call by its name, an account, a kind of frame, a symbol."""


class Faults(FaultSwitches):
    """The switches of one double of tastytrade."""

    def __init__(self, seed: int = 1) -> None:
        super().__init__(FAULTS, SUBJECTS, seed)
