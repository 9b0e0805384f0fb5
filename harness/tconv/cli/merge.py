"""`tconv merge`: join the shards of one grid into one run."""

from collections.abc import Sequence
from pathlib import Path

import click

from tconv.cli.run import end
from tconv.runs.merge import merge as join

EPILOG = """\b
Examples:
  tconv run configs/smoke.toml --shard 1/2 --out a    on one machine
  tconv run configs/smoke.toml --shard 2/2 --out b    on another
  tconv merge a/smoke-* b/smoke-*                     one run, as if it had been swept at once
"""


@click.command(epilog=EPILOG, short_help="Join the shards of one grid.")
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), default=Path("reports"),
              show_default=True, help="Where the run directory is made.")  # fmt: skip
@click.option("--json", "json_wanted", is_flag=True, help="Print JSON on stdout.")
def merge(*, runs: Sequence[Path], out: Path, json_wanted: bool) -> None:
    """Join RUNS, all shards k/n of one grid, into one run with its reports.

    The shards must be complete, of one configuration, and of the same versions and settings. The
    digest is that of a run without shards.
    """
    end(join(runs, out=out), None, is_kept=True, json_wanted=json_wanted)
