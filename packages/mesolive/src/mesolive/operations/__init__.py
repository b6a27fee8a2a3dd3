"""How the server is run: health, metrics, retention, backup."""
