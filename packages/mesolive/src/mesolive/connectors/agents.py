"""Agent status events of connections, and connections as the published API lists agents."""

from __future__ import annotations

import uuid

from mesolive.connectors.protocol import ConnectorState, ConnectorStatus
from mesolive.journal.unstamped import UNSTAMPED
from mesolive_sdk import models


def error_id(connection_id: int) -> uuid.UUID:
    """Return the id of a connection's error: one cause, one id."""
    return uuid.uuid5(uuid.NAMESPACE_OID, f"mesolive/connection/{connection_id}")


def status_text(name: str, status: ConnectorStatus) -> str:
    """Return a connection's state in one line, with what to do."""
    words = status.message or _WORDS[status.state]
    return f"connector {name}: {words}" + (f". {status.remedy}" if status.remedy else "")


_WORDS = {
    ConnectorState.DISABLED: "disabled",
    ConnectorState.CONNECTING: "connecting",
    ConnectorState.CONNECTED: "connected",
    ConnectorState.RESTRICTED: "connected with restrictions",
    ConnectorState.DISCONNECTED: "disconnected",
    ConnectorState.ACTION_REQUIRED: "waits for you",
}


def status_event(name: str, agent: models.AgentConnector, status: ConnectorStatus) -> models.AgentStatusEvent:
    """Return the agent status event of a connection's state."""
    return models.AgentStatusEvent(
        EventTime=UNSTAMPED, Status=status.state.agent_status, Message=status_text(name, status), Connector=agent
    )


def error_event(connection_id: int, name: str, status: ConnectorStatus, *, active: bool) -> models.ErrorEvent:
    """Return the error that begins or ends with a connection's state."""
    return models.ErrorEvent(
        EventTime=UNSTAMPED,
        State=models.ErrorState.Active if active else models.ErrorState.Resolved,
        ErrorId=error_id(connection_id),
        Message=status_text(name, status),
    )
