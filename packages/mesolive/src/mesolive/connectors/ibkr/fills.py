"""Fills of orders: executions and commissions as they come, gathered into fills that are reported once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import Any, Final

from mesolive.connectors.ibkr.executions import ExecutionReport, report_of
from mesolive.connectors.ibkr.gathering import Fill, Share, base_id, correction_number, deal, legs_of_fill
from mesolive.connectors.ibkr.journal import Cost, Reported, Seen
from mesolive.connectors.ibkr.order_book import Chain
from mesolive.connectors.ibkr.tws_messages import CommissionRow, ExecutionRow
from mesolive.connectors.ibkr.venue_state import VenueState
from mesolive.venues.base import Execution, LegExecution

COMMISSION_SECONDS: Final = 5.0
"""How long a fill waits for its commissions; then it is reported with those that are known."""

LEGS_SECONDS: Final = 5.0
"""How long a fill waits for its legs before the list of executions is asked for."""

INCOMPLETE_SECONDS: Final = 60.0
"""After which a fill without all its legs is a problem."""


class FillGatherer:
    """Collects executions, and reports complete fills.

    Parameters
    ----------
    ask
        Asks TWS for its list of executions, whose rows come here.
    """

    def __init__(self, state: VenueState, ask: Callable[[], Coroutine[Any, Any, object]]) -> None:
        self._state = state
        self._ask = ask
        self._waiting: set[str] = set()
        self._late: set[str] = set()
        self._without_bag: set[str] = set()
        self.idle = asyncio.Event()
        self.idle.set()

    def execution(self, row: ExecutionRow) -> Chain | None:
        """Keep an execution; return the chain of ours that it is of."""
        state, book = self._state, self._state.book
        chain = book.chain_of(row.order_ref, row.perm_id, row.account)
        if book.has_seen(row.exec_id):
            return chain
        report = report_of(row)
        state.record(Seen(row=report))
        if chain is None:
            self._report_other(report)
        elif correction_number(report.exec_id) > 1 and self._was_told(chain, base_id(report.exec_id)):
            self._report_correction(report)
        return chain

    def commission(self, row: CommissionRow) -> Chain | None:
        """Keep a commission; return the chain of ours that it is of."""
        book = self._state.book
        known = book.commissions.get(row.exec_id)
        if row.commission is None or known == row.commission:
            return None
        self._state.record(Cost(exec_id=row.exec_id, commission=row.commission))
        chain = book.chain_by_execution.get(row.exec_id)
        if chain is not None and self._was_told(chain, base_id(row.exec_id)):
            self._state.problem(
                f"commission {chain.account} {base_id(row.exec_id)}",
                f"account {chain.account}: the commission of execution {row.exec_id} is {row.commission}, and its fill "
                f"was booked with {known or Decimal(0)} before: correct the cash in the books by the difference",
            )
        return chain

    def gather(self, chain: Chain, *, final: bool = False, from_legs: bool = False) -> None:
        """Tell the fills of a chain that are complete.

        Parameters
        ----------
        final
            Whether commissions are not waited for any more.
        from_legs
            Whether fills are made of legs for which no execution of the combo has come.
        """
        book = self._state.book
        dealt = deal(chain.rows.values(), chain.ratios, chain.fills, from_legs=from_legs)
        unknown = False
        for fill in dealt.fills:
            legs = legs_of_fill(fill, chain.rows.values(), book.commissions, chain.ratios)
            if all(leg.commission_known for leg in legs):
                self._report(chain, fill)
            elif final:
                self._report(chain, fill)
                self._report_unknown_commission(chain, fill)
            else:
                unknown = True
                break  # fills of an order are reported in their order
        if not dealt.incomplete:
            self._state.solved(f"legs of {chain.order_ref}")
        if unknown or dealt.incomplete or (dealt.left and chain.is_combo):
            self._wait(chain)
        elif chain.order_ref in self._waiting:
            self._done(chain)

    def _report_correction(self, report: ExecutionReport) -> None:
        self._state.problem(
            f"correction {report.exec_id}",
            f"IB has corrected execution {report.exec_id} to {report.shares} at {report.price} after it was "
            "booked; compare the account's statement with the books",
        )

    def _report_unknown_commission(self, chain: Chain, fill: Fill) -> None:
        exec_ids = {base_id(row.exec_id): row.exec_id for row in chain.rows.values()}
        for share in fill.shares:
            if exec_ids[share.base_id] not in self._state.book.commissions:
                self._state.problem(
                    f"commission {chain.account} {share.base_id}",
                    f"account {chain.account}: IB has not reported the commission of execution "
                    f"{exec_ids[share.base_id]}; "
                    "its fill is booked without it. Compare the account's statement with the books",
                )

    async def settled(self) -> None:
        """Wait until no fill waits for legs or commissions."""
        await self.idle.wait()

    def incomplete(self, account: str) -> bool:
        """Whether a fill of an account has been reported in part only."""
        return any(
            chain.account == account and chain.order_ref in self._waiting for chain in self._state.book.chains.values()
        )

    def waits_for(self, chain: Chain) -> bool:
        """Whether a fill of a chain waits for legs or commissions."""
        return chain.order_ref in self._waiting

    # --- waiting -----------------------------------------------------------------------------------------------------

    def _wait(self, chain: Chain) -> None:
        if chain.order_ref not in self._waiting:
            self._waiting.add(chain.order_ref)
            self.idle.clear()
            self._state.tasks.spawn("ibkr fill", self._complete(chain))

    def _done(self, chain: Chain) -> None:
        self._waiting.discard(chain.order_ref)
        if not self._waiting:
            self.idle.set()

    async def _complete(self, chain: Chain) -> None:
        """Wait for what a fill lacks; request it; report it with what is known; then raise an alarm."""
        timer = self._state.timer
        try:
            await timer.sleep(max(COMMISSION_SECONDS, LEGS_SECONDS))
            if chain.order_ref not in self._waiting:
                return
            await self._ask()
            self.gather(chain, final=True, from_legs=True)
            for _ in range(int(INCOMPLETE_SECONDS / LEGS_SECONDS) - 1):
                if chain.order_ref not in self._waiting:
                    return
                self._done(chain)  # the lists are answered without it from here on; they say that it is missing
                if not self._lacks(chain):
                    return
                self._waiting.add(chain.order_ref)
                self.idle.set()
                await timer.sleep(LEGS_SECONDS)
                await self._ask()
                self.gather(chain, final=True, from_legs=True)
            if self._lacks(chain):
                self._state.problem(
                    f"legs of {chain.order_ref}",
                    f"IB has reported a part of a fill of order {chain.order_ref} only; compare the account's "
                    "executions in TWS with the books",
                )
        finally:
            self._done(chain)

    def _lacks(self, chain: Chain) -> bool:
        dealt = deal(chain.rows.values(), chain.ratios, chain.fills, from_legs=True)
        return bool(dealt.incomplete or (dealt.left and chain.is_combo) or dealt.fills)

    # --- telling -----------------------------------------------------------------------------------------------------

    def _report(self, chain: Chain, fill: Fill) -> None:
        order = chain.current
        book = self._state.book
        rows = {base_id(row.exec_id): row for row in chain.rows.values()}
        by_con_id = {leg.con_id: leg for leg in legs_of_fill(fill, chain.rows.values(), book.commissions, chain.ratios)}
        execution = Execution(
            account=chain.account,
            reference=order.reference,
            venue_id=order.venue_id or f"{rows[fill.shares[0].base_id].perm_id}.{order.place}",
            execution_id=fill.fill_id,
            qty=fill.combos,
            legs=tuple(
                LegExecution(
                    name=leg.name,
                    contract=leg.contract,
                    qty=leg.ratio * fill.combos,
                    price=by_con_id[con_id].price,
                    # Legs of one contract share its commission.
                    commission=by_con_id[con_id].commission * leg.ratio / chain.ratios[con_id],
                )
                for con_id, leg in zip(chain.con_ids, order.request.legs, strict=True)
            ),
            at=max(rows[share.base_id].at for share in fill.shares),
            session_id=chain.order_id,
        )
        perm_id = rows[fill.shares[0].base_id].perm_id
        self._state.record(
            Reported(order_ref=chain.order_ref, perm_id=perm_id, fill=fill, execution=execution), durable=True
        )
        self._state.report(execution)

    def _report_other(self, report: ExecutionReport) -> None:
        """Tell an execution of an order that is not ours: by hand, by IB, by another client; combos by their legs."""
        if report.option is None:
            return
        if correction_number(report.exec_id) > 1 and base_id(report.exec_id) in self._state.book.reported_others:
            self._report_correction(report)
            return
        base = base_id(report.exec_id)
        fill = Fill(
            fill_id=base,
            combos=report.shares,
            shares=(Share(base_id=base, con_id=report.con_id, shares=report.shares),),
        )
        leg = LegExecution(
            name=report.option.symbol,
            contract=report.option,
            qty=report.signed,
            price=report.price,
            commission=self._state.book.commissions.get(report.exec_id, Decimal(0)),
        )
        execution = Execution(
            account=report.account,
            reference=None,
            venue_id=f"{report.perm_id}.0" if report.perm_id else f"none-{base}",
            execution_id=base,
            qty=report.shares,
            legs=(leg,),
            at=report.at,
        )
        self._state.record(Reported(order_ref="", perm_id=report.perm_id, fill=fill, execution=execution))
        self._state.report(execution)

    def _was_told(self, chain: Chain, base: str) -> bool:
        return any(share.base_id == base for fill in chain.fills for share in fill.shares) or any(
            fill.fill_id == base for fill in chain.fills
        )
