"""What the SDK's tests share: the contract as a table, values made from it, and a server with scripted answers."""
