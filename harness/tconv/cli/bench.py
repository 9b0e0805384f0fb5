"""`tconv bench`: measure the harness itself, side by side with what it is compared with."""

import sys
from collections.abc import Iterator, Sequence
from typing import Any

import click

from tconv.bench.measurement import Figure, Series
from tconv.bench.table import ROWS
from tconv.cli.output import as_json
from tconv.runs.environment import machine
from tconv.runs.status import ExitStatus

EPILOG = """\b
Examples:
  tconv bench --quick                   every row on few cases, some minutes
  tconv bench --row oracle --row jax    two rows in full
  tconv bench --row peer --cases 500    another number of cases

\b
Exit status: 1 a goal was missed, 0 none was.
"""


@click.command(epilog=EPILOG, short_help="Measure the harness itself.")
@click.option("--row", "names", type=click.Choice(list(ROWS)), multiple=True,
              help="Only this row; may be given again.")  # fmt: skip
@click.option("--quick", is_flag=True, help="Few cases: to see that it runs, not to quote.")
@click.option("--cases", type=click.IntRange(min=100), default=None,
              help="Cases, or rows, instead of each row's own number.")  # fmt: skip
@click.option("--json", "json_wanted", is_flag=True, help="Print JSON on stdout.")
def bench(*, names: Sequence[str], quick: bool, cases: int | None, json_wanted: bool) -> None:
    """Measure the harness: wall time, its own share, memory, each beside its goal."""
    found = []
    facts = machine()
    if not json_wanted:
        click.echo(f"{facts['cpu']}, {facts['cores']} cores{' (quick)' * quick}")
    for name in names or ROWS:
        row = ROWS[name]
        click.echo(f"tconv: measuring {row.meaning} ...", err=True)
        figure = row.measure(cases or (row.quick if quick else row.number))
        found.append(figure)
        if not json_wanted:
            click.echo("\n".join(_lines(figure)))
    if json_wanted:
        click.echo(as_json(_record(facts, found, quick=quick)))
    missed = any(each.met is False for each in found)
    sys.exit(ExitStatus.DEVIATIONS if missed else ExitStatus.CONFORMS)


_MET = {True: "met", False: "MISSED", None: "not measured"}


def _lines(figure: Figure) -> Iterator[str]:
    yield f"\n{figure.what}\n  {figure.found}   goal: {figure.goal}   {_MET[figure.met]}"
    yield from (f"    {_line(series)}" for series in figure.series)
    yield f"    mix: {figure.mix}"
    yield from (f"    note: {note}" for note in figure.notes)


def _line(series: Series) -> str:
    count = len(series.values)
    often = f"median of {count}" if count > 1 else "once"
    start = "" if series.start_up is None else f", of that start-up {series.start_up:.1f} s"
    spread = f", {min(series.values):.4g} to {max(series.values):.4g}" if count > 1 else ""
    return f"{series.name:<38} {series.median:.4g} {series.unit} ({often}{spread}{start})"


def _record(facts: dict[str, Any], found: Sequence[Figure], *, quick: bool) -> dict[str, Any]:
    return {
        "machine": facts,
        "quick": quick,
        "rows": [{**figure.to_dict(), "met": figure.met} for figure in found],
    }
