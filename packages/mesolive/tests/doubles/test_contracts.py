"""Contract definitions of the double of TWS, decoded by the real client library."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from mesolive.doubles.tws.contract_messages import last_trade_day
from mesolive.doubles.tws.settings import DoubleSettings
from mesolive_testkit.tws import TwsClient, TwsKit, ib, running_double

THIRD_FRIDAY = date(2026, 12, 18)


def spx(**fields: Any) -> Any:
    return ib.Contract(symbol="SPX", secType="OPT", exchange="SMART", currency="USD", **fields)


async def details(client: TwsClient, contract: Any) -> list[Any]:
    """Return the contract details that a request is answered with."""
    req_id = client.next_id()
    client.api.reqContractDetails(req_id, contract)
    await client.get("contractDetailsEnd", lambda call: call[0] == req_id)
    return [item for got, item in client.named("contractDetails") if got == req_id]


async def classes(client: TwsClient, symbol: str, sec_type: str, con_id: int, exchange: str = "") -> dict[Any, Any]:
    """Return the expirations and strikes of each exchange and class."""
    req_id = client.next_id()
    client.api.reqSecDefOptParams(req_id, symbol, exchange, sec_type, con_id)
    await client.get("securityDefinitionOptionParameterEnd", lambda call: call[0] == req_id)
    rows = client.named("securityDefinitionOptionParameter")
    return {(row[1], row[3]): row[2:] for row in rows if row[0] == req_id}


async def test_details_of_an_option_reach_the_library_field_by_field() -> None:
    async with running_double() as kit:
        client = await kit.client()
        option = kit.option(1.01)
        (answer,) = await details(client, ib.Contract(conId=option.con_id, exchange="SMART"))
        contract = answer.contract
        assert contract.conId == option.con_id
        assert (contract.symbol, contract.secType, contract.tradingClass) == ("SPX", "OPT", "SPXW")
        assert (contract.strike, contract.right, contract.multiplier) == (float(option.strike), "C", "100")
        assert contract.localSymbol == option.local_symbol
        assert contract.lastTradeDateOrContractMonth == f"{option.expires:%Y%m%d}"
        assert (contract.exchange, contract.currency) == ("SMART", "USD")
        assert answer.lastTradeTime == "16:00:00"
        assert answer.realExpirationDate == f"{option.expires:%Y%m%d}"
        assert answer.contractMonth == f"{option.expires:%Y%m}"
        assert answer.underConId == 416904
        assert (answer.underSymbol, answer.underSecType) == ("SPX", "IND")
        assert answer.minTick == 0.05
        assert answer.longName == "S&P 500 Stock Index"
        rules, exchanges = answer.marketRuleIds.split(","), answer.validExchanges.split(",")
        assert len(rules) == len(exchanges)
        assert set(rules) == {"109"}
        assert "20261130:0830-20261130:1515" in answer.liquidHours
        night, regular, curb = answer.tradingHours.split(";")[:3]
        assert night == "20261129:1915-20261130:0825"
        assert (regular, curb) == ("20261130:0830-20261130:1515", "20261130:1515-20261130:1600")
        assert (answer.minSize, answer.sizeIncrement, answer.suggestedSizeIncrement) == (1, 1, 1)


async def test_one_request_per_class_expiration_and_right_lists_every_strike_of_it() -> None:
    async with running_double() as kit:
        client = await kit.client()
        answer = await details(
            client, spx(tradingClass="SPXW", lastTradeDateOrContractMonth="20261218", right="P", multiplier="100")
        )
        listed = kit.instruments("SPX", trading_class="SPXW", right="P", last_trade="20261218")
        assert len(answer) == len(listed) > 100
        assert {item.contract.conId for item in answer} == {row.con_id for row in listed}
        assert len({item.contract.strike for item in answer}) == len(answer)


async def test_the_third_friday_has_two_classes_and_the_am_settled_one_trades_until_the_thursday() -> None:
    async with running_double() as kit:
        client = await kit.client()
        strike = float(kit.option().strike)
        am = await details(client, spx(tradingClass="SPX", lastTradeDateOrContractMonth="20261217", strike=strike))
        pm = await details(client, spx(tradingClass="SPXW", lastTradeDateOrContractMonth="20261218", strike=strike))
        assert {row.contract.right for row in am} == {row.contract.right for row in pm} == {"C", "P"}
        assert all(row.contract.localSymbol.startswith("SPX   261218") for row in am)
        assert all(row.contract.localSymbol.startswith("SPXW  261218") for row in pm)
        assert {row.realExpirationDate for row in (*am, *pm)} == {"20261218"}
        assert not {row.contract.conId for row in am} & {row.contract.conId for row in pm}


async def test_an_unknown_class_is_listed_beside_the_others() -> None:
    async with running_double() as kit:
        client = await kit.client()
        kit.double.faults.switch_on("class_unknown", root="SPXQ")
        rows = await classes(client, "SPX", "IND", 416904)
        assert {("SMART", "SPXQ"), ("SMART", "SPXW")} <= set(rows)


async def test_the_product_of_expirations_and_strikes_has_contracts_that_are_not_listed() -> None:
    async with running_double() as kit:
        client = await kit.client()
        rows = await classes(client, "SPX", "IND", 416904)
        assert {exchange for exchange, _ in rows} == {"SMART", "CBOE", "IBUSOPT"}
        con_id, trading_class, multiplier, expirations, strikes = rows["SMART", "SPXW"]
        assert (int(con_id), trading_class, multiplier) == (416904, "SPXW", "100")
        assert "20261218" in expirations
        assert "20261217" in rows["SMART", "SPX"][3]
        lowest = min(strikes)
        wanted = spx(tradingClass="SPXW", lastTradeDateOrContractMonth=expirations[0], strike=lowest, right="C")
        req_id = client.next_id()
        client.api.reqContractDetails(req_id, wanted)
        assert (await client.error(200))[0] == req_id


async def test_a_contract_has_the_same_con_id_in_every_run() -> None:
    ids: list[set[int]] = []
    for seed in (1, 2):
        async with running_double(seed=seed) as kit:
            ids.append(
                {
                    instrument.con_id
                    for instrument in kit.instruments("SPX", trading_class="SPXW", last_trade="20261218")
                }
            )
    assert ids[0] == ids[1]


async def test_a_con_id_of_an_earlier_run_is_known_before_anything_was_listed() -> None:
    async with running_double() as kit:
        con_id = kit.option().con_id
    async with running_double() as kit:
        client = await kit.client()
        assert (await details(client, ib.Contract(conId=con_id)))[0].contract.conId == con_id


async def test_an_expired_option_is_answered_with_200() -> None:
    async with running_double(step=timedelta(minutes=15)) as kit:
        client = await kit.client()
        option = kit.option(days=0)
        await kit.advance(8 * 3600)
        client.api.reqContractDetails(5, ib.Contract(conId=option.con_id))
        assert (await client.error(200))[0] == 5


async def test_a_combo_is_refused_and_with_the_fault_never_answered() -> None:
    async with running_double() as kit:
        client = await kit.client()
        client.api.reqContractDetails(5, ib.Contract(symbol="SPX", secType="BAG", exchange="SMART"))
        assert (await client.error(321))[0] == 5
        kit.double.faults.switch_on("bag_details_unanswered")
        client.mark()
        client.api.reqContractDetails(6, ib.Contract(symbol="SPX", secType="BAG", exchange="SMART"))
        await client.settle()
        assert not client.named("error")


async def test_market_rules_state_the_increments() -> None:
    async with running_double() as kit:
        client = await kit.client()
        client.api.reqMarketRule(109)
        rule, increments = await client.get("marketRule")
        assert rule == 109
        assert [(increment.lowEdge, increment.increment) for increment in increments] == [(0.0, 0.05), (3.0, 0.1)]
        client.api.reqMarketRule(4711)
        await client.error(321)


async def test_a_gateway_in_shanghai_writes_the_next_day_and_the_occ_symbol_keeps_the_right_one() -> None:
    settings = DoubleSettings(zone="Asia/Shanghai", written_zone="")
    async with running_double(settings) as kit:
        client = await kit.client()
        option = kit.option()
        (answer,) = await details(client, ib.Contract(conId=option.con_id))
        assert option.expires == THIRD_FRIDAY
        assert answer.contract.lastTradeDateOrContractMonth == "20261219"
        assert (answer.lastTradeTime, answer.timeZoneId) == ("05:00:00", "Asia/Shanghai")
        assert answer.contract.localSymbol[6:12] == "261218"
        assert last_trade_day(option, kit.double.gateway.markets.calendar, kit.double.gateway.zone) == "20261219"


async def test_other_underlyings_are_listed_with_their_own_classes_and_multipliers() -> None:
    async with running_double(symbols=("XSP", "NDX", "RUT", "VIX", "SPY", "AAPL")) as kit:
        client = await kit.client()
        wanted = {
            ("XSP", "IND", "SMART"): {"XSP"},
            ("NDX", "IND", "SMART"): {"NDX", "NDXP"},
            ("RUT", "IND", "SMART"): {"RUT", "RUTW"},
            ("VIX", "IND", "SMART"): {"VIX", "VIXW"},
            ("SPY", "STK", "SMART"): {"SPY"},
            ("AAPL", "STK", "SMART"): {"AAPL"},
        }
        for (symbol, sec_type, exchange), roots in wanted.items():
            answer = await details(client, ib.Contract(symbol=symbol, secType=sec_type, currency="USD"))
            assert len(answer) == 1, symbol
            rows = await classes(client, symbol, sec_type, answer[0].contract.conId)
            assert {root for where, root in rows if where == exchange} == roots
            assert all(row[2] == "100" for row in rows.values())


async def test_options_on_futures_are_listed_per_future_at_the_futures_exchange() -> None:
    async with running_double(symbols=("ES",)) as kit:
        client = await kit.client()
        futures = await details(client, ib.Contract(symbol="ES", secType="FUT", exchange="CME"))
        assert [future.contract.localSymbol for future in futures] == ["ESZ6", "ESH7", "ESM7", "ESU7", "ESZ7"]
        rows = await classes(client, "ES", "FUT", futures[0].contract.conId, "CME")
        assert {exchange for exchange, _ in rows} == {"CME"}
        assert all(row[2] == "50" for row in rows.values())
        assert {"ES", "E2A"} <= {root for _, root in rows}
        option = (await details(client, ib.Contract(symbol="ES", secType="FOP", exchange="CME", tradingClass="E2A")))[0]
        assert option.underConId == futures[0].contract.conId
        assert option.contract.multiplier == "50"
        later = await classes(client, "ES", "FUT", futures[1].contract.conId, "CME")
        assert not set(later) & {("CME", "E2A")}


@pytest.mark.parametrize("version", [157, 163, 164, 170, 176])
async def test_details_are_readable_at_older_server_versions(version: int) -> None:
    async with running_double(DoubleSettings(server_version=version)) as kit:
        client = await kit.client()
        assert client.api.serverVersion() == version
        option = kit.option()
        (answer,) = await details(client, ib.Contract(conId=option.con_id))
        assert (answer.contract.conId, answer.contract.multiplier) == (option.con_id, "100")
        assert answer.realExpirationDate == "20261218"


async def test_slow_details_come_over_time_and_end_after_the_last() -> None:
    async with running_double() as kit:
        client = await kit.client()
        kit.double.faults.switch_on("details_slow", per_second=50)
        client.api.reqContractDetails(9, spx(tradingClass="SPXW", lastTradeDateOrContractMonth="20261218", right="C"))
        await client.settle()
        assert not client.named("contractDetails")
        await kit.timer.advance(1.0)
        await client.settle()
        assert len(client.named("contractDetails")) == 50
        await kit.timer.advance(60.0)
        await client.get("contractDetailsEnd")
        assert len(client.named("contractDetails")) == len(
            kit.instruments("SPX", trading_class="SPXW", right="C", last_trade="20261218")
        )


async def test_a_request_that_is_never_answered_leaves_the_others_alone() -> None:
    async with running_double() as kit:
        client = await kit.client()
        kit.double.faults.switch_on("details_unanswered", times=1)
        kit.double.faults.switch_on("whole_chain_hangs")
        client.api.reqContractDetails(1, ib.Contract(conId=kit.option().con_id))
        client.api.reqContractDetails(2, spx(tradingClass="SPXW", right="C"))
        client.api.reqContractDetails(3, ib.Contract(conId=kit.option().con_id))
        await client.get("contractDetailsEnd")
        await client.settle()
        assert client.named("contractDetailsEnd") == [(3,)]


async def test_requests_wait_while_the_farm_of_definitions_is_broken() -> None:
    async with running_double() as kit:
        client = await kit.client()
        _ask_in_outage(kit, client)
        await client.error(2157)
        await client.settle()
        assert not client.named("contractDetails")
        kit.double.connectivity.mend_farm("secdefil")
        kit.double.gateway.commit()
        await client.get("contractDetailsEnd")


def _ask_in_outage(kit: TwsKit, client: TwsClient) -> None:
    kit.double.connectivity.break_farm("secdefil")
    kit.double.gateway.commit()
    client.api.reqContractDetails(3, ib.Contract(conId=kit.option().con_id))
