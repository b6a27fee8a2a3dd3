"""The SignalR hub protocol without I/O: bytes in, messages and bytes out."""
