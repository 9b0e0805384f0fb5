"""`tconv run`: sweep a configuration, or run one case again."""

import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import click

import harness
from harness.case import Case
from harness.cli.progress import progress
from harness.cli.text import as_json, case_text, dry_text, totals_text
from harness.config import Config, load_config
from harness.errors import ConfigError
from harness.frames import Run
from harness.grid import expand
from harness.runs import Finished
from harness.runs import run as run_config
from harness.status import ExitStatus
from harness.target import Selection

DEFAULT: Final = "configs/smoke.toml"
_HARNESS: Final = Path(harness.__file__).parent
_BUNDLED: Final = (_HARNESS / "configs", _HARNESS.parent / "configs")  # of a wheel, of a checkout

EPILOG = """\b
Examples:
  tconv run                                     the smoke sweep
  tconv run configs/smoke.toml --target torch   one backend only
  tconv run --case 1d-i2-k3-s2-ci1-co1-f32 --target jax:conv_transpose@cpu
  tconv run configs/smoke.toml --shard 1/4      a quarter of the cases
"""


@click.command(epilog=EPILOG)
@click.argument("config", default=DEFAULT, type=click.Path(path_type=Path))
@click.option("--case", "case_id", metavar="ID", help="Run this one case instead of the grid.")
@click.option("--target", "targets", metavar="T", multiple=True,
              help="Only this target (backend[:mode][@device]); may be given again.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), default=None,
              help="Directory for the run directory.  [default: reports]")  # fmt: skip
@click.option("--shard", metavar="K/N", help="Only the K-th of N parts of the cases, 1 <= K <= N.")
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
    jobs: int | None,
    dry_run: bool,
    json_wanted: bool,
) -> None:
    """Sweep the grid of CONFIG over its targets and write a run directory with its reports.

    CONFIG is a TOML file, or the name of one that comes with the harness, such as smoke.
    """
    chosen = _aimed(load_config(_found(config)), targets)
    cases, account = _cases(chosen, case_id, shard)
    if dry_run:
        shown = {"targets": list(chosen.targets), "cases": len(cases), **account}
        click.echo(as_json(shown) if json_wanted else dry_text(chosen, cases, account))
        return
    with tempfile.TemporaryDirectory(prefix="tconv-") as scratch:
        # a case that is run again leaves nothing behind, unless it is asked to
        folder = out or (Path(scratch) if case_id else Path("reports"))
        finished = _swept(chosen, cases, account, folder, jobs)
        made = Run.from_path(finished.path)
    if json_wanted:
        click.echo(as_json({"path": str(finished.path), **(made.footer or {})}))
    else:
        click.echo(case_text(made) if case_id else totals_text(made))
    for message in finished.status.messages:
        click.echo(f"tconv: {message}", err=True)
    sys.exit(finished.status.code)


def _found(path: Path) -> Path:
    """Return the path itself, or that of the config of this name which comes with the harness."""
    bundled = [folder / f"{path.name.removesuffix('.toml')}.toml" for folder in _BUNDLED]
    named = path.name == str(path) or str(path) == DEFAULT
    return next((each for each in [path, *bundled * named] if each.is_file()), path)


def _aimed(config: Config, targets: Sequence[str]) -> Config:
    """Return the config with these targets alone; only their backends remain required."""
    if not targets:
        return config
    backends = {Selection.from_text(text).backend for text in targets}
    required = tuple(name for name in config.required if name in backends)
    return replace(config, targets=tuple(targets), required=required)


def _cases(
    config: Config, case_id: str | None, shard: str | None
) -> tuple[Sequence[Case], dict[str, object]]:
    """Return the cases to sweep and where they come from."""
    if case_id:
        case = Case.from_id(case_id)
        return [case], {"made": 1, "kept": 1, "dropped": {}, "marginals": {}, "shard": ""}
    grid = expand(config.grids, config.values)
    account = {**grid.tally.to_dict(), "shard": shard or ""}
    return grid.shard(*_shard(shard)) if shard else grid.cases, account


def _shard(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d+)/(\d+)", text)
    if match is None:
        raise ConfigError(f"shard={text!r}, but should be k/n with 1 <= k <= n, as in 1/4")
    return int(match[1]), int(match[2])


def _swept(
    config: Config,
    cases: Sequence[Case],
    account: dict[str, object],
    out: Path,
    jobs: int | None,
) -> Finished:
    try:
        with progress() as observer:
            return run_config(config, cases, account, out=out, workers=jobs, observer=observer)
    except KeyboardInterrupt:
        click.echo("tconv: interrupted; the run is incomplete, so start it again", err=True)
        sys.exit(ExitStatus.INCOMPLETE)
