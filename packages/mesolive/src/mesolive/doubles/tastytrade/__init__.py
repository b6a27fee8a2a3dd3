"""Double of tastytrade: its REST API, its account stream and its DXLink market data, on one port."""
