"""Agents: the server's connections to brokers and data providers.

python -m mesolive_sdk_examples.agents_example list
"""

from __future__ import annotations

from mesolive_sdk import models
from mesolive_sdk_examples.common import AsJson, Session, Token, Url, command, example
from mesolive_sdk_examples.printing import Columns, print_page

AGENTS: Columns[models.AgentInfo] = {
    "Id": lambda item: item.AgentId,
    "Name": lambda item: item.Name,
    "Status": lambda item: item.Status,
    "Connector": lambda item: item.Connector,
    "Market data": lambda item: item.DataProvider,
    "Accounts": lambda item: item.BrokerAccountIds,
    "Connected at": lambda item: item.ConnectedAt,
    "Message": lambda item: item.Message,
}

app = example("Agents: the server's connections to brokers and data providers.")


@app.callback()
def agents() -> None:
    """Agents: the server's connections to brokers and data providers."""


@app.command("list")
@command
async def list_agents(url: Url = None, token: Token = None, as_json: AsJson = False) -> None:
    """List the agents with their status, what they connect to, and the accounts that they serve."""
    async with Session(url, token) as session:
        result = await (await session.control()).list_agents()
    print_page(result, "Agents", result.Agents, AGENTS, token=None, as_json=as_json)


if __name__ == "__main__":
    app()
