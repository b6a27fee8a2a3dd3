"""Web Portal: its built pages, the sign-in of browsers and their sessions."""
