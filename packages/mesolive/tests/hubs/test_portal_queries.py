"""What pages ask once: the session, chain windows, names of definitions, acknowledged errors, filtered events."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio

from mesolive import __version__
from mesolive.journal.bus import LocalBus
from mesolive.journal.journal import Journal
from mesolive.journal.unstamped import UNSTAMPED
from mesolive_sdk import MesoLiveApiException, MesoLiveControlHubClient, models
from mesolive_sdk.models import StatusCode
from mesolive_testkit.refusals import refused
from mesolive_testkit.server import START, Kit, definition, live_server

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def kit(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Kit]:
    async with live_server(tmp_path_factory.mktemp("queries")) as running:
        yield running


async def test_the_session_states_its_user_and_the_state_of_the_market(kit: Kit) -> None:
    session = await kit.control.get_session()
    assert (session.User, session.Role, session.Version, session.Market) == (
        "trader",
        "trade",
        __version__,
        "simulated",
    )
    assert session.KeyId is not None
    assert session.SessionId is None
    assert (session.IsOpen, session.MarketTime) == (True, START)
    assert session.SessionOpen < START < session.SessionClose
    assert session.NextSessionOpen == session.SessionOpen + timedelta(days=1)
    of_symbol = await kit.control.get_session(models.GetSessionArgs(Symbol="SPX"))
    assert of_symbol.NextSessionOpen == session.NextSessionOpen
    assert session.DataProviders == [models.DataProviderType.Simulated]
    made = await kit.control.create_api_key(models.CreateApiKeyArgs(Role="watch"))
    watcher = await kit.client(MesoLiveControlHubClient, made.Token)
    assert (await watcher.get_session()).Role == "watch"


async def test_the_session_of_an_unknown_symbol_is_refused_and_not_that_of_stocks(kit: Kit) -> None:
    error = await refused(kit.control.get_session(models.GetSessionArgs(Symbol="SPXX")))
    assert error.error is not None
    assert error.status is StatusCode.ValidationError
    assert error.error.ValidationErrors == {
        "Symbol": ["no provider of this server has 'SPXX': its trading hours are not known"]
    }
    # What a strategy trades is known, also while no provider has it; and so are the contracts of the tables.
    await kit.strategy(StrategyName="on a stock", Symbol="AAPL")
    for symbol in ("AAPL", "VIX", "ES"):
        assert (await kit.control.get_session(models.GetSessionArgs(Symbol=symbol))).Symbol == symbol


async def test_a_chain_is_a_window_of_strikes_around_the_money(kit: Kit) -> None:
    (underlying,) = (await kit.control.list_underlyings()).Underlyings
    assert (underlying.Underlying.Symbol, underlying.Preferred, underlying.Stale) == ("SPX", True, False)
    assert underlying.Mark is not None
    expirations = (await kit.control.get_expirations(models.GetExpirationsArgs(Symbol="SPX"))).Expirations
    assert [expiration.Expiration for expiration in expirations] == sorted(
        expiration.Expiration for expiration in expirations
    )
    month = next(expiration for expiration in expirations if expiration.DTE > 20)
    chain = await kit.control.get_chain(models.GetChainArgs(Symbol="SPX", Root=month.Root, Day=month.Day, Strikes=11))
    assert (chain.Expiration, len(chain.Rows), chain.Stale) == (month, 11, False)
    strikes = [row.Strike for row in chain.Rows]
    assert strikes == sorted(strikes)
    assert month.Forward is not None
    assert strikes[0] < month.Forward < strikes[-1]
    assert chain.Listed > 11
    for row in chain.Rows:
        assert row.Call is not None
        assert row.Put is not None
        assert row.Call.Bid is not None
        assert row.Call.Ask is not None
        assert 0 < row.Call.Bid <= row.Call.Ask
        assert row.Call.Delta is not None
        assert 0 < row.Call.Delta < 100
        assert row.Put.Delta is not None
        assert -100 < row.Put.Delta < 0
        assert row.Call.IV is not None
        assert 1 < row.Call.IV < 200
        assert row.Call.Quality == "Live"


async def test_a_chain_agrees_with_the_snapshot_of_its_contracts(kit: Kit) -> None:
    expirations = (await kit.control.get_expirations(models.GetExpirationsArgs(Symbol="SPX"))).Expirations
    month = next(expiration for expiration in expirations if expiration.DTE > 20)
    chain = await kit.control.get_chain(models.GetChainArgs(Symbol="SPX", Root=month.Root, Day=month.Day, Strikes=1))
    (row,) = chain.Rows
    data = await kit.data()
    contract = models.LiveContract(
        ContractType=models.MesoContractType.Options,
        Underlying=(await kit.control.list_underlyings()).Underlyings[0].Underlying,
        Root=month.Root,
        OptionType=models.MesoOptionType.Put,
        Expiration=month.Expiration,
        Strike=row.Strike,
        Multiplier=chain.Multiplier,
    )
    shown = await data.get_contract_snapshot(
        models.GetContractSnapshotArgs(Contract=contract, Provider=models.DataProviderType.Simulated)
    )
    assert row.Put is not None
    assert shown.Prices is not None
    assert shown.Greeks is not None
    assert (shown.Prices.Bid, shown.Prices.Ask) == (row.Put.Bid, row.Put.Ask)
    assert shown.Greeks.Mark is not None
    assert float(shown.Greeks.Mark.Delta or 0) == pytest.approx(float(row.Put.Delta or 0), abs=1e-4)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"Day": "tomorrow"}, StatusCode.ValidationError),
        ({"Day": "2020-01-01"}, StatusCode.NotFound),
        ({"Symbol": "NONE", "Day": "2026-02-20"}, StatusCode.NotFound),
    ],
)
async def test_a_chain_that_is_not_there_is_refused(kit: Kit, changes: dict[str, str], status: StatusCode) -> None:
    with pytest.raises(MesoLiveApiException) as refused:
        await kit.control.get_chain(models.GetChainArgs(**{"Symbol": "SPX"} | changes))  # pyright: ignore[reportArgumentType]  # by name
    assert refused.value.status is status


async def test_the_names_of_a_definition_are_listed_also_while_it_is_broken(kit: Kit) -> None:
    plain = await kit.control.list_variables()
    names = {item.Name for item in plain.Variables}
    assert {"underlying_price", "pos_pnl", "nav", "profit_target"} <= names
    assert all(item.Help for item in plain.Variables)
    kinds = {item.Name: item.Type for item in plain.Variables}
    assert set(kinds.values()) == {"Number", "Integer"}
    assert (kinds["nav"], kinds["pos_in_flight"]) == ("Number", "Integer")
    broken = definition(Entry={"Conditions": ["1 +"], "VarDefines": {"best": "0"}})
    own = {
        item.Name: item.Source
        for item in (await kit.control.list_variables(models.ListVariablesArgs(StrategyDefinition=broken))).Variables
    }
    assert own["leg_short_put_delta"] == "Leg"
    assert own["expiration_month_dte"] == "Expiration"
    assert own["best"] == "VarDefines"
    odd = models.ListVariablesArgs(StrategyDefinition={"Structure": [1, {"Legs": None}], "Entry": {"VarDefines": 3}})
    assert {item.Name for item in (await kit.control.list_variables(odd)).Variables} == names


async def test_an_error_is_acknowledged_until_it_begins_anew(kit: Kit) -> None:
    error_id = uuid4()

    async def note(state: models.ErrorState) -> int:
        journal = Journal(kit.application.database, LocalBus(), kit.application.clock)
        event = models.ErrorEvent(EventTime=UNSTAMPED, State=state, ErrorId=error_id, Message="a price is missing")
        user = await kit.application.access.user("trader")
        async with kit.application.database.write(user.user_id) as tx:
            await journal.append(tx, user.user_id, [event])
        return event.EventSeqId

    began = await note(models.ErrorState.Active)
    first = await kit.control.acknowledge_error(models.AcknowledgeErrorArgs(ErrorId=error_id))
    assert first.EventSeqId == began
    again = await kit.control.acknowledge_error(models.AcknowledgeErrorArgs(ErrorId=error_id))
    assert again == first
    assert (await kit.control.list_error_acknowledgements()).Acknowledgements == [first]
    other = await kit.other_user()
    assert (await other.list_error_acknowledgements()).Acknowledgements == []
    for control, wrong in ((other, error_id), (kit.control, uuid4())):
        with pytest.raises(MesoLiveApiException) as refused:
            await control.acknowledge_error(models.AcknowledgeErrorArgs(ErrorId=wrong))
        assert refused.value.status is StatusCode.NotFound
    await note(models.ErrorState.Resolved)
    assert (await kit.control.list_error_acknowledgements()).Acknowledgements == []
    await note(models.ErrorState.Active)
    assert (await kit.control.list_error_acknowledgements()).Acknowledgements == []


async def test_events_are_found_by_position_and_by_text(kit: Kit) -> None:
    strategy = await kit.strategy()
    first = await kit.enter(strategy.Id, name="Needle_100%")
    second = await kit.enter(strategy.Id, name="hay")
    hub = await kit.events()

    async def found(**filters: object) -> list[object]:
        args = models.GetEventsArgs(Limit=500, **filters)  # pyright: ignore[reportArgumentType]  # by name
        return [each.Event for each in (await hub.get_events(args)).Events]

    of_first = await found(PositionId=first.PositionId, Types=["OnPositionUpdate"])
    assert [getattr(event, "PositionName", None) for event in of_first] == ["Needle_100%"]
    of_order = await found(OrderId=second.LiveOrderIds[0])
    assert of_order
    assert {getattr(event, "OrderId", None) for event in of_order} == {second.LiveOrderIds[0]}
    by_text = await found(Text="needle_100%", Types=["OnPositionUpdate", "OnLegUpdate"])
    assert by_text
    assert {getattr(event, "PositionName", None) for event in by_text} == {"Needle_100%"}
    assert await found(Text="needle_1000") == []
    assert await found(Text="needleX100") == []


async def refusal(call: Awaitable[object]) -> MesoLiveApiException:
    with pytest.raises(MesoLiveApiException) as refused:
        await call
    return refused.value


async def test_an_argument_that_means_nothing_is_refused_by_its_field_with_what_came(kit: Kit) -> None:
    control, events, start = kit.control, await kit.events(), START - timedelta(days=1)
    day = (await control.get_expirations(models.GetExpirationsArgs(Symbol="SPX"))).Expirations[3].Day
    account = models.CreateAccountArgs(
        BrokerAccountId="ML77", BrokerType=models.BrokerType.MesoLive, Cash=Decimal(1), Currency="usd!"
    )
    quiet = models.QuietHours(From="25:00", To="x", TimeZone="Mars")
    rule = models.AddNotificationRuleArgs(Name="a", Url="json://example.org", Quiet=quiet)
    for call, fields, came in (
        (control.create_account(account), ["Currency"], "'usd!'"),
        (
            control.list_positions(models.ListPositionsArgs(ClosedFrom=START, ClosedTo=start)),
            ["ClosedTo"],
            str(start.date()),
        ),
        (control.get_chain(models.GetChainArgs(Symbol="SPX", Day=day, Center=Decimal(-5))), ["Center"], "-5"),
        (
            control.get_risk_graph(models.GetRiskGraphArgs(PositionIds=[1], QtyMultiplier=Decimal(3))),
            ["QtyMultiplier"],
            "3",
        ),
        (events.get_events(models.GetEventsArgs(Types=["OnError", "OnNothing"])), ["Types[1]"], "'OnNothing'"),
        (control.create_api_key(models.CreateApiKeyArgs(Label="x" * 201)), ["Label"], "201"),
        (control.add_notification_rule(rule), ["Quiet.From", "Quiet.To", "Quiet.TimeZone"], "'25:00'"),
    ):
        error = await refusal(call)
        assert error.status is StatusCode.ValidationError
        assert error.error is not None
        problems = error.error.ValidationErrors or {}
        assert list(problems) == fields
        assert came in problems[fields[0]][0]
        assert "expected" in problems[fields[0]][0]
    no_provider = models.ListUnderlyingsArgs(DataProvider=models.DataProviderType.Ibkr)
    assert (await refusal(control.list_underlyings(no_provider))).status is StatusCode.ProviderUnavailable


async def test_the_next_session_is_shown_while_the_exchange_is_closed(kit: Kit) -> None:
    await kit.advance(timedelta(hours=8).total_seconds())
    session = await kit.control.get_session()
    assert not session.IsOpen
    assert session.NextSessionOpen == session.SessionOpen > session.MarketTime


async def test_a_list_of_positions_says_what_pages_show_without_reading_each(tmp_path: Path) -> None:
    async with live_server(tmp_path) as kit:
        strategy = await kit.strategy()
        held = (await kit.enter(strategy.Id, name="held")).PositionId
        closed = (await kit.enter(strategy.Id, name="closed")).PositionId
        await kit.advance(60)
        await kit.leave(closed)
        plain = (await kit.control.list_positions()).Positions
        assert {(each.UnrealizedPnL, each.DayPnL, each.Margin) for each in plain} == {(None, None, None)}
        valued = models.ListPositionsArgs(IncludeValues=True)
        listed = {position.Id: position for position in (await kit.control.list_positions(valued)).Positions}
        for position_id in (held, closed):
            detail = await kit.control.get_position(models.GetPositionArgs(PositionId=position_id))
            for name in models.LivePosition.__struct_fields__:
                assert getattr(detail, name) == getattr(listed[position_id], name), name
        assert (listed[held].Symbol, listed[closed].Symbol) == ("SPX", "SPX")
        assert len(listed[held].Expirations or ()) == 1
        assert listed[closed].Expirations == []
        at = listed[closed].ClosedAt
        assert at is not None
        page = await kit.control.list_positions(models.ListPositionsArgs(ClosedFrom=at, ClosedTo=at))
        assert [position.Id for position in page.Positions] == [closed]
        later = models.ListPositionsArgs(ClosedFrom=at + timedelta(seconds=1))
        assert (await kit.control.list_positions(later)).Positions == []
