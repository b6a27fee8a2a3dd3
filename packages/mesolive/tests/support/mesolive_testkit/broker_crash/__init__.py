"""Kills of server and broker while they trade: one harness for all brokers, with a driver for each.

`drivers` says what a broker's driver is; `ibkr` is one. `double_child` and `server_child` are the processes that die,
`run` lets them live and die and compares the books with what the broker did.
"""
