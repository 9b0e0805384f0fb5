"""`tconv report`: rewrites the reports of a run, without running anything."""

import sys
from pathlib import Path
from typing import Final

import click

from tconv.cli.output import print_failures
from tconv.runs.exit_status import ExitStatus

EPILOG = """\b
Examples:
  tconv report                                the newest run in reports/
  tconv report reports/smoke-20261122-190000
"""

_QUICK: Final = 50_000  # rows that are read in about two seconds


@click.command(epilog=EPILOG)
@click.argument("run", required=False, type=click.Path(path_type=Path))
def report(*, run: Path | None) -> None:
    """Write report.html, summary.md and the tables of RUN, by default of the newest run."""
    from tconv.report.write_all import REPORTS
    from tconv.runs.recorder import write_reports
    from tconv.store import RunReader, newest_run

    path = run or newest_run(Path("reports"))
    footer = RunReader(path).footer
    if footer is None:
        click.echo(
            f"tconv: {path} is incomplete: it has no footer.json, so it gets no reports; "
            f"`tconv run --resume {path}` completes it",
            err=True,
        )
        sys.exit(ExitStatus.INCOMPLETE)
    rows = footer["rows"]
    with click.progressbar(
        length=rows, label=f"reading {rows:,} rows", file=sys.stderr, hidden=rows <= _QUICK
    ) as bar:
        reports = write_reports(path, bar.update)
    for name in REPORTS:
        if name not in reports.failures:
            click.echo(path / name)
    print_failures(reports)
    if reports.failures:
        sys.exit(ExitStatus.INCOMPLETE)
