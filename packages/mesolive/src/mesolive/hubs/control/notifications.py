"""Control Hub methods of notifications: rules, and acknowledgements of errors."""

from __future__ import annotations

from mesolive.hubs.control.services import Answer, ControlMethods
from mesolive_sdk import models
from signalr_asyncio import Payload, hub_method


class NotificationMethods(ControlMethods):
    """Methods of notifications."""

    @hub_method(name="ListNotificationRules")
    async def list_notification_rules(self, args: Payload | None = None) -> Answer:
        """List the caller's notification rules, and the services that they may use."""
        return await self._answer(
            "ListNotificationRules", models.ListNotificationRulesArgs, args, self._services.notifications.list
        )

    @hub_method(name="AddNotificationRule")
    async def add_notification_rule(self, args: Payload | None = None) -> Answer:
        """Create a rule that sends messages about events."""
        return await self._answer(
            "AddNotificationRule", models.AddNotificationRuleArgs, args, self._services.notifications.add
        )

    @hub_method(name="UpdateNotificationRule")
    async def update_notification_rule(self, args: Payload | None = None) -> Answer:
        """Change a notification rule, or switch it on or off."""
        return await self._answer(
            "UpdateNotificationRule", models.UpdateNotificationRuleArgs, args, self._services.notifications.update
        )

    @hub_method(name="RemoveNotificationRule")
    async def remove_notification_rule(self, args: Payload | None = None) -> Answer:
        """Forget a notification rule and its address, and return those that are left."""
        return await self._answer(
            "RemoveNotificationRule", models.NotificationRuleArgs, args, self._services.notifications.remove
        )

    @hub_method(name="TestNotificationRule")
    async def test_notification_rule(self, args: Payload | None = None) -> Answer:
        """Send a message to where a notification rule sends."""
        return await self._answer(
            "TestNotificationRule", models.NotificationRuleArgs, args, self._services.notifications.test
        )

    @hub_method(name="AcknowledgeError")
    async def acknowledge_error(self, args: Payload | None = None) -> Answer:
        """Note that a person has seen an error; it stays active."""
        return await self._answer(
            "AcknowledgeError", models.AcknowledgeErrorArgs, args, self._services.acknowledgements.acknowledge
        )

    @hub_method(name="ListErrorAcknowledgements")
    async def list_error_acknowledgements(self, args: Payload | None = None) -> Answer:
        """List which active errors were acknowledged."""
        return await self._answer(
            "ListErrorAcknowledgements",
            models.ListErrorAcknowledgementsArgs,
            args,
            self._services.acknowledgements.list,
        )
