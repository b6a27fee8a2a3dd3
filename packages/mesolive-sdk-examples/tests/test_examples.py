"""The examples do what their help says, against a real server on a real socket."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import sys
from decimal import Decimal
from pathlib import Path

import pytest
import pytest_asyncio
from rich.console import Console

from mesolive.store.tables.trading import accounts
from mesolive_examples_testkit import Run, Shell
from mesolive_sdk_examples import data_example
from mesolive_sdk_examples.printing import print_json_line
from mesolive_testkit.server import definition

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_agents_are_listed_as_a_table_and_as_json(shell: Shell) -> None:
    listed = (await shell.ok("agents_example", "list", "--json")).json()["Agents"]
    assert {agent["DataProvider"] for agent in listed} >= {"Simulated"}
    shown = await shell.ok("agents_example", "list")
    assert all(agent["Name"] in shown.output for agent in listed)


async def test_accounts_are_listed_and_shown(shell: Shell) -> None:
    listed = (await shell.ok("accounts_example", "list", "--limit", 50, "--json")).json()
    assert "ML1000" in {account["BrokerAccountId"] for account in listed["Accounts"]}
    assert "ML1000" in (await shell.ok("accounts_example", "list", "--limit", 50)).output
    account = (await shell.ok("accounts_example", "get", "--account", "ML1000", "--json")).json()
    assert account["IsPaperAccount"] is True
    assert "MesoLive" in (await shell.ok("accounts_example", "get", "--account", "ML1000")).output


async def test_a_strategy_lives_from_its_file_to_its_end(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "definition.json"
    file.write_text(json.dumps(definition(StrategyName="from a file")))
    origin = ("--backtest-id", "BT-1", "--mesosim-instance", "X", "--active-on-account", "ML1000")
    made = (await shell.ok("strategies_example", "create", "--definition-file", file, *origin, "--json")).json()
    assert (made["Name"], made["BacktestId"], made["MesoSimInstance"]) == ("from a file", "BT-1", "X")
    assert made["ActiveOnAccounts"] == ["ML1000"]
    number = made["Id"]

    cloning = ("--clone-strategy-id", number, "--active-on-account", "ML1000")
    clone = (await shell.ok("strategies_example", "create", *cloning, "--json")).json()
    assert (clone["Name"], clone["BacktestId"]) == ("from a file (copy)", "BT-1")

    listed = (await shell.ok("strategies_example", "list", "--limit", 50, "--json")).json()["Strategies"]
    assert {number, clone["Id"]} <= {strategy["Id"] for strategy in listed}
    assert "from a file" in (await shell.ok("strategies_example", "list", "--limit", 50)).output

    renamed = await shell.ok(
        "strategies_example", "rename", "--strategy-id", number, "--name", "another name", "--json"
    )
    assert renamed.json()["Name"] == "another name"

    file.write_text(json.dumps(definition(StrategyName="from a file", Description="changed")))
    changing = ("--strategy-id", number, "--definition-file", file, "--json")
    changed = (await shell.ok("strategies_example", "update", *changing)).json()
    assert changed["Description"] == "changed"
    idle = (await shell.ok("strategies_example", "update", "--strategy-id", number, "--inactive", "--json")).json()
    assert idle["ActiveOnAccounts"] == []

    copy = tmp_path / "copy.json"
    shown = await shell.ok("strategies_example", "get", "--strategy-id", number, "--save", copy)
    assert "another name" in shown.output
    assert json.loads(copy.read_text())["Description"] == "changed"
    assert '"Structure"' in (await shell.ok("strategies_example", "get", "--strategy-id", number)).output

    await shell.ok("strategies_example", "delete", "--strategy-id", number, "--force")
    gone = await shell.run("strategies_example", "get", "--strategy-id", number)
    assert gone.status == 1
    assert "NotFound" in gone.errors
    await shell.ok("strategies_example", "delete", "--strategy-id", clone["Id"], "--json")


async def test_names_that_look_like_markup_are_shown_as_they_are(shell: Shell) -> None:
    strategy = await shell.kit.strategy(StrategyName="[/red] and [bold]")
    for asked in (("list", "--limit", 50), ("get", "--strategy-id", strategy.Id)):
        assert "[/red] and [bold]" in (await shell.ok("strategies_example", *asked)).output


async def test_a_definition_that_is_wrong_is_refused_with_the_path_of_each_problem(
    shell: Shell, tmp_path: Path
) -> None:
    file = tmp_path / "definition.json"
    wrong = definition()
    wrong["Structure"]["Legs"][0]["Qty"] = "no such variable"
    file.write_text(json.dumps(wrong))
    run = await shell.run("strategies_example", "create", "--definition-file", file)
    assert run.status == 1
    assert "CreateStrategy: ValidationError" in run.errors
    assert "Structure.Legs[0].Qty" in run.errors
    file.write_text("{")
    run = await shell.run("strategies_example", "create", "--definition-file", file)
    assert run.status == 1
    assert "holds no JSON object" in run.errors


async def test_an_entry_is_only_shown_without_execute(shell: Shell, strategy_id: int) -> None:
    before = (await shell.ok("positions_example", "list", "--json")).json()["Positions"]
    run = await shell.ok("positions_example", "create", "--strategy-id", strategy_id)
    for text in ("short_put", "Delta", "Leg groups", "allows the entry", "Variables"):
        assert text in run.output
    plan = (await shell.ok("positions_example", "create", "--strategy-id", strategy_id, "--json")).json()
    assert set(plan["SelectedLegs"]) == set(plan["LegPrices"])
    assert (await shell.ok("positions_example", "list", "--json")).json()["Positions"] == before


@pytest.mark.parametrize("at", ["mid", "bid", "ask"])
async def test_a_position_is_opened_and_closed_on_paper(shell: Shell, strategy_id: int, at: str) -> None:
    key = f"test-{at}"
    how = ("--execute", "--paper-fill-price", at, "--idempotency-key", key, "--commission", "0.65", "--json")
    entering = ("create", "--strategy-id", strategy_id, "--constraint", "UniqueInPosition", *how)
    opened = (await shell.ok("positions_example", *entering)).json()
    number = opened["PositionId"]
    again = (await shell.ok("positions_example", *entering)).json()
    assert again == opened

    plan = (await shell.ok("positions_example", "record", "--idempotency-key", f"{key}.entry", "--json")).json()
    prices = plan["JobResult"]["LegPrices"]
    executions = (await shell.ok("positions_example", "executions", "--position-id", number, "--json")).json()
    assert len(executions["Executions"]) == 4
    for fill in executions["Executions"]:
        quote = prices[fill["LegName"]]
        bid, ask = Decimal(str(quote["Bid"])), Decimal(str(quote["Ask"]))
        wanted = {"bid": bid, "ask": ask, "mid": (bid + ask) / 2}[at]
        assert Decimal(str(fill["Price"])) == wanted
        assert Decimal(str(fill["Commission"])) == Decimal("0.65") * abs(Decimal(str(fill["Qty"])))

    shown = await shell.ok("positions_example", "get", "--position-id", number)
    assert "Open" in shown.output
    assert "long_put" in shown.output
    assert "short_call" in (await shell.ok("positions_example", "legs", "--position-id", number)).output
    assert "0.65" in (await shell.ok("positions_example", "executions", "--position-id", number)).output

    leaving = ("exit", "--position-id", number)
    assert "exit" in (await shell.ok("positions_example", *leaving)).output
    await shell.ok("positions_example", *leaving, "--execute", "--paper-fill-price", at)
    closed = (await shell.ok("positions_example", "get", "--position-id", number, "--json")).json()
    assert closed["State"] == "Closed"
    assert "Closed" in (await shell.ok("positions_example", "list", "--state", "closed")).output


@pytest.mark.parametrize(("stated", "contracts"), [((), 3), (("--qty-multiplier", 2), 2)])
async def test_commission_is_paid_once_per_contract_that_is_filled(
    shell: Shell, stated: tuple[object, ...], contracts: int
) -> None:
    entry = definition()["Entry"] | {"QtyMultiplier": "3"}
    strategy = await shell.kit.strategy(StrategyName="three of each", Entry=entry)
    asked = ("create", "--strategy-id", strategy.Id, "--constraint", "None", "--execute", "--commission", "0.65")
    opened = (await shell.ok("positions_example", *asked, *stated, "--json")).json()
    executions = ("executions", "--position-id", opened["PositionId"], "--json")
    for fill in (await shell.ok("positions_example", *executions)).json()["Executions"]:
        assert abs(Decimal(str(fill["Qty"]))) == contracts
        assert Decimal(str(fill["Commission"])) == Decimal("0.65") * contracts


async def test_an_entry_that_the_strategy_does_not_allow_is_not_executed(shell: Shell) -> None:
    entry = definition()["Entry"] | {"AbortConditions": ["underlying_price > 0"]}
    strategy = await shell.kit.strategy(StrategyName="never", Entry=entry)
    asked = ("create", "--strategy-id", strategy.Id, "--constraint", "None", "--execute")
    run = await shell.run("positions_example", *asked)
    assert run.status == 4
    assert "does not allow this entry; nothing was executed" in run.errors
    assert "underlying_price > 0: holds (underlying_price=" in run.errors
    await shell.ok("positions_example", *asked, "--ignore-conditions")


async def test_an_entry_beyond_the_positions_in_flight_is_shown_as_such_and_needs_a_yes(shell: Shell) -> None:
    entry = definition()["Entry"] | {"Concurrency": {"MaxPositionsInFlight": 1}}
    strategy = await shell.kit.strategy(StrategyName="one at a time", Entry=entry)
    asked = ("create", "--strategy-id", strategy.Id, "--constraint", "None", "--execute", "--json")
    await shell.ok("positions_example", *asked)
    refused = await shell.run("positions_example", *asked)
    assert (refused.status, refused.output) == (4, "")
    assert "MaxPositionsInFlight" in refused.errors
    assert "--yes executes it all the same" in refused.errors
    await shell.ok("positions_example", *asked, "--yes")


@pytest.mark.parametrize(("answer", "status"), [("y", 0), ("n", 4), ("", 4)])
async def test_at_a_terminal_an_entry_against_the_strategy_is_a_question(
    shell: Shell, answer: str, status: int
) -> None:
    entry = definition()["Entry"] | {"AbortConditions": ["underlying_price > 0"]}
    strategy = await shell.kit.strategy(StrategyName=f"asked {answer}", Entry=entry)
    person, terminal = os.openpty()
    create = ("create", "--strategy-id", str(strategy.Id), "--constraint", "None", "--execute", "--json")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mesolive_sdk_examples.positions_example", *create),
        env=os.environ | {"MESOLIVE_URL": shell.kit.url, "MESOLIVE_API_KEY": shell.kit.token},
        stdin=terminal,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    os.close(terminal)
    os.write(person, f"{answer}\n".encode())
    output, errors = await process.communicate()
    os.close(person)
    assert process.returncode == status, errors
    assert b"Execute it all the same? [y/N]" in errors
    assert bool(output) is (status == 0)


async def test_a_position_is_opened_adjusted_and_closed_on_paper_and_by_orders(
    shell: Shell, venue_account: str
) -> None:
    adjustment = {
        "MaxAdjustmentCount": 2,
        "ConditionalAdjustments": {
            "underlying_price > 0": {
                "MoveLegAdjustment": {
                    "LegName": "long_put",
                    "StrikeSelector": {"StrikePrice": "leg_short_put_strike - 150"},
                }
            }
        },
    }
    strategy = await shell.kit.strategy(StrategyName="adjusted", Adjustment=adjustment)
    for account in ("ML1000", venue_account):
        where = ("--account", account, "--constraint", "None", "--yes")
        await shell.ok("positions_example", "create", "--strategy-id", strategy.Id, *where, "--execute", "--json")
        listed = (await shell.ok("positions_example", "list", "--strategy-id", strategy.Id, "--json")).json()
        number = next(position["Id"] for position in listed["Positions"] if position["BrokerAccountId"] == account)
        adjust = ("adjust", "--position-id", number, "--operation", "moveleg", "--condition", "underlying_price > 0")
        only_shown = await shell.ok("positions_example", *adjust)
        assert "MoveLeg of" in only_shown.output
        legs = (await shell.ok("positions_example", "get", "--position-id", number, "--json")).json()["Legs"]
        assert len(legs) == 4
        done = await shell.ok("positions_example", *adjust, "--execute", "--yes")
        assert f"Position {number}" in done.output
        legs = (await shell.ok("positions_example", "get", "--position-id", number, "--json")).json()["Legs"]
        puts = [leg for leg in legs if leg["Name"] == "long_put"]
        assert [leg["ClosedAt"] is None for leg in puts] == [False, True]
        await shell.ok("positions_example", "exit", "--position-id", number, "--execute")
        closed = (await shell.ok("positions_example", "get", "--position-id", number, "--json")).json()
        assert closed["State"] == "Closed"


async def test_an_entry_by_orders_that_is_repeated_with_its_key_sends_nothing_again(
    shell: Shell, venue_account: str
) -> None:
    strategy = await shell.kit.strategy(StrategyName="by orders")
    asked = ("create", "--strategy-id", strategy.Id, "--account", venue_account, "--constraint", "None", "--yes")
    keyed = (*asked, "--execute", "--idempotency-key", "entry-by-orders", "--qty-multiplier", 2, "--json")
    opened = (await shell.ok("positions_example", *keyed)).json()
    assert {abs(Decimal(str(leg["Qty"]))) for leg in opened["Legs"]} == {2}
    orders = (await shell.ok("orders_example", "list", "--account", venue_account, "--json")).json()["Orders"]
    again = await shell.ok("positions_example", *keyed)
    assert "is filled already" in again.errors
    assert again.json()["Id"] == opened["Id"]
    after = (await shell.ok("orders_example", "list", "--account", venue_account, "--json")).json()["Orders"]
    assert len(after) == len(orders)


async def test_the_underlying_is_streamed_and_shown(shell: Shell) -> None:
    asked = ("underlying", "stream", "--symbol", "SPX", "--seconds", 600)
    items = (await shell.ok("data_example", *asked, "--items", 2, "--json")).json_lines()
    assert len(items) == 2
    assert items[0]["Prices"]["Mark"] != items[1]["Prices"]["Mark"]
    assert "SPX, item 1" in (await shell.ok("data_example", *asked, "--items", 1)).output
    assert "Mark" in (await shell.ok("data_example", "underlying", "snapshot", "--symbol", "SPX")).output


async def test_a_stream_ends_after_its_seconds(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def print_and_pass_time(item: object) -> None:
        print_json_line(item)
        loop = asyncio.get_running_loop()  # the example's own
        now = loop.time
        monkeypatch.setattr(loop, "time", lambda: now() + 3600)

    monkeypatch.setattr(data_example, "print_json_line", print_and_pass_time)
    run = await shell.ok("data_example", "underlying", "stream", "--symbol", "SPX", "--seconds", 3600, "--json")
    assert len(run.json_lines()) == 1


async def test_a_position_and_its_legs_are_streamed_and_shown(shell: Shell, position_id: int) -> None:
    asked = ("--position-id", position_id)
    (item,) = (await shell.ok("data_example", "position", "stream", *asked, "--items", 1, "--json")).json_lines()
    legs = list(item["LegPrices"])
    assert len(legs) == 4
    shown = (await shell.ok("data_example", "position", "snapshot", *asked)).output
    assert "PositionPnLs" in shown
    assert f"LegGreeks {legs[0]}" in shown
    leg = ("--leg-id", legs[0])
    (item,) = (await shell.ok("data_example", "leg", "stream", *leg, "--items", 1, "--json")).json_lines()
    assert item["PnL"]["Mark"] is not None
    assert "Greeks" in (await shell.ok("data_example", "leg", "snapshot", *leg)).output
    both = (*leg, "--leg-id", legs[1])
    (item,) = (await shell.ok("data_example", "legs", "stream", *both, "--items", 1, "--json")).json_lines()
    assert set(item["LegPrices"]) == set(legs[:2])
    assert f"LegPrices {legs[1]}" in (await shell.ok("data_example", "legs", "snapshot", *both)).output


async def test_a_contract_and_a_combo_are_streamed_and_shown(shell: Shell, position_id: int) -> None:
    legs = (await shell.ok("positions_example", "legs", "--position-id", position_id, "--json")).json()["Legs"]
    contracts = [leg["LiveContract"] for leg in legs[:2]]
    days = [contract["Expiration"][:10] for contract in contracts]
    first = contracts[0]
    asked = ("--symbol", "SPX", "--root", first["Root"], "--expiration", days[0], "--strike", first["Strike"])
    one = ("contract", "stream", *asked, "--type", first["OptionType"].lower(), "--items", 1, "--json")
    (item,) = (await shell.ok("data_example", *one)).json_lines()
    assert item["Greeks"]["Mark"]["Delta"] < 0
    one = ("contract", "snapshot", *asked, "--type", first["OptionType"])
    assert f"{first['Root']} {days[0]}" in (await shell.ok("data_example", *one)).output

    combo = ["--symbol", "SPX"]
    for contract, day, ratio in zip(contracts, days, (-1, 1), strict=True):
        combo += ["--leg", f"{contract['Root']}:{day}:{contract['Strike']}:{contract['OptionType']}:{ratio}"]
    (item,) = (await shell.ok("data_example", "combo", "stream", *combo, "--items", 1, "--json")).json_lines()
    assert len(item["ContractPrices"]) == 2
    assert "ComboGreeks" in (await shell.ok("data_example", "combo", "snapshot", *combo)).output

    missing = await shell.run("data_example", "combo", "stream", "--symbol", "SPX", "--leg", f"SPXW:{days[0]}:1:put:1")
    assert missing.status == 1
    assert missing.errors.startswith("StreamComboContractsData: NotFound: ")


async def test_events_are_dumped_once_each_and_in_order(shell: Shell, strategy_id: int, position_id: int) -> None:
    asked = ("dump", "--strategy-id", strategy_id, "--since", 0, "--seconds", 0.5)
    dumped = (await shell.ok("events_example", *asked, "--json")).json_lines()
    numbers = [line["Event"]["EventSeqId"] for line in dumped]
    assert len(set(numbers)) == len(numbers) > 4
    assert "OnPositionUpdate" in {line["EventType"] for line in dumped}
    shown = await shell.ok("events_example", *asked)
    assert "OnPositionUpdate: PositionId=" in shown.output
    latest = (await shell.ok("events_example", "latest", "--json")).json()["LatestEventSeqId"]
    assert latest >= max(numbers)
    listed = (await shell.ok("events_example", "since", "--event-seq-id", latest - 2, "--limit", 1, "--json")).json()
    assert [event["EventSeqId"] for event in listed["Events"]] == [latest - 1]
    assert (
        "more: --event-seq-id 1"
        in (await shell.ok("events_example", "since", "--event-seq-id", 0, "--limit", 1)).output
    )
    # The market goes on: events may have come since.
    number = re.search(r"Number\W+(\d+)", (await shell.ok("events_example", "latest")).output)
    assert number is not None
    assert int(number[1]) >= latest


async def test_events_of_a_strategy_that_does_not_exist_are_an_error(shell: Shell) -> None:
    run = await shell.run("events_example", "dump", "--strategy-id", 999_999, "--seconds", 1)
    assert (run.status, run.errors) == (1, "no such strategies: 999999\n")


async def test_a_whole_trade_shows_every_step(shell: Shell, strategy_id: int) -> None:
    run = await shell.ok("trade_e2e_example", "--strategy-id", strategy_id, "--items", 2, "--commission", "0.65")
    steps = ["connect", "choose", "prepare the entry", "fill the entry", "watch", "prepare the exit", "fill the exit"]
    places = [run.output.index(f"{number}. {step}") for number, step in enumerate(steps, 1)]
    assert places == sorted(places)
    assert "item 2" in run.output
    assert "is closed, realised" in run.output
    assert "all of them came as they happened" in run.output


async def test_a_whole_trade_pays_its_commission_once_per_contract(shell: Shell) -> None:
    entry = definition()["Entry"] | {"QtyMultiplier": "2"}
    strategy = await shell.kit.strategy(StrategyName="two of each", Entry=entry)
    await shell.ok("trade_e2e_example", "--strategy-id", strategy.Id, "--items", 1, "--commission", "1.5")
    asked = ("executions", "--account", "ML1000", "--limit", 500, "--json")
    made = (await shell.ok("positions_example", *asked)).json()["Executions"][-8:]
    assert {abs(Decimal(str(fill["Qty"]))) for fill in made} == {2}
    assert {Decimal(str(fill["Commission"])) for fill in made} == {3}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def venue_account(shell: Shell) -> str:
    application = shell.kit.application
    await application.accounts.create_simulated(await application.access.user("trader"), "SIM1000", Decimal(100_000))
    return "SIM1000"


async def test_a_whole_trade_by_orders_sends_replaces_and_cancels(
    shell: Shell, strategy_id: int, venue_account: str
) -> None:
    run = await shell.ok("trade_e2e_example", "--strategy-id", strategy_id, "--account", venue_account, "--items", 1)
    assert "send an order and cancel it" in run.output
    assert re.search(r"order \d+ is Cancelled", run.output)
    assert "in place of order" in run.output
    assert run.output.count("is filled at") == 2
    assert "all of them came as they happened" in run.output
    listed = (await shell.ok("orders_example", "list", "--account", venue_account, "--json")).json()["Orders"]
    assert {order["State"] for order in listed} >= {"Cancelled", "Filled"}


async def test_an_order_is_sent_replaced_shown_and_cancelled(
    shell: Shell, strategy_id: int, venue_account: str
) -> None:
    asked = ("create", "--strategy-id", strategy_id, "--account", venue_account, "--ignore-conditions", "--json")
    plan = (await shell.ok("positions_example", *asked)).json()
    group, legs = next(iter(plan["LegGroups"].items()))
    named = [part for leg in legs for part in ("--leg", leg)]
    far = Decimal(str(plan["LegGroupPrices"][group]["Bid"])).quantize(Decimal("0.1")) - 1
    order = ("send", "--exec-plan-id", plan["ExecPlanId"], "--account", venue_account, "--group", group, *named)
    sent = (await shell.ok("orders_example", *order, "--limit", far, "--json")).json()["LiveOrderId"]
    again = await shell.ok("orders_example", *order, "--limit", far - 1, "--replaces", sent)
    assert "is Submitted" in again.output
    shown = await shell.ok("orders_example", "get", "--order-id", sent)
    assert "Replaced" in shown.output
    assert (await shell.ok("orders_example", "get", "--order-id", sent + 1, "--json")).json()["State"] == "Submitted"
    cancelled = await shell.ok("orders_example", "cancel", "--order-id", sent + 1, "--json")
    assert cancelled.json()["State"] == "Cancelled"
    assert "is Cancelled" in (await shell.ok("orders_example", "cancel", "--order-id", sent + 1)).output
    assert "Cancelled" in (await shell.ok("orders_example", "list", "--exec-plan-id", plan["ExecPlanId"])).output
    paper = await shell.run("orders_example", *order[:4], "ML1000", *named, "--limit", far)
    assert paper.status == 1


async def test_a_trade_that_fails_names_its_step(shell: Shell) -> None:
    run = await shell.run("trade_e2e_example", "--strategy-id", 999_999)
    assert run.status == 1
    assert run.errors.startswith("step 2, choose strategy and account, failed: GetStrategy: NotFound")
    run = await shell.run("trade_e2e_example", MESOLIVE_URL="http://127.0.0.1:9")
    assert run.status == 1
    assert run.errors.startswith("step 1, connect, failed: ")


async def test_a_wrong_key_is_one_line_that_does_not_show_it(shell: Shell) -> None:
    run = await shell.run("accounts_example", "list", MESOLIVE_API_KEY="wrong-key")
    assert run.status == 1
    assert "refused the API key" in run.errors
    assert "wrong-key" not in run.errors + run.output
    assert len(run.errors.splitlines()) == 1


@pytest.mark.parametrize(
    ("example", "arguments"),
    [
        ("accounts_example", ("get",)),
        ("accounts_example", ("list", "--limit", 501)),
        ("strategies_example", ("create",)),
        ("strategies_example", ("create", "--definition-file", "/no/such/file")),
        ("strategies_example", ("update", "--strategy-id", 1)),
        ("positions_example", ("create", "--strategy-id", 1, "--constraint", "Sometimes")),
        ("positions_example", ("create", "--strategy-id", 1, "--paper-fill-price", "high")),
        ("positions_example", ("create", "--strategy-id", 1, "--commission", "NaN")),
        ("data_example", ("underlying", "snapshot", "--symbol", "SPX", "--provider", "Unknown")),
        ("data_example", ("combo", "snapshot", "--symbol", "SPX", "--leg", "SPXW:4500")),
        ("events_example", ("dump", "--seconds", "soon")),
    ],
)
async def test_wrong_usage_ends_with_status_2(shell: Shell, example: str, arguments: tuple[object, ...]) -> None:
    run: Run = await shell.run(example, *arguments)
    assert run.status == 2
    assert "Usage" in run.errors


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def live_account(shell: Shell) -> str:
    application = shell.kit.application
    owner = await application.access.user("trader")
    await application.accounts.create_paper(owner, "ML1", Decimal(1000))
    async with application.database.write() as tx:
        # The server knows paper accounts only so far; a client must be careful with what will come.
        live = {"broker_account_id": "LIVE1", "is_paper": False}
        await tx.execute(accounts.update().where(accounts.c.broker_account_id == "ML1").values(live))
    return "LIVE1"


@pytest.mark.parametrize(
    ("allowed", "reason"),
    [
        ((), "LIVE1 is a live account; --allow-live is needed to use one"),
        (("--live-account", "LIVE1"), "LIVE1 is a live account; --allow-live is needed to use one"),
        (("--allow-live",), "LIVE1 is a live account that is not named by --live-account"),
        (("--allow-live", "--live-account", "LIVE2"), "LIVE1 is a live account that is not named by --live-account"),
    ],
)
async def test_a_live_account_is_refused_unless_it_is_allowed_and_named(
    shell: Shell, strategy_id: int, live_account: str, allowed: tuple[str, ...], reason: str
) -> None:
    for example, *arguments in (
        ("strategies_example", "create", "--clone-strategy-id", strategy_id, "--active-on-account", live_account),
        ("strategies_example", "update", "--strategy-id", strategy_id, "--active-on-account", live_account),
        ("positions_example", "create", "--strategy-id", strategy_id, "--account", live_account, "--execute"),
        ("trade_e2e_example", "--strategy-id", strategy_id, "--account", live_account),
    ):
        run = await shell.run(example, *arguments, *allowed)
        assert run.status == 3, run.errors
        assert run.errors.rstrip().endswith(reason)
    held = (await shell.ok("positions_example", "list", "--account", live_account, "--json")).json()
    assert held["Positions"] == []


async def test_a_live_account_that_is_allowed_and_named_is_used_but_never_filled_on_paper(
    shell: Shell, strategy_id: int, live_account: str
) -> None:
    allowed = ("--allow-live", "--live-account", live_account)
    asked = ("create", "--strategy-id", strategy_id, "--account", live_account, *allowed)
    assert "on LIVE1" in (await shell.ok("positions_example", *asked)).output
    run = await shell.run("positions_example", *asked, "--execute", "--yes")
    assert run.status == 1
    assert "SendOrder: " in run.errors
    held = (await shell.ok("positions_example", "list", "--account", live_account, "--json")).json()
    assert held["Positions"] == []


async def test_on_a_terminal_a_stream_is_shown_in_place(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(data_example, "out", Console(file=screen, force_terminal=True, width=120))
    await shell.ok("data_example", "underlying", "stream", "--symbol", "SPX", "--seconds", 600, "--items", 2)
    assert "SPX, item 2" in screen.getvalue()
