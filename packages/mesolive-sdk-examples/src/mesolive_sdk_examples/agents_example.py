"""Agents: the server's connections to brokers and data providers.

python -m mesolive_sdk_examples.agents_example list
"""

from __future__ import annotations

from mesolive_sdk_examples.common import AsJson, Session, Token, Url, command, example, print_json, print_table

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
    if as_json:
        print_json(result)
        return
    print_table(
        "Agents",
        ("Id", "Name", "Status", "Connector", "Market data", "Accounts", "Connected at", "Message"),
        (
            (
                agent.AgentId,
                agent.Name,
                agent.Status,
                agent.Connector,
                agent.DataProvider,
                agent.BrokerAccountIds,
                agent.ConnectedAt,
                agent.Message,
            )
            for agent in result.Agents
        ),
    )


if __name__ == "__main__":
    app()
