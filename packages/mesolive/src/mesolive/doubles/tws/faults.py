"""Faults of the double of TWS: what it can be made to do, as TWS was seen to behave on bad days."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mesolive.doubles.fault_switches import Fault, FaultSwitches, faults_of

FAULTS: Final[Mapping[str, Fault]] = {
    fault.name: fault
    for fault in (
        *faults_of(
            "socket",
            ("torn_frames", "writes are cut into pieces of some bytes, one per turn of the loop", {"bytes": "7"}),
            (
                "glued_frames",
                "writes wait until so many frames have gathered, or the market's next step",
                {"frames": "20"},
            ),
            ("half_open", "the socket is read, and nothing is written any more"),
            (
                "delayed_messages",
                "messages of a kind come later; others overtake them",
                {"message": "", "seconds": "1"},
            ),
            ("doubled_messages", "messages of a kind come twice", {"message": "orderStatus"}),
            ("lost_messages", "messages of a kind never come", {"message": "orderStatus"}),
            ("malformed_messages", "messages of a kind lack their last field", {"message": "openOrder"}),
            (
                "garbled_messages",
                "messages of a kind have text in place of their last number",
                {"message": "execDetails"},
            ),
        ),
        *faults_of(
            "login",
            ("silent_login", "the socket is accepted, and nothing is said after startApi"),
            ("closed_login", "the socket is closed after startApi"),
            ("client_id_lingers", "a client id stays in use after its socket was lost", {"seconds": "60"}),
            ("read_only", "the API is read-only: orders and lists of orders are answered with 321"),
            ("farm_inactive", "2108: the farm of options is inactive until it is needed", {"farm": "usopt"}),
            ("foreign_texts", "the texts of errors are not English"),
            (
                "unknown_zone",
                "times of executions carry a zone that no database knows",
                {"zone": "Central European Standard Time"},
            ),
            ("zone_left_out", "times of executions carry no zone"),
            ("times_in_utc", "times of executions are in the form of UTC, 20261130-15:00:00"),
            ("order_ids_roll_back", "the next connection receives an order id that was used before", {"count": "4"}),
        ),
        *faults_of(
            "contracts",
            ("details_unanswered", "a request for contract details gets no answer"),
            ("details_slow", "contract details come at so many per second", {"per_second": "200"}),
            ("whole_chain_hangs", "a request for details without an expiration gets no answer"),
            ("bag_details_unanswered", "a request for details of a combo gets no answer, in place of 321"),
            ("class_unknown", "a class whose terms are not published is listed beside the others", {"root": "SPXQ"}),
        ),
        *faults_of(
            "market data",
            ("competing_session", "10197: no data until the other session ends"),
            (
                "not_subscribed",
                "354, 10167 or 10168: the data of an underlying, or of one contract, is not subscribed",
                {"symbol": "", "con_id": ""},
            ),
            (
                "partly_subscribed",
                "10089, 10090 or 10091: the data goes on without option computations",
                {"symbol": "", "code": "10090"},
            ),
            ("silent_after_restore", "subscriptions from before an outage stay silent after it"),
            ("subscription_lost", "10182: a subscription ends at the next step of the market"),
            ("snapshot_late", "the end of a snapshot comes after eleven seconds"),
            ("combo_data_dead", "a combo has no data while its legs quote"),
            ("no_computations", "option computations never come"),
        ),
        *faults_of(
            "orders",
            (
                "order_lost_in_socket",
                "the socket is cut as an order arrives: never known, its id goes to another",
            ),
            ("order_inactive", "an order is Inactive for some seconds, then it works", {"seconds": "5"}),
            ("order_swallowed", "an order is never known, and nothing is said"),
            ("order_held_by_dialog", "an order waits in a dialog of TWS, and nothing is said"),
            ("order_then_cut", "an order is accepted, and the socket cut before any answer"),
            ("order_unacknowledged", "an order is accepted and works, and nothing is said of its acceptance"),
            ("preset_tif", "10349: the time in force was taken from a preset; the order lives"),
            ("order_message", "399: the order waits for the opening; it lives"),
            ("outside_rth_ignored", "2109: an attribute is ignored; the order lives"),
            ("shares_to_locate", "404: the order is held while shares are located"),
            ("order_rejected", "a new order is refused", {"code": "201"}),
            ("combo_stop_refused", "387: a stop order on a combo is refused"),
            ("reference_cut", "a reference is kept up to so many characters", {"characters": "40"}),
            ("reference_changes", "a modification gives an order the reference that it names"),
            ("route_refused", "201: a combo is refused at one exchange", {"exchange": "CBOE"}),
            ("modification_rejected", "a modification is refused, the order lives on as it was", {"code": "110"}),
            ("modify_in_outage_duplicates", "a modification during an outage makes a second live order"),
            ("cancel_lost_to_fill", "10148: the order is filled before its cancel arrives"),
            ("cancel_unanswered", "a cancel is never heard"),
            ("cancel_pending", "a cancel is confirmed later; the order may fill until then", {"seconds": "5"}),
            ("cancel_refused", "a cancel is refused, the order lives", {"code": "161"}),
            ("cancel_by_error_only", "a cancel is confirmed by 202 alone: the status stays PendingCancel"),
            ("fill_after_cancel", "executions come after the order was called cancelled", {"quantity": "1"}),
            ("what_if_empty_first", "the first answer to a margin preview has no numbers"),
            ("what_if_unanswered", "a margin preview gets no answer"),
        ),
        *faults_of(
            "executions",
            ("executions_first", "executions come before the first openOrder"),
            ("status_missing", "no openOrder and no orderStatus come with a fill"),
            ("partial_fills", "an order fills at most so many at one step of the market", {"quantity": "1"}),
            ("no_fills", "nothing fills"),
            ("leg_prefixes", "the legs of a fill have another prefix than the combo's"),
            ("legs_split", "the legs of a fill come in parts, each with an id and a commission of its own"),
            ("executions_shuffled", "lists of executions come in another order"),
            ("bag_missing", "a combo's fill comes with its legs alone"),
            ("legs_late", "the legs of a fill come later than the combo's report", {"seconds": "3"}),
            ("commission_first", "the commission comes before its execution"),
            ("commission_never", "the commission is never reported, nor listed"),
            ("commission_unset", "the first report of a commission has no number"),
            ("outage_fills_untold", "fills of an outage are never reported live, only listed"),
        ),
        *faults_of(
            "positions",
            ("positions_linger", "expired positions stay"),
            ("positions_late", "positions lag behind the fills of some seconds", {"seconds": "10"}),
            ("zero_rows", "positions of zero are listed"),
            ("expiry_executions", "an expiration comes with executions of no order"),
        ),
    )
}
"""Every fault by name."""

SUBJECTS: Final = frozenset({"client", "message", "symbol", "exchange"})
"""Arguments that say whom a fault concerns."""


class Faults(FaultSwitches):
    """The switches of one double of TWS."""

    def __init__(self, seed: int = 1) -> None:
        super().__init__(FAULTS, SUBJECTS, seed)
