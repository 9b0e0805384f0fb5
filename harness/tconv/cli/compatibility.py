"""`tconv compatibility`: prints how frameworks resolve open cases, as a document."""

from pathlib import Path

import click

from tconv.cli.atlas_source import atlas_option, load_compatibility

EPILOG = """\b
Examples:
  tconv compatibility > reports/compatibility.md
  tconv compatibility --atlas reports/map-20261122-190000
"""


@click.command(epilog=EPILOG)
@atlas_option
def compatibility(*, path: Path | None) -> None:
    """Print as Markdown how each framework resolves ambiguous output shapes.

    For each backend: its rules, what it refuses, what is published about it, and where other
    backends give another answer.
    """
    from tconv.report.compatibility_md import text

    click.echo(text(load_compatibility(path)), nl=False)
