"""The `mesolive` command."""


def main() -> None:
    """Run the `mesolive` command."""
