"""`tconv bench`: measures the harness itself, beside what each number is compared with."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import click

from tconv.cli.output import as_json
from tconv.errors import ConfigError
from tconv.runs.environment import machine
from tconv.runs.status import ExitStatus

if TYPE_CHECKING:
    from tconv_bench.measurement import Measurement, Series

EPILOG = """\b
Examples:
  tconv bench --quick                   every row on few cases, some minutes
  tconv bench --row oracle --row jax    two rows in full
  tconv bench --row peer --cases 500    another number of cases

\b
Exit status: 1 a goal was missed, 0 none was.
"""


_PLACES: Final = (Path(__file__).parents[3] / "benchmarks", Path("benchmarks"))  # of a checkout


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the bench.

    Attributes:
        function: `module.function` of :mod:`tconv_bench` that measures it on a number of cases.
        number: number of cases, or of result rows, in full.
        quick: the same for a quick trial.
        meaning: what is measured, in words.
    """

    function: str
    number: int
    quick: int
    meaning: str

    def measure(self, count: int) -> "Measurement":
        """Measure the row on `count` cases.

        Raises:
            ConfigError: the benchmarks are not here.
        """
        folder = next((place for place in _PLACES if (place / "tconv_bench").is_dir()), None)
        if folder is None:
            raise ConfigError(
                "the benchmarks are not installed with tconv, as they are part of its repository; "
                "run `tconv bench` in a checkout of it"
            )
        sys.path.append(str(folder.resolve()))
        module, _, name = self.function.partition(".")
        measurement: Measurement = getattr(import_module(f"tconv_bench.{module}"), name)(count)
        return measurement


ROWS: Final[Mapping[str, Row]] = MappingProxyType(
    {
        "peer": Row("sweeps.peer", 5000, 200, "a sweep against the pytest loop a user writes"),
        "jax": Row("calls.jax", 1000, 200, "JAX batched against one compile a case"),
        "harness": Row("calls.harness", 1000, 200, "the harness's own time per case, PyTorch"),
        "oracle": Row("calls.oracle", 500, 100, "oracle against onnx.reference"),
        "workers": Row("sweeps.workers", 50_000, 2000, "two workers against one"),
        "memory": Row("large_run.memory", 1_000_000, 50_000, "the parent's memory as rows grow"),
        "report": Row("large_run.report", 1_000_000, 50_000, "the HTML report of many rows"),
    }
)
"""The rows of the bench by name, in their order."""


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
        measurement = row.measure(cases or (row.quick if quick else row.number))
        found.append(measurement)
        if not json_wanted:
            click.echo("\n".join(_lines(measurement)))
    if json_wanted:
        click.echo(as_json(_record(facts, found, quick=quick)))
    missed = any(each.met is False for each in found)
    sys.exit(ExitStatus.DEVIATIONS if missed else ExitStatus.CONFORMS)


_MET = {True: "met", False: "MISSED", None: "not measured"}


def _lines(row: "Measurement") -> Iterator[str]:
    yield f"\n{row.what}\n  {row.result}   goal: {row.goal}   {_MET[row.met]}"
    yield from (f"    {_line(series)}" for series in row.series)
    yield f"    workload: {row.workload}"
    yield from (f"    note: {note}" for note in row.notes)


def _line(series: "Series") -> str:
    count = len(series.values)
    often = f"median of {count}" if count > 1 else "once"
    start = "" if series.start_up is None else f", of that start-up {series.start_up:.1f} s"
    spread = f", {min(series.values):.4g} to {max(series.values):.4g}" if count > 1 else ""
    return f"{series.name:<38} {series.median:.4g} {series.unit} ({often}{spread}{start})"


def _record(
    facts: dict[str, Any], found: "Sequence[Measurement]", *, quick: bool
) -> dict[str, Any]:
    return {
        "machine": facts,
        "quick": quick,
        "rows": [{**measurement.to_dict(), "met": measurement.met} for measurement in found],
    }
