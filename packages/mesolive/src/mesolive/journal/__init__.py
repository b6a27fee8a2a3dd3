"""The event log: appended in the caller's transaction, delivered after its commit, replayed by sequence id."""
