"""`python -m lambent` and the `lambent` command."""

from __future__ import annotations

from lambent.cli import commands


def main() -> None:
    """Run the command line."""
    commands.lambent()


if __name__ == "__main__":
    main()
