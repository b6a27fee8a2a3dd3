"""Server transports: WebSockets, server-sent events, long polling."""
