"""`doorstroom schemas`: what is published about the messages."""

from pathlib import Path

import click

PUBLISHED = Path("schemas/published")


@click.group()
def schemas() -> None:
    """The published schemas of the messages."""
