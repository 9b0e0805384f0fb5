"""Says which reports of a run are missing, and how to write them when there is room again."""

import shlex
import traceback

import click

from tconv.errors import TconvError
from tconv.report.write_all import Reports


def tell_unwritten(edition: Reports) -> None:
    """Print on stderr why reports are missing, a fault of the harness in full; or nothing."""
    for name, error in edition.failures.items():
        if not isinstance(error, TconvError):
            traceback.print_exception(error)
        click.echo(f"tconv: {name} is not written: {error}", err=True)
    if edition.failures:
        path = shlex.quote(str(edition.extract.run.path))
        click.echo(f"tconv: the rows are complete; for the reports: tconv report {path}", err=True)
