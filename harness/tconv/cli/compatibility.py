"""`tconv compatibility`: what is known of how frameworks resolve open cases, as a document."""

from pathlib import Path

import click

from tconv.cli.atlas_source import compared, option
from tconv.report.compatibility_md import text

EPILOG = """\b
Examples:
  tconv compatibility > reports/compatibility.md
  tconv compatibility --atlas reports/map-20261122-190000
"""


@click.command(epilog=EPILOG, short_help="Print how frameworks resolve open shapes.")
@option
def compatibility(*, path: Path | None) -> None:
    """Print as Markdown how each framework resolves ambiguous output shapes.

    For each backend: its rules, what it refuses, what is published about it, and where the others
    answer otherwise.
    """
    click.echo(text(compared(path)), nl=False)
