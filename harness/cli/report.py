"""`tconv report`: write the reports of a run again, without running anything."""

import sys
from pathlib import Path

import click

from harness.runs import write_reports
from harness.status import ExitStatus
from harness.store import RunReader, newest

EPILOG = """\b
Examples:
  tconv report                                the newest run in reports/
  tconv report reports/smoke-20261122-190000
"""


@click.command(epilog=EPILOG)
@click.argument("run", required=False, type=click.Path(path_type=Path))
def report(*, run: Path | None) -> None:
    """Write report.html, summary.md and the tables of RUN; the newest run where not given."""
    path = run or newest(Path("reports"))
    if not RunReader(path).is_complete:
        click.echo(
            f"tconv: {path} is incomplete: it has no footer.json, so nothing is reported of it; "
            "run the sweep again",
            err=True,
        )
        sys.exit(ExitStatus.INCOMPLETE)
    for made in write_reports(path):
        click.echo(made)
