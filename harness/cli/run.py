"""`tconv run`: sweep a configuration, or run one case again."""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from harness.assignment import DEFAULT, Assignment
from harness.cli.progress import progress
from harness.cli.text import as_json, case_text, dry_text, records, totals_text
from harness.engine.executors import named
from harness.runs import run as sweep

EPILOG = """\b
Examples:
  tconv run                                     the smoke sweep
  tconv run configs/smoke.toml --target torch   one backend only
  tconv run --case 1d-i2-k3-s2-ci1-co1-f32 --target jax:conv_transpose@cpu
  tconv run configs/smoke.toml --shard 1/4      a quarter of the cases
  tconv run reports/RUN --case ID --target T    a row of an old run again
"""


@click.command(epilog=EPILOG)
@click.argument("config", default=DEFAULT, type=click.Path(path_type=Path))
@click.option("--case", "case_id", metavar="ID", help="Run this one case instead of the grid.")
@click.option("--target", "targets", metavar="T", multiple=True,
              help="Only this target (backend[:mode][@device]); may be given again.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), default=None,
              help="Where the run directory is made.  [default: reports; with --case: nowhere]",
              )  # fmt: skip
@click.option("--shard", metavar="K/N", help="Only the K-th of N parts of the cases, 1 <= K <= N.")
@click.option("-j", "--jobs", type=click.IntRange(min=1), default=None,
              help="Targets swept at the same time.  [default: physical cores]")  # fmt: skip
@click.option("--executor", default="local", metavar="E", show_default=True,
              help="What computes: local, dask (a cluster here) or dask:tcp://HOST:PORT.",
              )  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Say what would be swept, and stop.")
@click.option("--json", "json_wanted", is_flag=True, help="Print JSON on stdout.")
def run(
    *,
    config: Path,
    case_id: str | None,
    targets: Sequence[str],
    out: Path | None,
    shard: str | None,
    jobs: int | None,
    executor: str,
    dry_run: bool,
    json_wanted: bool,
) -> None:
    """Sweep the grid of CONFIG over its targets and write a run directory with its reports.

    CONFIG is a TOML file, the name of one that comes with the harness, such as smoke, or the
    directory of a run to take the configuration from.
    """
    assignment = Assignment.from_config(config, targets=targets, case=case_id, shard=shard)
    if dry_run:
        click.echo(as_json(_planned(assignment)) if json_wanted else dry_text(assignment))
        return
    with tempfile.TemporaryDirectory(prefix="tconv-") as scratch:
        # a case that is run again leaves nothing behind, unless it is asked to
        is_kept = bool(out) or not case_id
        folder = out or (Path("reports") if is_kept else Path(scratch))
        with progress(quiet=bool(case_id)) as observer:
            finished = sweep(
                assignment, out=folder, workers=jobs, executor=named(executor), observer=observer
            )
        rows = records(finished.extract.run) if case_id else []
    if json_wanted:
        path = {"path": str(finished.path)} if is_kept else {}
        told = {"records": rows} if case_id else {}
        click.echo(as_json(path | (finished.extract.run.footer or {}) | told))
    elif case_id:
        click.echo(case_text(rows))
    else:
        click.echo(totals_text(finished.extract))
    for message in finished.status.messages:
        click.echo(f"tconv: {message}", err=True)
    sys.exit(finished.status.code)


def _planned(assignment: Assignment) -> dict[str, Any]:
    return {
        "targets": list(assignment.config.targets),
        "cases": len(assignment.cases),
        "shard": assignment.shard,
        **assignment.tally.to_dict(),
    }
