"""Double of Trader Workstation (TWS) and IB Gateway: a server that speaks their socket protocol in text form."""
