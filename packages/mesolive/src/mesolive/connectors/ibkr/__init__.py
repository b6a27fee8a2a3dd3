"""The connector of kind `ibkr`: Interactive Brokers through TWS or IB Gateway."""
