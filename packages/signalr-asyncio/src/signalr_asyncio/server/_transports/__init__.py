"""How bytes travel between one client and its session."""
