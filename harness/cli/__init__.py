"""The command line, `tconv`: it starts what the rest of the harness does, and says how it went."""

import sys

import click

from harness import __version__
from harness.cli.adapters import adapters
from harness.cli.report import report
from harness.cli.run import run
from harness.errors import HarnessError
from harness.status import ExitStatus

EPILOG = """\b
Examples:
  tconv run configs/smoke.toml          sweep, write reports/smoke-<time>/
  tconv run --dry-run configs/smoke.toml  say what would be swept
  tconv report                          write the reports of the newest run again
  tconv adapters list                   backends, modes, versions

\b
Exit status, the first that applies:
  2 usage or config   3 nothing compared, or a required backend missing
  4 incomplete        1 unexplained deviations        0 everything conforms
"""


@click.group(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="tconv")
def cli() -> None:
    """Sweep transposed convolutions through frameworks and say what differs, and why."""


cli.add_command(run)
cli.add_command(report)
cli.add_command(adapters)


def main() -> None:
    """Run the command line; an error of the user's is one message and status 2."""
    try:
        cli(prog_name="tconv")
    except HarnessError as error:
        click.echo(f"tconv: {error}", err=True)
        sys.exit(ExitStatus.USAGE)
