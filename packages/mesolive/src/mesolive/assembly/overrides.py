"""Parts that tests, benchmarks and the backtester put in place of those that the settings ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from mesolive.clock import Clock
from mesolive.connectors.kinds import ConnectorKind
from mesolive.connectors.supervisor import SupervisionConfig
from mesolive.market.service import Market
from mesolive.notifications.notifier import NotifierConfig
from mesolive.notifications.targets import Target
from mesolive.trading.evaluation.evaluator import EvaluationListener
from mesolive.trading.execution.order_service import ANSWER_SECONDS
from mesolive.trading.execution.reconciliation import ReconciliationConfig
from mesolive.trading.execution.send_permits import LIMITS, SendLimits
from mesolive.venues.base import Venue


@dataclass(frozen=True, slots=True)
class Overrides:
    """Parts in place of those that the settings ask for: for tests, benchmarks and the backtester.

    Attributes
    ----------
    market
        A market and its clock.
    venues
        Venues in place of the simulated one.
    reconciliation
        Times of the reconciliation with venues.
    answer_seconds
        Real seconds that a venue may take to answer an order.
    send_limits
        How soon after its admission an order must be sent.
    replay
        Makes the randomness of evaluations. When it is given, nothing runs by itself: the caller says when signals are
        evaluated, and there are neither retention nor checks of health and of providers.
    transient
        Whether the database is thrown away at the end, and no caller waits besides the replay itself: no
        commit waits for the disk, and queries and evaluations run on the event loop.
    evaluation_listener
        Called after every evaluation of a strategy.
    kinds
        Kinds of connectors in place of the registry's.
    supervision
        Time limits of connectors.
    notifier
        Times of the notifier.
    notification_target
        What sends notifications in place of Apprise.
    """

    market: tuple[Market, Clock] | None = None
    venues: Sequence[Venue] | None = None
    reconciliation: ReconciliationConfig | None = None
    answer_seconds: float = ANSWER_SECONDS
    send_limits: SendLimits = LIMITS
    replay: Callable[[str], Random] | None = None
    transient: bool = False
    evaluation_listener: EvaluationListener | None = None
    kinds: Mapping[str, ConnectorKind] | None = None
    supervision: SupervisionConfig | None = None
    notifier: NotifierConfig | None = None
    notification_target: Target | None = None
