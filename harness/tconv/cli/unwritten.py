"""Says which reports of a run are missing, and how to write them when there is room again."""

import shlex
import traceback

import click

from tconv.errors import TconvError
from tconv.report.write_all import Reports


def tell_unwritten(reports: Reports) -> None:
    """Print on stderr why reports are missing, a fault of the harness in full; or nothing."""
    for name, error in reports.failures.items():
        if not isinstance(error, TconvError):
            traceback.print_exception(error)
        click.echo(f"tconv: {name} is not written: {error}", err=True)
    if reports.failures:
        path = shlex.quote(str(reports.extract.run.path))
        click.echo(f"tconv: the rows are complete; for the reports: tconv report {path}", err=True)
