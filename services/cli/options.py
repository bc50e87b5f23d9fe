"""Options that several commands have."""

from pathlib import Path

import click

DATA = click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("var"),
    show_default=True,
    help="The folder of `make run`, or of `make run-distributed` (var/distributed), with its databases.",
)
