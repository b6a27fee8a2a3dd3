"""conIds of option contracts: from the chains that were read, from the journal, else asked of TWS."""

from __future__ import annotations

from collections.abc import Callable

from mesolive.connectors.ibkr.contract_mapping import description_of, option_of
from mesolive.connectors.ibkr.pacing import Priority
from mesolive.connectors.ibkr.session import TwsSession
from mesolive.connectors.ibkr.session_errors import RequestRefusedError
from mesolive.market.contracts import OptionContract


class UnknownContractError(Exception):
    """IB lists no such contract."""


class ContractIds:
    """Finds conIds; they never change, and are asked for once.

    Parameters
    ----------
    session
        Whom to ask.
    chains
        Returns a conId that the chains have, or `None`.
    """

    def __init__(self, session: TwsSession, chains: Callable[[OptionContract], int | None] | None = None) -> None:
        self._session = session
        self._chains = chains
        self._known: dict[OptionContract, int] = {}

    def learn(self, contract: OptionContract, con_id: int) -> None:
        """Remember a conId."""
        if con_id > 0:
            self._known[contract] = con_id

    def known(self, contract: OptionContract) -> int | None:
        """Return a conId without asking for it."""
        result = self._known.get(contract)
        if result is None and self._chains is not None:
            result = self._chains(contract)
        return result

    async def con_id(self, contract: OptionContract) -> int:
        """Return a conId.

        Raises
        ------
        UnknownContractError
            When IB lists no such contract.
        TwsError
            When there is no answer.
        """
        result = self.known(contract)
        if result is not None:
            return result
        try:
            rows = await self._session.contract_details(description_of(contract), priority=Priority.ORDER)
        except RequestRefusedError as error:
            if error.code == 200:
                raise UnknownContractError(f"{contract} is not listed at IB") from error
            raise
        for row in rows:
            option = option_of(row.contract)
            if option == contract:
                self._known[contract] = row.contract.con_id
                return row.contract.con_id
        raise UnknownContractError(f"{contract} is not listed at IB")
