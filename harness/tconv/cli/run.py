"""`tconv run`: sweeps a configuration, or reruns one case, and prints the results."""

import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click
from click.core import ParameterSource

from tconv.cli.output import json_option, json_text, print_failures, table_text
from tconv.cli.target_type import TARGET
from tconv.errors import ConfigError, IncompleteError, pluralize
from tconv.model.parameters import PARAMETERS, Table, grid_keys
from tconv.runs.exit_status import ExitStatus

if TYPE_CHECKING:
    from tconv.analysis.findings import Finding
    from tconv.analysis.summary import Summary
    from tconv.grid.config import Config
    from tconv.model.target import Selection
    from tconv.runs.recorder import RunResult
    from tconv.runs.spec import RunSpec
    from tconv.store import RunReader

EPILOG = """\b
Examples:
  tconv run                                     the smoke sweep
  tconv run configs/smoke.toml --target torch   one backend only
  tconv run --case 1d-i2-k3-s2-ci1-co1-f32 --target jax:conv_transpose@cpu
  tconv run configs/smoke.toml --shard 1/4      a quarter of the cases
  tconv run reports/RUN --case ID --target T    rerun a row of an old run
  tconv run --resume reports/RUN                the rest of a run that was interrupted
  tconv run --resume reports                    the same, of the newest such run
"""


def grid_help(table: Table = PARAMETERS) -> str:
    """Return which keys a grid may have."""
    return (
        f"A [[grid]] of CONFIG may have suite, {', '.join(grid_keys(table))}, where and budget; "
        "docs/parameters.md says what they mean."
    )


_IN_HEADER: Final = {"config", "case_ids", "targets", "out", "shard", "dry_run"}
_QUICK: Final = 500_000  # points that are expanded in about two seconds
_FINDINGS: Final = 10  # printed; summary.md has them all
_LINES: Final = 20  # of an error's text; --json has all
_LABELS: Final = {"expected_value": "should be", "observed_value": "got"}
_DETAILS: Final = (
    "target", "case", "verdict", "reading", "route", "call", "addition", "expected_shape",
    "observed_shape", "inferred_shape", "inference", "resolution", "resolutions",
    "observed_dtype", "error_class", "error_units", "first_bad_index",
    "expected_value", "observed_value", "bad_count", "compared", "drawn", "coinciding",
    "reason", "error_type", "error_text",
)  # fmt: skip


@click.command(epilog=f"{EPILOG}\n{grid_help()}")
@click.argument("config", required=False, type=click.Path(path_type=Path))
@click.option("--case", "case_ids", metavar="ID", multiple=True,
              help="Run this case instead of the grid; may be repeated.")  # fmt: skip
@click.option("--target", "targets", type=TARGET, metavar="T", multiple=True,
              help="Run only this target (backend[:mode][@device]); may be repeated.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), default=None,
              help="Make the run directory here.  [default: reports; with --case: nowhere]",
              )  # fmt: skip
@click.option("--shard", metavar="K/N",
              help="Run only the K-th of N parts of the cases, 1 <= K <= N.")  # fmt: skip
@click.option("--resume", "resumed", metavar="RUN", type=click.Path(path_type=Path), default=None,
              help="Complete this run, or the newest incomplete one in this directory.",
              )  # fmt: skip
@click.option("--executor", "executor_name", metavar="E", default="local", show_default=True,
              help="Where to compute: local, dask (a cluster here) or dask:tcp://HOST:PORT.",
              )  # fmt: skip
@click.option("-j", "--jobs", type=click.IntRange(min=1), default=None,
              help="Sweep this many targets at the same time.  [default: physical cores]",
              )  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Print what would be swept, and stop.")
@json_option
def run(
    *,
    config: Path | None,
    case_ids: Sequence[str],
    targets: "Sequence[Selection]",
    out: Path | None,
    shard: str | None,
    resumed: Path | None,
    executor_name: str,
    jobs: int | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Sweep the grid of CONFIG over its targets and write a run directory with its reports.

    CONFIG is a TOML file, the name of one that comes with tconv, such as smoke (the default), or
    the directory of a run whose configuration is used again.
    """
    from tconv.runs.spec import DEFAULT, read_config

    if resumed is not None:
        _require_alone()
        _resume(resumed, executor_name, jobs=jobs, as_json=as_json)
    names = tuple(map(str, targets))
    spec = _spec(
        read_config(config or Path(DEFAULT)), targets=names, case_ids=case_ids, shard=shard
    )
    if dry_run:
        click.echo(json_text(_plan(spec)) if as_json else _plan_text(spec))
        return
    from tconv.cli.progress import progress
    from tconv.engine.executors import executor_named
    from tconv.runs import run as runs

    executor = executor_named(executor_name)

    # Cases that are rerun leave nothing behind, unless a directory is named.
    is_kept = bool(out) or not case_ids
    with nullcontext(out or Path("reports")) if is_kept else _scratch() as folder:
        with progress(quiet=bool(case_ids)) as observer:
            result = runs.run(spec, out=folder, workers=jobs, executor=executor, observer=observer)
        rows = _records(result.reports.summary.run) if case_ids else None
    finish(result, rows, is_kept=is_kept, as_json=as_json)


def _spec(
    config: "Config", *, targets: Sequence[str], case_ids: Sequence[str], shard: str | None
) -> "RunSpec":
    """Return what the run has to do; show how far its grids are expanded where that takes long."""
    from tconv.grid.points import count_points
    from tconv.runs.spec import RunSpec

    points = 0 if case_ids else len(config.values) * sum(map(count_points, config.grids))
    is_hidden = not _QUICK < points <= config.points  # too many are refused in one line
    label = f"expanding {points:,} points"
    with click.progressbar(length=points, label=label, file=sys.stderr, hidden=is_hidden) as bar:
        return RunSpec.from_config(
            config, targets=targets, case_ids=case_ids, shard=shard, progress=bar.update
        )


@contextmanager
def _scratch() -> Iterator[Path]:
    """Give a directory that is deleted afterwards; an error in it does not offer to resume."""
    with tempfile.TemporaryDirectory(prefix="tconv-") as folder:
        try:
            yield Path(folder)
        except IncompleteError as error:
            raise IncompleteError(f"{error.__cause__}; nothing was kept") from error
        except BaseException as error:
            error.__notes__ = ["nothing was kept"]
            raise


def _require_alone() -> None:
    """Refuse options that the header of a resumed run decides."""
    context = click.get_current_context()
    names = [
        parameter.opts[0] if isinstance(parameter, click.Option) else "CONFIG"
        for parameter in context.command.params
        if parameter.name in _IN_HEADER
        and context.get_parameter_source(parameter.name) is not ParameterSource.DEFAULT
    ]
    if names:
        raise ConfigError(
            f"{', '.join(names)} cannot be used with --resume: a run is resumed as its header says"
        )


def _resume(path: Path, executor_name: str, *, jobs: int | None, as_json: bool) -> NoReturn:
    from tconv.analysis.summary import Summary
    from tconv.cli.progress import progress
    from tconv.engine.executors import executor_named
    from tconv.runs import run as runs
    from tconv.store import RunReader, incomplete_run

    path, executor = incomplete_run(path), executor_named(executor_name)
    footer = RunReader(path).footer
    if footer is not None:
        if as_json:
            click.echo(_json(Summary.from_run(RunReader(path)), {"path": str(path)}, {}))
        click.echo(f"tconv: {path} is complete already: nothing is left to run", err=True)
        sys.exit(footer.get("status", ExitStatus.CONFORMS))
    with progress() as observer:
        result = runs.resume(path, workers=jobs, executor=executor, observer=observer)
    finish(result, is_kept=True, as_json=as_json)


def finish(
    result: "RunResult",
    rows: list[dict[str, Any]] | None = None,
    *,
    is_kept: bool,
    as_json: bool,
) -> NoReturn:
    """Print the results of a run and exit with its status; `rows` are those of a case rerun."""
    summary = result.reports.summary
    if as_json:
        path = {"path": str(result.path)} if is_kept else {}
        click.echo(_json(summary, path, {} if rows is None else {"records": rows}))
    else:
        click.echo(_totals_text(summary) if rows is None else _case_text(rows))
    print_failures(result.reports)
    for message in result.status.messages:
        click.echo(f"tconv: {message}", err=True)
    # A run that conforms is incomplete without its reports, as for `tconv report`.
    otherwise = ExitStatus.INCOMPLETE if result.reports.failures else ExitStatus.CONFORMS
    sys.exit(result.status.code or otherwise)


def _json(summary: "Summary", first: dict[str, Any], last: dict[str, Any]) -> str:
    from tconv.analysis.findings import findings

    listed = {"findings": [each.to_dict() for each in findings(summary)]}
    return json_text(first | (summary.run.footer or {}) | listed | last)


def _plan(spec: "RunSpec") -> dict[str, Any]:
    return {
        "targets": list(spec.config.targets),
        "cases": len(spec.cases),
        "shard": spec.shard,
        **spec.statistics.to_dict(),
    }


def _plan_text(spec: "RunSpec") -> str:
    """Return what a run would sweep: targets, cases, what the grid dropped and why, coverage."""
    part = f" (shard {spec.shard})" if spec.shard else ""
    cases = f"{pluralize(len(spec.cases), 'case')}{part}"
    head = f"{spec.config.name}: {cases} on {', '.join(spec.config.targets)}"
    return "\n".join([head, *spec.statistics.lines()])


def _records(run: "RunReader") -> list[dict[str, Any]]:
    """Return the rows of a run as records that JSON can hold, None where a value is absent."""
    return [
        {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}
        for row in run.table().to_pylist()
    ]


def _totals_text(summary: "Summary") -> str:
    """Return the first findings of a run, its totals, and where the rest is."""
    from tconv.analysis.findings import findings
    from tconv.model.verdict import Verdict

    totals = summary.totals
    overall = totals.of(*totals.targets())
    verdicts = [verdict for verdict in Verdict if verdict in overall]
    header = ("target", "rows", "compared", *verdicts)
    rows = []
    for target in totals.targets():
        counts = totals.of(target)
        numbers = [
            counts.total(),
            totals.by_target[target].compared,
            *(counts[name] for name in verdicts),
        ]
        rows.append((target, *map(str, numbers)))
    listed = findings(summary)
    left = len(listed) - _FINDINGS
    return "\n".join([
        *(_finding_text(number, each) for number, each in enumerate(listed[:_FINDINGS], 1)),
        *([f"and {pluralize(left, 'more finding')}, in summary.md and findings.csv"] * (left > 0)),
        table_text(header, rows, right=header[1:]),
        f"report: {summary.run.path / 'report.html'}",
    ])  # fmt: skip


def _finding_text(number: int, finding: "Finding") -> str:
    from tconv.report.markdown import error_line, percent

    verdicts = ", ".join(f"{verdict} in {pluralize(count, 'row')}"
                         for verdict, count in finding.verdicts.items())  # fmt: skip
    cluster = finding.cluster
    shares = (
        f" (precision {percent(cluster.precision)}, recall {percent(cluster.recall)})"
        if cluster.passing and not cluster.is_exact else ""
    )  # fmt: skip
    lines = [
        f"finding {number}: {', '.join(finding.targets)}: {verdicts}",
        f"  where {finding.predicate}: {finding.held_against}{shares}",
        f"  reading: {error_line(finding.reading)}" if finding.reading else "",
        f"  it says {error_line(finding.evidence)}" if finding.evidence else "",
        _variation_text(finding),
        f"  call: {finding.smallest['call']}" if finding.smallest["call"] else "",
        f"  rerun: {_program()} {finding.command.removeprefix('tconv ')}",
    ]
    return "\n".join(filter(None, lines))


def _variation_text(finding: "Finding") -> str:
    """Return which parameters of the smallest case may vary, and which decide; or nothing."""
    names = {
        "may vary": [each.parameter for each in finding.may_vary],
        "decides" if len(finding.decisive) == 1 else "decide": [
            each.parameter for each in finding.decisive
        ],
    }
    parts = [f"{', '.join(some)} {verb}" for verb, some in names.items() if some]
    return f"  smallest case: {'; '.join(parts)}" if parts else ""


def _program() -> str:
    """Return how this program is called here, so that a command can be copied as it is."""
    script = Path(sys.executable).with_name("tconv")
    on_path = shutil.which("tconv")
    if on_path and Path(on_path).resolve() == script.resolve():
        return "tconv"
    return f"{shlex.quote(sys.executable)} -m tconv"


def _case_text(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return everything that is known of a case that was rerun, target by target."""
    return "\n\n".join(
        "\n".join(
            f"{_LABELS.get(name, name):>17}  {_detail(name, row[name])}"
            for name in _DETAILS
            if row[name] not in {None, "", ()}
        )
        for row in rows
    )


def _detail(name: str, value: object) -> str:
    """Return a value for people to read: lists joined, the further lines of a text indented."""
    if name == "resolution" and isinstance(value, tuple):
        from tconv.model.window import Resolution

        return "; ".join(str(Resolution.from_text(text)) for text in value)
    if name == "coinciding" and isinstance(value, tuple):
        return "; ".join(value)
    return f"\n{'':19}".join(str(value).splitlines()[:_LINES])
