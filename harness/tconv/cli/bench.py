"""`tconv bench`: measures the harness itself, each figure against its goal."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import click

from tconv.cli.output import json_option, json_text
from tconv.errors import ConfigError
from tconv.runs.exit_status import ExitStatus

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
        number: number of cases, or of result rows, in a full measurement.
        quick: the same for `--quick`.
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
        "peer": Row("sweeps.peer", 5000, 200, "a sweep against a hand-written pytest loop"),
        "jax": Row("calls.jax", 1000, 200, "JAX batched against one compilation per case"),
        "harness": Row("calls.harness", 1000, 200, "the harness's own time per case, PyTorch"),
        "oracle": Row("calls.oracle", 500, 100, "oracle against onnx.reference"),
        "workers": Row("sweeps.workers", 50_000, 2000, "two workers against one"),
        "memory": Row("large_run.memory", 1_000_000, 50_000, "the parent's memory as rows grow"),
        "report": Row("large_run.report", 1_000_000, 50_000, "the HTML report of many rows"),
    }
)
"""The rows of the bench by name, in their order."""

_MET: Final = {True: "met", False: "MISSED", None: "not measured"}


@click.command(epilog=EPILOG)
@click.option("--row", "names", type=click.Choice(list(ROWS)), multiple=True,
              help="Measure only this row; may be repeated.")  # fmt: skip
@click.option("--quick", is_flag=True, help="Use few cases, to try it: no figures to quote.")
@click.option("--cases", type=click.IntRange(min=100), default=None,
              help="Number of cases, or of rows, instead of each row's own.")  # fmt: skip
@json_option
def bench(*, names: Sequence[str], quick: bool, cases: int | None, as_json: bool) -> None:
    """Measure the harness: wall time, its own share and memory, each beside its goal."""
    from tconv.runs.environment import machine

    measurements = []
    facts = machine()
    if not as_json:
        click.echo(f"{facts['cpu']}, {facts['cores']} cores{' (quick)' * quick}")
    for name in names or ROWS:
        row = ROWS[name]
        click.echo(f"tconv: measuring {row.meaning} ...", err=True)
        measurement = row.measure(cases or (row.quick if quick else row.number))
        measurements.append(measurement)
        if not as_json:
            click.echo("\n".join(_lines(measurement)))
    if as_json:
        rows = [{**each.to_dict(), "met": each.met} for each in measurements]
        click.echo(json_text({"machine": facts, "quick": quick, "rows": rows}))
    is_missed = any(measurement.met is False for measurement in measurements)
    sys.exit(ExitStatus.DEVIATIONS if is_missed else ExitStatus.CONFORMS)


def _lines(measurement: "Measurement") -> Iterator[str]:
    met = _MET[measurement.met]
    yield f"\n{measurement.what}\n  {measurement.result}   goal: {measurement.goal}   {met}"
    yield from (f"    {_line(series)}" for series in measurement.series)
    yield f"    workload: {measurement.workload}"
    yield from (f"    note: {note}" for note in measurement.notes)


def _line(series: "Series") -> str:
    count = len(series.values)
    times = f"median of {count}" if count > 1 else "once"
    start = "" if series.start_up is None else f", of that start-up {series.start_up:.1f} s"
    spread = f", {min(series.values):.4g} to {max(series.values):.4g}" if count > 1 else ""
    return f"{series.name:<38} {series.median:.4g} {series.unit} ({times}{spread}{start})"
