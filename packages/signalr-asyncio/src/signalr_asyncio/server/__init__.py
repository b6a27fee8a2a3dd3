"""An ASGI application that serves hubs."""
