"""Notification rules of a user, for the Control Hub: listed, made, changed, removed and tried."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from mesolive.access.context import UserContext
from mesolive.access.sealing import SealedSecretError, Sealing
from mesolive.clock import Clock, WallClock
from mesolive.errors import conflict, validation
from mesolive.journal.events import Events
from mesolive.notifications.notifier import Notifier
from mesolive.notifications.quiet_hours import zone_of
from mesolive.notifications.rules import (
    StoredRule,
    change_rule,
    count_rules,
    delete_rule,
    find_rule,
    insert_rule,
    latest_event,
    place_of,
    rules_of_user,
)
from mesolive.notifications.targets import SERVICES, Target, TargetError
from mesolive.store.database import Database, Transaction
from mesolive.trading.portfolio.accounts import Accounts
from mesolive_sdk import models
from mesolive_sdk.models import NotificationKind

MAX_RULES = 50
"""Rules that one user may have."""

_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]", re.ASCII)

ALL_KINDS = tuple(kind for kind in NotificationKind if kind is not NotificationKind.Unknown)


class Notifications:
    """Notification rules of the Control Hub.

    Parameters
    ----------
    database, sealing
        Where rules are, and what encrypts their addresses.
    target
        Checks addresses, and sends the message of a test.
    notifier
        Follows the log for the rules.
    events, accounts
        Tell which strategies and accounts are the user's.
    wall
        Real time.
    """

    def __init__(
        self,
        database: Database,
        sealing: Sealing,
        target: Target,
        notifier: Notifier,
        events: Events,
        accounts: Accounts,
        wall: Clock | None = None,
    ) -> None:
        self._database = database
        self._sealing = sealing
        self._target = target
        self._notifier = notifier
        self._events = events
        self._accounts = accounts
        self._wall: Clock = wall or WallClock()

    async def list(
        self, user: UserContext, args: models.ListNotificationRulesArgs
    ) -> models.ListNotificationRulesResult:
        """Return the user's rules, by name."""
        del args
        async with self._database.read() as tx:
            rules = await rules_of_user(tx, user.user_id)
        return models.ListNotificationRulesResult(Rules=[self._shown(rule) for rule in rules], Services=dict(SERVICES))

    async def add(self, user: UserContext, args: models.AddNotificationRuleArgs) -> models.NotificationRule:
        """Store a rule; it reports events from now on.

        Raises
        ------
        ServiceError
            `ValidationError` for an address, a zone or a kind that cannot be used; `NotFound` for a strategy or an
            account that the user does not have; `Conflict` with the code `RuleExists` or `TooManyRules`.
        """
        kinds = _kinds("Kinds", args.Kinds)
        _check_quiet(args.Quiet)
        await self._check_scope(user, args.StrategyId, args.BrokerAccountId)
        service = await self._service_of(args.Url)
        async with self._database.write(user.user_id) as tx:
            await self._check_name(tx, user, args.Name)
            if await count_rules(tx, user.user_id) >= MAX_RULES:
                raise conflict(f"a user may have {MAX_RULES} notification rules", code="TooManyRules")
            values: dict[str, object] = {
                "user_id": user.user_id,
                "name": args.Name,
                "service": service,
                "kinds": kinds,
                "strategy_id": args.StrategyId,
                "broker_account_id": args.BrokerAccountId,
                "quiet": args.Quiet,
                "enabled": True,
                "created_at": self._wall.now(),
                "cursor": await latest_event(tx, user.user_id),
                "in_flight": 0,
                "missed": 0,
                "held": {},
                "sent": 0,
                "failed": 0,
            }
            rule_id = await insert_rule(tx, values, self._sealing, args.Url)
        return await self._refreshed(user, rule_id)

    async def update(self, user: UserContext, args: models.UpdateNotificationRuleArgs) -> models.NotificationRule:
        """Change a rule; what is null stays.

        Raises
        ------
        ServiceError
            As `add`; `NotFound` for a rule that the user does not have.
        """
        values: dict[str, object] = {}
        if args.Kinds is not None:
            values["kinds"] = _kinds("Kinds", args.Kinds)
        _check_quiet(args.Quiet)
        for field, no_field in (
            ("Quiet", "NoQuiet"),
            ("StrategyId", "AllStrategies"),
            ("BrokerAccountId", "AllAccounts"),
        ):
            if getattr(args, no_field) and getattr(args, field) is not None:
                raise validation({no_field: [f"expected either {field} or {no_field}, got both"]})
        await self._check_scope(user, args.StrategyId, args.BrokerAccountId)
        if args.StrategyId is not None or args.AllStrategies:
            values["strategy_id"] = args.StrategyId
        if args.BrokerAccountId is not None or args.AllAccounts:
            values["broker_account_id"] = args.BrokerAccountId
        if args.Quiet is not None or args.NoQuiet:
            values["quiet"] = args.Quiet
        if args.Url is not None:
            values["service"] = await self._service_of(args.Url)
            values["sealed"] = self._sealing.seal(place_of(args.RuleId), args.Url)
            values |= {"last_error_at": None, "last_error": None}
        async with self._database.write(user.user_id) as tx:
            rule = await find_rule(tx, args.RuleId, user.user_id)
            if args.Name is not None and args.Name != rule.name:
                await self._check_name(tx, user, args.Name)
                values["name"] = args.Name
            if args.Enabled is not None and args.Enabled != rule.enabled:
                values["enabled"] = args.Enabled
                # What happened while it was switched off is not reported.
                values |= {"cursor": await latest_event(tx, user.user_id), "held": {}}
            elif (seen := self._notifier.seen_by(rule.id)) is not None and seen > rule.cursor:
                # What was of no concern to the rule as it was shall be of none to the rule as it becomes.
                values["cursor"] = seen
            if values:
                await change_rule(tx, rule.id, values)
        return await self._refreshed(user, args.RuleId)

    async def remove(self, user: UserContext, args: models.NotificationRuleArgs) -> models.ListNotificationRulesResult:
        """Forget a rule; `NotFound` when the user has none of that id."""
        async with self._database.write(user.user_id) as tx:
            await find_rule(tx, args.RuleId, user.user_id)
            await delete_rule(tx, args.RuleId)
        await self._notifier.changed(args.RuleId)
        return await self.list(user, models.ListNotificationRulesArgs())

    async def test(self, user: UserContext, args: models.NotificationRuleArgs) -> models.TestNotificationRuleResult:
        """Send a message to where a rule sends, also in its quiet hours and when it is switched off."""
        async with self._database.read() as tx:
            rule = await find_rule(tx, args.RuleId, user.user_id)
        try:
            url = self._sealing.open(place_of(rule.id), rule.sealed)
            await self._target.send(url, "MesoLive: a test", f"The notification rule {rule.name} of MesoLive works.")
        except (TargetError, SealedSecretError) as problem:
            return models.TestNotificationRuleResult(Sent=False, Message=str(problem))
        return models.TestNotificationRuleResult(Sent=True, Message="")

    async def _service_of(self, url: str) -> str:
        try:
            return await self._target.check(url)
        except TargetError as problem:
            raise validation({"Url": [str(problem)]}) from None

    async def _check_name(self, tx: Transaction, user: UserContext, name: str) -> None:
        if any(rule.name == name for rule in await rules_of_user(tx, user.user_id)):
            raise conflict(f"there is a notification rule {name!r} already", code="RuleExists")

    async def _check_scope(self, user: UserContext, strategy_id: int | None, broker_account_id: str | None) -> None:
        if strategy_id is not None and not await self._events.own_strategies(user.user_id, [strategy_id]):
            raise validation({"StrategyId": [f"expected one of your strategies, got {strategy_id}"]})
        if broker_account_id is not None:
            await self._accounts.get(user, models.GetAccountArgs(BrokerAccountId=broker_account_id))

    async def _refreshed(self, user: UserContext, rule_id: int) -> models.NotificationRule:
        await self._notifier.changed(rule_id)
        async with self._database.read() as tx:
            return self._shown(await find_rule(tx, rule_id, user.user_id))

    def _shown(self, rule: StoredRule) -> models.NotificationRule:
        return models.NotificationRule(
            RuleId=rule.id,
            Name=rule.name,
            Service=rule.service,
            Kinds=[kind for kind in ALL_KINDS if kind in rule.kinds],
            StrategyId=rule.strategy_id,
            BrokerAccountId=rule.broker_account_id,
            Quiet=rule.quiet,
            Enabled=rule.enabled,
            State=self._notifier.state_of(rule),
            CreatedAt=rule.created_at,
            LastSentAt=rule.last_sent_at,
            LastErrorAt=rule.last_error_at,
            LastError=rule.last_error,
            Sent=rule.sent,
            Failed=rule.failed,
            Held=sum(rule.held.values()),
        )


def _kinds(field: str, asked: Collection[NotificationKind] | None) -> Sequence[str]:
    kinds = ALL_KINDS if asked is None else tuple(dict.fromkeys(asked))
    if not kinds or NotificationKind.Unknown in kinds:
        expected = ", ".join(kind.value for kind in ALL_KINDS)
        raise validation({field: [f"expected at least one of {expected}"]})
    return [kind.value for kind in kinds]


def _check_quiet(quiet: models.QuietHours | None) -> None:
    if quiet is None:
        return
    problems = {
        f"Quiet.{name}": [f"expected a time of the day as HH:MM, got {text[:20]!r}"]
        for name, text in (("From", quiet.From), ("To", quiet.To))
        if not _TIME.fullmatch(text)
    }
    try:
        zone_of(quiet.TimeZone)
    except ValueError as error:
        problems["Quiet.TimeZone"] = [str(error)]
    if problems:
        raise validation(problems)
    if quiet.Except:
        _kinds("Quiet.Except", quiet.Except)
