"""`tconv run`: sweep a configuration, or run one case again."""

import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, Final, NoReturn

import click
from click.core import ParameterSource

from tconv.cli.output import as_json, case_text, dry_text, records, totals_text
from tconv.cli.progress import progress
from tconv.cli.unwritten import tell_unwritten
from tconv.engine.executor import Executor
from tconv.engine.executors import executor_named
from tconv.errors import ConfigError, IncompleteError
from tconv.model.parameters import PARAMETERS, Table, grid_keys
from tconv.runs.recorder import RunResult
from tconv.runs.run import resume as complete
from tconv.runs.run import run as sweep
from tconv.runs.spec import DEFAULT, RunSpec
from tconv.runs.status import ExitStatus
from tconv.store import RunReader, incomplete

EPILOG = """\b
Examples:
  tconv run                                     the smoke sweep
  tconv run configs/smoke.toml --target torch   one backend only
  tconv run --case 1d-i2-k3-s2-ci1-co1-f32 --target jax:conv_transpose@cpu
  tconv run configs/smoke.toml --shard 1/4      a quarter of the cases
  tconv run reports/RUN --case ID --target T    a row of an old run again
  tconv run --resume reports/RUN                the rest of a run that was interrupted
  tconv run --resume reports                    the same, of the newest such run
"""


def grid_help(table: Table = PARAMETERS) -> str:
    """Return which keys a grid may have."""
    return (
        f"A [[grid]] of CONFIG may give suite, {', '.join(grid_keys(table))}, where and budget; "
        "docs/parameters.md says what they mean."
    )


_HEADED: Final = {"config", "case_id", "targets", "out", "shard", "dry_run"}


@click.command(
    epilog=f"{EPILOG}\n{grid_help()}", short_help="Sweep a grid over targets and report."
)
@click.argument("config", default=DEFAULT, type=click.Path(path_type=Path))
@click.option("--case", "case_id", metavar="ID", help="Run this one case instead of the grid.")
@click.option("--target", "targets", metavar="T", multiple=True,
              help="Only this target (backend[:mode][@device]); may be given again.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), default=None,
              help="Where the run directory is made.  [default: reports; with --case: nowhere]",
              )  # fmt: skip
@click.option("--shard", metavar="K/N", help="Only the K-th of N parts of the cases, 1 <= K <= N.")
@click.option("--resume", "resumed", metavar="RUN", type=click.Path(path_type=Path), default=None,
              help="Complete this run; of a directory of runs the newest incomplete one.",
              )  # fmt: skip
@click.option("--executor", "executor_name", metavar="E", default="local", show_default=True,
              help="What computes: local, dask (a cluster here) or dask:tcp://HOST:PORT.",
              )  # fmt: skip
@click.option("-j", "--jobs", type=click.IntRange(min=1), default=None,
              help="Targets swept at the same time.  [default: physical cores]")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Say what would be swept, and stop.")
@click.option("--json", "json_wanted", is_flag=True, help="Print JSON on stdout.")
def run(
    *,
    config: Path,
    case_id: str | None,
    targets: Sequence[str],
    out: Path | None,
    shard: str | None,
    resumed: Path | None,
    executor_name: str,
    jobs: int | None,
    dry_run: bool,
    json_wanted: bool,
) -> None:
    """Sweep the grid of CONFIG over its targets and write a run directory with its reports.

    CONFIG is a TOML file, the name of one that comes with the harness, such as smoke, or the
    directory of a run to take the configuration from.
    """
    executor = executor_named(executor_name)
    if resumed is not None:
        _require_alone()
        _resume(incomplete(resumed), executor, jobs=jobs, json_wanted=json_wanted)
    assignment = RunSpec.from_config(config, targets=targets, case=case_id, shard=shard)
    if dry_run:
        click.echo(as_json(_planned(assignment)) if json_wanted else dry_text(assignment))
        return
    # a case that is run again leaves nothing behind, unless it is asked to
    is_kept = bool(out) or not case_id
    with nullcontext(out or Path("reports")) if is_kept else _scratch() as folder:
        with progress(quiet=bool(case_id)) as observer:
            finished = sweep(
                assignment, out=folder, workers=jobs, executor=executor, observer=observer
            )
        rows = records(finished.reports.extract.run) if case_id else None
    end(finished, rows, is_kept=is_kept, json_wanted=json_wanted)


@contextmanager
def _scratch() -> Iterator[Path]:
    """Give a directory that is gone afterwards; what ends a run in it early names no way on."""
    with tempfile.TemporaryDirectory(prefix="tconv-") as folder:
        try:
            yield Path(folder)
        except IncompleteError as error:
            raise IncompleteError(f"{error.__cause__}; nothing was kept") from error
        except BaseException as error:
            error.__notes__ = ["nothing was kept"]
            raise


def _require_alone() -> None:
    """Refuse what a run's header says already."""
    context = click.get_current_context()
    given = [
        parameter.opts[0] if isinstance(parameter, click.Option) else "CONFIG"
        for parameter in context.command.params
        if parameter.name in _HEADED
        and context.get_parameter_source(parameter.name) is not ParameterSource.DEFAULT
    ]
    if given:
        raise ConfigError(
            f"{', '.join(given)} given with --resume, but should be left out: a run is resumed as "
            "its header says"
        )


def _resume(
    path: Path, executor: Callable[..., Executor], *, jobs: int | None, json_wanted: bool
) -> NoReturn:
    footer = RunReader(path).footer
    if footer is not None:
        if json_wanted:
            click.echo(as_json({"path": str(path)} | footer))
        click.echo(f"tconv: {path} is complete already: nothing is left to run", err=True)
        sys.exit(footer.get("status", ExitStatus.CONFORMS))
    with progress() as observer:
        finished = complete(path, workers=jobs, executor=executor, observer=observer)
    end(finished, None, is_kept=True, json_wanted=json_wanted)


def end(
    finished: RunResult, rows: list[dict[str, Any]] | None, *, is_kept: bool, json_wanted: bool
) -> NoReturn:
    """Print what a run found, and exit as it amounts to; `rows` are those of a case run again."""
    extract = finished.reports.extract
    if json_wanted:
        path = {"path": str(finished.path)} if is_kept else {}
        told = {} if rows is None else {"records": rows}
        click.echo(as_json(path | (extract.run.footer or {}) | told))
    elif rows is not None:
        click.echo(case_text(rows))
    else:
        click.echo(totals_text(extract))
    tell_unwritten(finished.reports)
    for message in finished.status.messages:
        click.echo(f"tconv: {message}", err=True)
    # As `tconv report` ends where a report is not written, unless the run itself says more.
    lacking = ExitStatus.INCOMPLETE if finished.reports.failures else ExitStatus.CONFORMS
    sys.exit(finished.status.code or lacking)


def _planned(assignment: RunSpec) -> dict[str, Any]:
    return {
        "targets": list(assignment.config.targets),
        "cases": len(assignment.cases),
        "shard": assignment.shard,
        **assignment.statistics.to_dict(),
    }
