"""Faults of the double of TWS: named switches, seeded, that make it behave as TWS was seen to behave on bad days."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault that can be switched on.

    Attributes
    ----------
    summary
        What the double does then.
    defaults
        Its arguments with their defaults, all as text.
    """

    name: str
    group: str
    summary: str
    defaults: Mapping[str, str] = field(default_factory=dict[str, str])


def _faults(group: str, *rows: tuple[str, str] | tuple[str, str, dict[str, str]]) -> Iterator[Fault]:
    for row in rows:
        yield Fault(row[0], group, row[1], row[2] if len(row) == 3 else {})


FAULTS: Final[Mapping[str, Fault]] = {
    fault.name: fault
    for fault in (
        *_faults(
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
        *_faults(
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
            ("order_ids_roll_back", "the next connection is told an order id that was used before", {"count": "4"}),
        ),
        *_faults(
            "contracts",
            ("details_unanswered", "a request for contract details gets no answer"),
            ("details_slow", "contract details come at so many per second", {"per_second": "200"}),
            ("whole_chain_hangs", "a request for details without an expiration gets no answer"),
            ("bag_details_unanswered", "a request for details of a combo gets no answer, in place of 321"),
        ),
        *_faults(
            "market data",
            ("competing_session", "10197: no data until the other session ends"),
            ("not_subscribed", "354, 10167 or 10168: the underlying's data is not subscribed", {"symbol": ""}),
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
        *_faults(
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
        *_faults(
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
            ("commission_never", "the commission is never told, nor listed"),
            ("commission_unset", "the first report of a commission has no number"),
            ("outage_fills_untold", "fills of an outage are never told live, only listed"),
        ),
        *_faults(
            "positions",
            ("positions_linger", "expired positions stay"),
            ("positions_late", "positions lag behind the fills of some seconds", {"seconds": "10"}),
            ("zero_rows", "positions of zero are listed"),
            ("expiry_executions", "an expiration comes with executions of no order"),
        ),
    )
}
"""Every fault by name."""

GENERAL_ARGUMENTS: Final = frozenset({"client", "message", "symbol"})
"""Arguments that say whom a fault concerns; empty means everybody."""


class FaultError(ValueError):
    """A fault or an argument that does not exist."""


@dataclass(slots=True)
class Switch:
    """A fault that is on.

    Attributes
    ----------
    probability
        With which it strikes on each occasion.
    times
        How often it still strikes; `None` for as long as it is on.
    skip
        How many occasions pass before it can strike.
    arguments
        All arguments of the fault.
    fired
        How often it has struck.
    """

    probability: float
    times: int | None
    skip: int
    arguments: Mapping[str, str]
    fired: int = 0


class Faults:
    """The switches of one double.

    Parameters
    ----------
    seed
        Of the probabilities; each fault has its own random numbers, so that one does not disturb another.
    """

    def __init__(self, seed: int = 1) -> None:
        self._seed = seed
        self._on: dict[str, list[Switch]] = {}
        self._random: dict[str, random.Random] = {}
        self.fired: dict[str, int] = {}

    def switch_on(
        self,
        name: str,
        *,
        probability: float = 1.0,
        times: int | None = None,
        skip: int = 0,
        **arguments: object,
    ) -> Switch:
        """Switch a fault on; it may be on several times, with different arguments.

        Raises
        ------
        FaultError
            When there is no such fault or argument, or the probability is not within 0 to 1.
        """
        fault = FAULTS.get(name)
        if fault is None:
            raise FaultError(f"there is no fault {name!r}; there are: {', '.join(FAULTS)}")
        unknown = set(arguments) - set(fault.defaults) - GENERAL_ARGUMENTS
        if unknown:
            raise FaultError(f"the fault {name} has no argument {min(unknown)!r}; it has: {', '.join(fault.defaults)}")
        if not 0.0 <= probability <= 1.0:
            raise FaultError(f"the probability of {name} must lie between 0 and 1, got {probability}")
        given = {key: str(value) for key, value in arguments.items()}
        switch = Switch(probability, times, skip, {**fault.defaults, **given})
        self._on.setdefault(name, []).append(switch)
        return switch

    def switch_off(self, name: str) -> None:
        """Switch a fault off, however often it was switched on.

        Raises
        ------
        FaultError
            When there is no such fault.
        """
        if name not in FAULTS:
            raise FaultError(f"there is no fault {name!r}; there are: {', '.join(FAULTS)}")
        self._on.pop(name, None)

    @property
    def on(self) -> Mapping[str, list[Switch]]:
        """The switches that are on, by fault."""
        return self._on

    def is_on(self, name: str, **subject: object) -> bool:
        """Whether a fault is on for a subject; asking does not count as an occasion."""
        return any(_concerns(switch, subject) and switch.times != 0 for switch in self._on.get(name, ()))

    def strike(self, name: str, **subject: object) -> Mapping[str, str] | None:
        """Return the arguments of a fault if it strikes on this occasion, else `None`.

        Parameters
        ----------
        name
            A key of `FAULTS`.
        subject
            Whom it would concern: `client`, `message`, `symbol`.
        """
        switches = self._on.get(name)
        if not switches:
            return None
        for switch in switches:
            if not _concerns(switch, subject) or switch.times == 0:
                continue
            if switch.skip:
                switch.skip -= 1
                continue
            if switch.probability < 1.0 and self._draw(name) >= switch.probability:
                continue
            if switch.times is not None:
                switch.times -= 1
            switch.fired += 1
            self.fired[name] = self.fired.get(name, 0) + 1
            return switch.arguments
        return None

    def shuffle(self, name: str, items: list[_Item]) -> None:
        """Bring items into another order, drawn with the seed and the name of a fault."""
        self._numbers(name).shuffle(items)

    def _draw(self, name: str) -> float:
        return self._numbers(name).random()

    def _numbers(self, name: str) -> random.Random:
        return self._random.setdefault(name, random.Random(f"{self._seed}/{name}"))  # noqa: S311 - not for secrets


def _concerns(switch: Switch, subject: Mapping[str, object]) -> bool:
    """Whether a switch is for a subject: every argument that names one is empty or equal."""
    return all(not switch.arguments.get(key) or switch.arguments[key] == str(value) for key, value in subject.items())
