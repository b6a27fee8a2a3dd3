"""What the client's tests need: a hub that a test plays by hand, a network that fails on demand, a clock."""
