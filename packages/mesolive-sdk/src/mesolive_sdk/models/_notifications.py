"""Notifications: rules that tell a person of events while no page is open.

These models are extensions: the published API does not have them.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import msgspec

from mesolive_sdk.models import _enums as enums
from mesolive_sdk.models._base import Id, Timed, UtcDateTime

RuleName = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
"""The user's name for a rule: 1 to 64 characters."""

TargetUrl = Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
"""An address of Apprise, such as `tgram://…`; it holds secrets."""


class QuietHours(msgspec.Struct, kw_only=True):
    """Hours of every day in which a rule holds its messages back and counts them.

    Attributes
    ----------
    From, To
        `HH:MM`, by real time in `TimeZone`. A `From` later than `To` goes over midnight.
    TimeZone
        A name of the IANA database, such as `Europe/Berlin`.
    Except
        What is sent at once all the same; null for nothing.
    """

    From: str
    To: str
    TimeZone: Annotated[str, msgspec.Meta(max_length=64)] = "America/New_York"
    Except: list[enums.NotificationKind] | None = None


class NotificationRule(Timed, kw_only=True):
    """A notification rule; its address is not shown.

    Attributes
    ----------
    RuleId, Name
        Which rule.
    Service
        Where it sends to, such as `Telegram`.
    Kinds
        What it tells of.
    StrategyId, BrokerAccountId
        It reports only events of this strategy or account; null for all. Events that name neither are always reported.
    Quiet
        Its quiet hours; null for none.
    Enabled
        Whether it is switched on.
    State
        Whether it is ready, in its quiet hours, failing, or disabled.
    CreatedAt, LastSentAt, LastErrorAt
        Real times; null where it never was.
    LastError
        Why the last failed message was not sent, without secrets.
    Sent, Failed
        How many messages were sent, and how many events of messages that failed.
    Held
        How many events its quiet hours hold back now.
    """

    times: ClassVar[tuple[str, ...]] = ("CreatedAt", "LastSentAt", "LastErrorAt")

    RuleId: int
    Name: str
    Service: str
    Kinds: list[enums.NotificationKind]
    StrategyId: int | None = None
    BrokerAccountId: str | None = None
    Quiet: QuietHours | None = None
    Enabled: bool
    State: enums.NotificationState
    CreatedAt: UtcDateTime
    LastSentAt: UtcDateTime | None = None
    LastErrorAt: UtcDateTime | None = None
    LastError: str | None = None
    Sent: int
    Failed: int
    Held: int


class ListNotificationRulesArgs(msgspec.Struct, kw_only=True):
    """Arguments of `ListNotificationRules`: none."""


class ListNotificationRulesResult(msgspec.Struct, kw_only=True):
    """Result of `ListNotificationRules`.

    Attributes
    ----------
    Rules
        The caller's rules, by name.
    Services
        The services that an address may name, by their schemes, such as `tgram` for Telegram.
    """

    Rules: list[NotificationRule]
    Services: dict[str, str]


class AddNotificationRuleArgs(msgspec.Struct, kw_only=True):
    """Arguments of `AddNotificationRule`.

    Attributes
    ----------
    Name
        The user's name for it.
    Url
        An address of Apprise, such as `tgram://token/chat` or `mailto://user:password@example.com`; it is stored
        encrypted and never shown again.
    Kinds
        What it tells of; null for everything.
    StrategyId, BrokerAccountId
        Tell only of events of this strategy or account; null for all.
    Quiet
        Quiet hours; null for none.
    """

    Name: RuleName
    Url: TargetUrl
    Kinds: list[enums.NotificationKind] | None = None
    StrategyId: Id | None = None
    BrokerAccountId: str | None = None
    Quiet: QuietHours | None = None


class UpdateNotificationRuleArgs(msgspec.Struct, kw_only=True):
    """Arguments of `UpdateNotificationRule`: null leaves as it is.

    Attributes
    ----------
    RuleId
        One of the caller's rules.
    Name, Url, Kinds, Quiet
        As in `AddNotificationRule`.
    Enabled
        Whether it is switched on. One that is switched on again tells of what happens from then on.
    NoQuiet
        Whether its quiet hours end.
    StrategyId, BrokerAccountId
        As in `AddNotificationRule`.
    AllStrategies, AllAccounts
        Whether it is no longer of one strategy, or of one account.
    """

    RuleId: Id
    Name: RuleName | None = None
    Url: TargetUrl | None = None
    Kinds: list[enums.NotificationKind] | None = None
    Quiet: QuietHours | None = None
    Enabled: bool | None = None
    NoQuiet: bool = False
    StrategyId: Id | None = None
    BrokerAccountId: str | None = None
    AllStrategies: bool = False
    AllAccounts: bool = False


class NotificationRuleArgs(msgspec.Struct, kw_only=True):
    """Arguments of `TestNotificationRule` and `RemoveNotificationRule`.

    Attributes
    ----------
    RuleId
        One of the caller's rules.
    """

    RuleId: Id


class TestNotificationRuleResult(msgspec.Struct, kw_only=True):
    """Result of `TestNotificationRule`.

    Attributes
    ----------
    Sent
        Whether the service took the message.
    Message
        Why not, without secrets; empty where it was sent.
    """

    __test__: ClassVar[bool] = False  # not a test, whatever pytest makes of the name

    Sent: bool
    Message: str
