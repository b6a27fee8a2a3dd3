"""Notification rules by the hub, with a webhook that answers, refuses and hangs."""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator, Generator
from decimal import Decimal
from pathlib import Path

import pytest
import pytest_asyncio

from mesolive.assembly import Overrides
from mesolive.notifications.notifier import NotifierConfig
from mesolive.tasks import BackOff
from mesolive_sdk import MesoLiveControlHubClient, models, new_idempotency_key
from mesolive_sdk.models import NotificationKind as Kind
from mesolive_sdk.models import StatusCode
from mesolive_testkit.http_sink import Sink, http_sink
from mesolive_testkit.refusals import refused
from mesolive_testkit.server import ACCOUNT, Kit, live_server

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUICK = Overrides(notifier=NotifierConfig(gather=0.0, sweep=0.1, failure=BackOff(first=0.1, longest=0.2)))


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def kit(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Kit]:
    folder = tmp_path_factory.mktemp("notifications")
    async with live_server(folder, overrides=QUICK, notify_hosts=("127.0.0.1",)) as running:
        yield running


@pytest.fixture
def sink() -> Generator[Sink]:
    with http_sink() as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def clean(kit: Kit) -> AsyncGenerator[Kit]:
    yield kit
    for rule in (await kit.control.list_notification_rules()).Rules:
        await kit.control.remove_notification_rule(models.NotificationRuleArgs(RuleId=rule.RuleId))
    for position in (await kit.control.list_positions()).Positions:
        if position.State is models.LivePositionState.Open:
            await kit.leave(position.Id)  # its contracts are free for the positions of the other tests


async def rule_to(kit: Kit, url: str, name: str = "desk", **more: object) -> models.NotificationRule:
    args = models.AddNotificationRuleArgs(Name=name, Url=url, **more)  # pyright: ignore[reportArgumentType]  # by name
    return await kit.control.add_notification_rule(args)


async def halt(control: MesoLiveControlHubClient, reason: str) -> None:
    await control.halt_trading(
        models.HaltTradingArgs(IdempotencyKey=new_idempotency_key(), BrokerAccountId=ACCOUNT, Reason=reason)
    )


async def shown(kit: Kit, rule: models.NotificationRule) -> models.NotificationRule:
    return next(item for item in (await kit.control.list_notification_rules()).Rules if item.RuleId == rule.RuleId)


async def test_a_halt_is_notified_once_and_the_rule_records_it(clean: Kit, sink: Sink) -> None:
    rule = await rule_to(clean, sink.address(), Kinds=[Kind.Halts])
    await halt(clean.control, "first day")
    message = await sink.next()
    assert message.startswith(f"MesoLive: trading halted on {ACCOUNT}: first day")
    await halt(clean.control, "second day")
    assert "second day" in await sink.next()
    assert [text.count("first day") for text in sink.received] == [2, 0]  # in title and line of one message
    while (stored := await shown(clean, rule)).Sent < 2:
        pass
    assert (stored.State, stored.Service, stored.Sent, stored.Failed) == (
        models.NotificationState.Ready,
        "Webhook (JSON)",
        2,
        0,
    )


async def test_only_the_kinds_that_a_rule_names_are_notified(clean: Kit, sink: Sink) -> None:
    await rule_to(clean, sink.address(), Kinds=[Kind.Positions])
    strategy = await clean.strategy()
    await halt(clean.control, "is not told")
    await clean.enter(strategy.Id, name="told of")
    message = await sink.next()
    assert "position created: told of" in message
    assert "is not told" not in message


async def test_a_rule_of_one_account_is_silent_on_others(clean: Kit, sink: Sink) -> None:
    other = models.CreateAccountArgs(
        BrokerAccountId="MLOTHER", BrokerType=models.BrokerType.MesoLive, Cash=Decimal(1000)
    )
    await clean.control.create_account(other)
    await rule_to(clean, sink.address(), BrokerAccountId="MLOTHER")
    await halt(clean.control, "elsewhere")
    await clean.control.halt_trading(
        models.HaltTradingArgs(IdempotencyKey=new_idempotency_key(), BrokerAccountId="MLOTHER", Reason="here")
    )
    assert "elsewhere" not in await sink.next()


async def test_a_service_that_refuses_makes_the_rule_fail_and_the_next_message_says_what_was_lost(
    clean: Kit, sink: Sink
) -> None:
    rule = await rule_to(clean, sink.address(), Kinds=[Kind.Halts])
    sink.before_answer = lambda _: 503
    await halt(clean.control, "lost")
    await sink.next()
    while (failing := await shown(clean, rule)).State is not models.NotificationState.Failing:
        pass
    assert failing.LastError == "the service answered 503"
    assert failing.Failed == 1
    sink.before_answer = lambda _: 200
    await halt(clean.control, "told")
    message = await sink.next()
    assert "told" in message
    assert "lost" not in message
    assert "1 earlier events may not have been reported" in message


async def test_a_service_that_hangs_holds_up_neither_the_server_nor_other_rules(clean: Kit, sink: Sink) -> None:
    let_go = threading.Event()

    def hang(_: str) -> int:
        let_go.wait(60)
        return 200

    with http_sink() as hanging:
        hanging.before_answer = hang
        try:
            await rule_to(clean, hanging.address(), name="hangs", Kinds=[Kind.Halts])
            await rule_to(clean, sink.address(), name="works", Kinds=[Kind.Halts])
            for number in range(3):
                await halt(clean.control, f"halt {number}")
                while f"halt {number}" not in await sink.next():
                    pass
            assert not hanging.received
        finally:
            let_go.set()


async def test_quiet_hours_withhold_messages_and_report_their_number_at_the_end(clean: Kit, sink: Sink) -> None:
    quiet = models.QuietHours(From="00:00", To="00:00", TimeZone="Europe/Berlin", Except=[Kind.Positions])
    rule = await rule_to(clean, sink.address(), Kinds=[Kind.Halts, Kind.Positions], Quiet=quiet)
    assert rule.State is models.NotificationState.Quiet
    await halt(clean.control, "at night")
    while (await shown(clean, rule)).Held == 0:
        pass
    strategy = await clean.strategy()
    await clean.enter(strategy.Id, name="urgent")
    message = await sink.next()
    assert "urgent" in message
    assert "at night" not in message
    await clean.control.update_notification_rule(models.UpdateNotificationRuleArgs(RuleId=rule.RuleId, NoQuiet=True))
    while "during quiet hours: 1 Halts" not in await sink.next():
        pass
    assert (await shown(clean, rule)).Held == 0


async def test_a_rule_that_is_switched_off_sends_nothing_of_that_time(clean: Kit, sink: Sink) -> None:
    rule = await rule_to(clean, sink.address(), Kinds=[Kind.Halts])
    switch = models.UpdateNotificationRuleArgs(RuleId=rule.RuleId, Enabled=False)
    assert (await clean.control.update_notification_rule(switch)).State is models.NotificationState.Disabled
    await halt(clean.control, "while it was off")
    switch.Enabled = True
    await clean.control.update_notification_rule(switch)
    await halt(clean.control, "afterwards")
    message = await sink.next()
    assert "afterwards" in message
    assert "while it was off" not in message


async def test_strategy_and_account_of_a_rule_are_changed_and_ended(clean: Kit, sink: Sink) -> None:
    rule = await rule_to(clean, sink.address(), Kinds=[Kind.Positions])
    first = await clean.strategy(StrategyName="first of two")
    second = await clean.strategy(StrategyName="second of two")

    async def update(**changes: object) -> models.NotificationRule:
        args = models.UpdateNotificationRuleArgs(RuleId=rule.RuleId, **changes)  # pyright: ignore[reportArgumentType]
        return await clean.control.update_notification_rule(args)

    changed = await update(StrategyId=second.Id, BrokerAccountId=ACCOUNT)
    assert (changed.StrategyId, changed.BrokerAccountId) == (second.Id, ACCOUNT)
    await clean.enter(first.Id, name="of no concern")
    held = (await clean.enter(second.Id, name="of concern")).PositionId
    message = await sink.next()
    assert "of concern" in message
    assert "of no concern" not in message
    assert (await update(Name="renamed")).StrategyId == second.Id, "what is not named stays"
    changed = await update(AllStrategies=True, AllAccounts=True)
    assert (changed.StrategyId, changed.BrokerAccountId) == (None, None)
    await clean.leave(held)  # its contracts are free again
    await clean.enter(first.Id, name="of concern again")
    while "of concern again" not in await sink.next():
        pass
    for wrong, field in (
        ({"StrategyId": 999_999}, "StrategyId"),
        ({"StrategyId": first.Id, "AllStrategies": True}, "AllStrategies"),
        ({"BrokerAccountId": ACCOUNT, "AllAccounts": True}, "AllAccounts"),
    ):
        error = await refused(update(**wrong))
        assert error.error is not None
        assert error.error.ValidationErrors is not None
        assert list(error.error.ValidationErrors) == [field]
    assert (await refused(update(BrokerAccountId="NONE"))).status is StatusCode.NotFound


async def test_the_test_message_is_sent_and_a_failure_is_reported(clean: Kit, sink: Sink) -> None:
    rule = await rule_to(clean, sink.address())
    args = models.NotificationRuleArgs(RuleId=rule.RuleId)
    assert (await clean.control.test_notification_rule(args)).Sent
    assert "The notification rule desk of MesoLive works." in await sink.next()
    sink.before_answer = lambda _: 404
    outcome = await clean.control.test_notification_rule(args)
    assert (outcome.Sent, outcome.Message) == (False, "the service answered 404")


async def test_the_address_is_stored_encrypted_and_shown_nowhere(
    clean: Kit, sink: Sink, capfd: pytest.CaptureFixture[str]
) -> None:
    sink.before_answer = lambda _: 500
    rule = await rule_to(clean, sink.address("a-very-secret-path"), Kinds=[Kind.Halts])
    await halt(clean.control, "fails")
    await sink.next()
    await clean.control.test_notification_rule(models.NotificationRuleArgs(RuleId=rule.RuleId))
    everything = str(await clean.control.list_notification_rules())
    database = Path(clean.application.settings.database.removeprefix("sqlite:///"))
    for file in database.parent.glob(f"{database.name}*"):
        assert b"a-very-secret-path" not in file.read_bytes()
    output = capfd.readouterr()
    assert "a-very-secret-path" not in everything + output.out + output.err


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("dbus://", "expected an address that begins with"),
        ("file:///etc/passwd", "expected an address that begins with"),
        ("json://10.0.0.1/hook", "private network"),
        ("json://[::1]/hook", "private network"),
        ("json://127.0.0.1/hook?redirect=yes", "parameter redirect"),
        ("mailto://user:secret@example.com?pgpprv=/etc/shadow", "parameter pgpprv"),
        ("tgram://incomplete", "no complete address of Telegram"),
    ],
)
async def test_an_address_that_cannot_be_used_is_refused_by_its_field(clean: Kit, url: str, says: str) -> None:
    error = await refused(rule_to(clean, url))
    assert error.status is StatusCode.ValidationError
    assert error.error is not None
    assert error.error.ValidationErrors is not None
    (problem,) = error.error.ValidationErrors["Url"]
    assert says in problem
    assert "secret" not in problem


async def test_rules_are_their_owners_and_watchers_change_none(clean: Kit, sink: Sink) -> None:
    rule = await rule_to(clean, sink.address())
    args = models.NotificationRuleArgs(RuleId=rule.RuleId)
    other = await clean.other_user()
    assert (await other.list_notification_rules()).Rules == []
    for call in (other.test_notification_rule(args), other.remove_notification_rule(args)):
        assert (await refused(call)).status is StatusCode.NotFound
    made = await clean.control.create_api_key(models.CreateApiKeyArgs(Role="watch"))
    watcher = await clean.client(MesoLiveControlHubClient, made.Token)
    assert len((await watcher.list_notification_rules()).Rules) == 1
    assert (await refused(watcher.remove_notification_rule(args))).status is StatusCode.Forbidden


@pytest.mark.parametrize("zone", ["Nowhere/City", "../etc/passwd", ""])
async def test_a_zone_that_does_not_exist_is_refused(clean: Kit, sink: Sink, zone: str) -> None:
    quiet = models.QuietHours(From="22:00", To="07:00", TimeZone=zone)
    error = await refused(rule_to(clean, sink.address(), Quiet=quiet))
    assert error.error is not None
    assert error.error.ValidationErrors is not None
    assert list(error.error.ValidationErrors) == ["Quiet.TimeZone"]


async def test_two_rules_of_one_name_are_refused(clean: Kit, sink: Sink) -> None:
    await rule_to(clean, sink.address())
    error = await refused(rule_to(clean, sink.address()))
    assert error.error is not None
    assert (error.status, error.error.Code) == (StatusCode.Conflict, "RuleExists")


async def test_a_restart_notifies_no_event_again_and_continues_with_the_next(tmp_path: Path, sink: Sink) -> None:
    for number in range(2):
        async with live_server(tmp_path, overrides=QUICK, notify_hosts=("127.0.0.1",)) as kit:
            if number == 0:
                await rule_to(kit, sink.address(), Kinds=[Kind.Halts])
            await halt(kit.control, f"life {number}")
            assert f"life {number}" in await sink.next()
    assert [text.count("life 0") for text in sink.received] == [2, 0]
