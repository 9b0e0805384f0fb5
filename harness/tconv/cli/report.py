"""`tconv report`: write the reports of a run again, without running anything."""

import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final

import click

from tconv.cli.unwritten import tell_unwritten
from tconv.report.write_all import REPORTS
from tconv.runs.recorder import write_reports
from tconv.runs.status import ExitStatus
from tconv.store import RunReader, newest

EPILOG = """\b
Examples:
  tconv report                                the newest run in reports/
  tconv report reports/smoke-20261122-190000
"""

_QUICK: Final = 50_000  # rows that are read in about two seconds


@click.command(epilog=EPILOG, short_help="Write a run's reports again.")
@click.argument("run", required=False, type=click.Path(path_type=Path))
def report(*, run: Path | None) -> None:
    """Write report.html, summary.md and the tables of RUN; the newest run where not given."""
    path = run or newest(Path("reports"))
    footer = RunReader(path).footer
    if footer is None:
        click.echo(
            f"tconv: {path} is incomplete: it has no footer.json, so nothing is reported of it; "
            f"`tconv run --resume {path}` completes it",
            err=True,
        )
        sys.exit(ExitStatus.INCOMPLETE)
    with _progress(footer["rows"]) as bar:
        reports = write_reports(path, [lambda table: bar.update(table.num_rows)])
    for name in REPORTS:
        if name not in reports.failures:
            click.echo(path / name)
    tell_unwritten(reports)
    if reports.failures:
        sys.exit(ExitStatus.INCOMPLETE)


def _progress(rows: int) -> AbstractContextManager[Any]:
    """Return a bar on stderr that counts rows; only its label where that is no terminal."""
    return click.progressbar(
        length=rows, label=f"reading {rows:,} rows", file=sys.stderr, hidden=rows <= _QUICK
    )
