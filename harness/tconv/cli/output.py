"""How the commands print: JSON, plain tables, counts, and which reports could not be written."""

import json
import shlex
import traceback
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import click

from tconv.errors import TconvError

if TYPE_CHECKING:
    from tconv.report.write_all import Reports

_WIDEST: Final = 1000  # of a table: a terminal breaks lines itself, rich would cut words

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")


def json_text(content: Mapping[str, Any]) -> str:
    """Return the content as indented JSON."""
    return json.dumps(content, indent=2, default=str)


def table_text(
    header: Sequence[str], rows: Iterable[Sequence[str]], *, right: Collection[str] = ()
) -> str:
    """Return a table as plain text, without breaking wide lines.

    Args:
        header: the columns' names.
        rows: the cells of each row.
        right: the columns that are aligned to the right.
    """
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in header:
        table.add_column(name, justify="right" if name in right else "left", no_wrap=True)
    for row in rows:
        table.add_row(*map(escape, row))
    console = Console(width=_WIDEST)
    with console.capture() as capture:
        console.print(table)
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


def print_failures(reports: "Reports") -> None:
    """Print on stderr which reports are missing and why; bugs of the harness with a traceback."""
    for name, error in reports.failures.items():
        if not isinstance(error, TconvError):
            traceback.print_exception(error)
        click.echo(f"tconv: {name} is not written: {error}", err=True)
    if reports.failures:
        path = shlex.quote(str(reports.summary.run.path))
        click.echo(f"tconv: the rows are complete; for the reports: tconv report {path}", err=True)
