"""Sources of streams and snapshots: the checked request, the form of its items, and what reads its subject."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import msgspec

from mesolive.access.context import UserContext
from mesolive.errors import not_found, unavailable, validation
from mesolive.market.contracts import OptionContract
from mesolive.market.service import Market, UnknownContractError, UnknownProviderError, UnknownUnderlyingError
from mesolive.records import replace
from mesolive.streams.account_data import ACCOUNT_FORM, AccountReader, account_subject
from mesolive.streams.channels import Channel, Form
from mesolive.streams.gathered_reads import GatheredReads
from mesolive.tasks import Tasks
from mesolive.trading.portfolio.positions import Leg
from mesolive.trading.valuation.engine import Valuation, Wanted
from mesolive.trading.valuation.from_positions import PositionReader, entry_of, legs_subject, position_subject
from mesolive.trading.valuation.subjects import Entry, Spot, Subject, of_combo
from mesolive.trading.valuation.wire_items import (
    GREEKS,
    PNL,
    PRICES,
    Build,
    combo_fields,
    legs_fields,
    position_fields,
    single_fields,
    underlying_fields,
)
from mesolive_sdk import models

PARALLEL_READS = 8
"""Reads at a time: streams leave readers of the database to everything else."""


@dataclass(frozen=True, slots=True)
class StreamSource:
    """The data source of a stream or a snapshot."""

    key: tuple[Hashable, ...]
    user_id: int | None
    provider: models.DataProviderType | None
    form: Form
    load: Callable[[], Awaitable[tuple[Subject, bool]]]

    def channel(self) -> Channel:
        """Return a new channel of it, still without a subject."""
        return Channel(self.key, self.user_id, self.provider, self.form)


class StreamSources:
    """Makes the source of a request.

    Each method raises `ServiceError` for a provider that this server does not have, an unknown contract, or flags that
    select no field; reading the source does for an unknown id or one of another user.

    Parameters
    ----------
    positions
        Reads the users' positions and legs.
    market
        The quotes.
    tasks
        Own the reads.
    accounts
        Reads the users' accounts.
    """

    def __init__(
        self, positions: PositionReader, market: Market, tasks: Tasks, accounts: AccountReader | None = None
    ) -> None:
        self._positions = positions
        self._turns = asyncio.Semaphore(PARALLEL_READS)
        self._reads = GatheredReads(positions, self._turns, tasks)
        self._market = market
        self._accounts = accounts

    def position(self, user: UserContext, args: models.PositionDataArgs) -> StreamSource:
        """Return the source of a position."""
        blocks = (args.IncludePosition.value, args.IncludeLegs.value, args.IncludeLegGroups.value)
        form = _form(
            args.PriceFields,
            args.GreekFields,
            args.PnlFields,
            blocks[0] | blocks[1] | blocks[2],
            lambda subject, valuation: position_fields(subject, valuation, *blocks),
            models.PositionDataEntry,
            sums=True,
        )

        async def load() -> tuple[Subject, bool]:
            position = await self._reads.read(user.user_id, args.PositionId)
            return position_subject(position), position.closed_at is not None

        provider = self._provider(args.Provider)
        key = ("position", user.user_id, args.PositionId, *blocks, form.wanted, provider)
        return StreamSource(key, user.user_id, provider, form, load)

    def positions(self, user: UserContext, args: models.StreamPositionsDataArgs) -> Sequence[StreamSource]:
        """Return the source of each of several positions; their items say whose they are."""
        return [self._one_of_many(user, args, position) for position in dict.fromkeys(args.PositionIds)]

    def _one_of_many(self, user: UserContext, args: models.StreamPositionsDataArgs, position: int) -> StreamSource:
        names = (name for name in models.PositionDataArgs.__struct_fields__ if name != "PositionId")
        source = self.position(
            user, models.PositionDataArgs(PositionId=position, **{name: getattr(args, name) for name in names})
        )
        fields = source.form.build

        def build(subject: Subject, valuation: Valuation) -> Build:
            of_position = fields(subject, valuation)
            return lambda make: {"PositionId": position} | of_position(make)

        form = replace(source.form, build=build, type_=models.PositionsDataEntry)
        return replace(source, key=("one of many", *source.key), form=form)

    def leg(self, user: UserContext, args: models.LegDataArgs) -> StreamSource:
        """Return the source of a leg."""
        include = args.Include.value
        form = _form(
            args.PriceFields,
            args.GreekFields,
            args.PnlFields,
            include,
            lambda subject, valuation: single_fields(subject, valuation, include, pnl=True),
            models.LegDataEntry,
        )

        async def load() -> tuple[Subject, bool]:
            (leg,) = await self._read_legs(user, [args.LegId])
            return Subject(entries=(entry_of(leg),)), leg.closed_at is not None

        provider = self._provider(args.Provider)
        key = ("leg", user.user_id, args.LegId, include, form.wanted, provider)
        return StreamSource(key, user.user_id, provider, form, load)

    def legs(self, user: UserContext, args: models.LegsDataArgs) -> StreamSource:
        """Return the source of several legs."""
        include = args.Include.value
        if not args.LegIds:
            raise validation({"LegIds": ["must name at least one leg"]})
        form = _form(
            args.PriceFields,
            args.GreekFields,
            args.PnlFields,
            include,
            lambda subject, valuation: legs_fields(subject, valuation, include),
            models.LegsDataEntry,
        )
        ids = tuple(dict.fromkeys(args.LegIds))

        async def load() -> tuple[Subject, bool]:
            subject = legs_subject(await self._read_legs(user, ids))
            return subject, not subject.entries

        provider = self._provider(args.Provider)
        key = ("legs", user.user_id, ids, include, form.wanted, provider)
        return StreamSource(key, user.user_id, provider, form, load)

    def account(self, user: UserContext, args: models.AccountDataArgs) -> StreamSource:
        """Return the source of an account."""
        accounts, name = self._accounts, args.BrokerAccountId

        async def load() -> tuple[Subject, bool]:
            if accounts is None:
                raise not_found(f"account {name!r}")
            async with self._turns:
                return account_subject(await accounts.read(user.user_id, name)), False

        return StreamSource(("account", user.user_id, name), user.user_id, None, ACCOUNT_FORM, load)

    def combo(self, args: models.ComboContractsDataArgs) -> StreamSource:
        """Return the source of a combo of contracts."""
        include = args.Include.value
        if not args.Combo:
            raise validation({"Combo": ["must name at least one contract"]})
        problems = {
            f"Combo[{place}].Ratio": ["must be a finite number other than zero"]
            for place, leg in enumerate(args.Combo)
            if not leg.Ratio.is_finite() or leg.Ratio == 0
        }
        if problems:
            raise validation(problems)
        provider = self._provider(args.Provider)
        subject = of_combo(
            [
                (self._resolve(leg.Contract, args.Provider, f"Combo[{place}].Contract"), leg.Ratio)
                for place, leg in enumerate(args.Combo)
            ]
        )
        form = _form(
            args.PriceFields,
            args.GreekFields,
            models.LiveQuoteFields.None_,
            include,
            lambda _, valuation: combo_fields(valuation, include),
            models.ComboContractsDataEntry,
            sums=True,
        )
        legs = tuple(zip((entry.contract for entry in subject.entries), (leg.Ratio for leg in args.Combo), strict=True))
        return StreamSource(("combo", legs, include, form.wanted, provider), None, provider, form, _known(subject))

    def contract(self, args: models.ContractDataArgs) -> StreamSource:
        """Return the source of one contract."""
        include = args.Include.value
        provider = self._provider(args.Provider)
        contract = self._resolve(args.Contract, args.Provider, "Contract")
        form = _form(
            args.PriceFields,
            args.GreekFields,
            models.LiveQuoteFields.None_,
            include,
            lambda subject, valuation: single_fields(subject, valuation, include, pnl=False),
            models.ContractDataEntry,
        )
        subject = Subject(entries=(Entry(0, contract, Decimal(1)),))
        return StreamSource(
            ("contract", contract, include, form.wanted, provider), None, provider, form, _known(subject)
        )

    def underlying(self, args: models.UnderlyingDataArgs) -> StreamSource:
        """Return the source of an underlying."""
        provider = self._provider(args.Provider)
        symbol = args.Underlying.Symbol
        try:
            self._market.underlying(symbol, args.Provider)
        except UnknownUnderlyingError:
            raise not_found(f"underlying {symbol!r}") from None
        form = _form(
            args.PriceFields,
            models.LiveQuoteFields.None_,
            models.LiveQuoteFields.None_,
            PRICES,
            lambda _, valuation: underlying_fields(valuation),
            models.UnderlyingDataEntry,
        )
        subject = Subject(entries=(Entry(0, Spot(symbol), Decimal(1)),))
        return StreamSource(("underlying", symbol, form.wanted, provider), None, provider, form, _known(subject))

    def _provider(self, wanted: models.DataProviderType | None) -> models.DataProviderType | None:
        """Return the provider that is asked for, if the server runs it; `None` for the one that values each entry."""
        try:
            return None if wanted is None else self._market.provider(wanted).name
        except UnknownProviderError as error:
            raise unavailable(str(error), str(error.provider), code="ProviderUnavailable") from None

    def _resolve(
        self, contract: models.LiveContract, provider: models.DataProviderType | None, path: str
    ) -> OptionContract:
        try:
            return self._market.resolve(contract, provider)
        except ValueError as error:
            raise validation({path: [str(error)]}) from None
        except UnknownContractError as error:
            raise not_found(f"contract {error.contract}") from None
        except UnknownUnderlyingError as error:
            raise not_found(f"underlying {error.symbol!r}") from None

    async def _read_legs(self, user: UserContext, ids: Sequence[int]) -> Sequence[Leg]:
        async with self._turns:
            legs = await self._positions.read_legs(user.user_id, ids)
        result = {leg.id for leg in legs}
        missing = [str(wanted) for wanted in ids if wanted not in result]
        if missing:
            more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
            raise not_found(f"leg {', '.join(missing[:5])}{more}")
        return legs


def _known(subject: Subject) -> Callable[[], Awaitable[tuple[Subject, bool]]]:
    async def load() -> tuple[Subject, bool]:
        return subject, False

    return load


def _form(
    prices: models.LiveQuoteFields,
    greeks: models.LiveQuoteFields,
    pnl: models.LiveQuoteFields,
    include: int,
    build: Callable[[Subject, Valuation], Build],
    type_: type[msgspec.Struct],
    *,
    sums: bool = False,
) -> Form:
    """Return the form of a stream; raises `ValidationError` where it could never send an item."""
    wanted = Wanted(
        prices.value if include & PRICES else 0,
        greeks.value if include & GREEKS else 0,
        pnl.value if include & PNL else 0,
    )
    bits = wanted.prices | wanted.greeks | wanted.pnl
    if not bits:
        raise validation({"Include": ["nothing is asked for: name a block (Prices, Greeks, PnL) and a field of it"]})
    if sums and bits & 3:
        # The bid of a combo uses the asks of its short legs.
        bits |= 3
    bases = (bool(bits & 1), bool(bits & 2), bool(bits & 4), bool(bits & 8))
    return Form(wanted, bool(wanted.greeks), bases, build, type_)
