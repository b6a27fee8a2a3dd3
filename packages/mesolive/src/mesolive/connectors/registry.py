"""Registry of connector kinds: a new broker is its folder in `mesolive.connectors` and one line in `KINDS`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mesolive.connectors.ibkr import IBKR
from mesolive.connectors.kinds import ConnectorKind
from mesolive.connectors.recorded import RECORDED
from mesolive.connectors.simulated import SIMULATED
from mesolive.connectors.tastytrade import TASTYTRADE

KINDS: Final[Mapping[str, ConnectorKind]] = {
    "simulated": SIMULATED,
    "recorded": RECORDED,
    "ibkr": IBKR,
    "tastytrade": TASTYTRADE,
}
