"""`tconv merge`: joins the shards of one grid into one run."""

from collections.abc import Sequence
from pathlib import Path

import click

from tconv.cli.output import json_option
from tconv.cli.run import finish

EPILOG = """\b
Examples:
  tconv run configs/smoke.toml --shard 1/2 --out a    on one machine
  tconv run configs/smoke.toml --shard 2/2 --out b    on another
  tconv merge a/smoke-* b/smoke-*                     one run, as if it had not been split
"""


@click.command(epilog=EPILOG)
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), default=Path("reports"),
              show_default=True, help="Make the run directory here.")  # fmt: skip
@json_option
def merge(*, runs: Sequence[Path], out: Path, as_json: bool) -> None:
    """Join RUNS, which are all shards k/n of one grid, into one run with its reports.

    The shards must be complete, of one configuration, and of the same versions and settings. The
    digest is that of a run without shards.
    """
    from tconv.runs import merge as merging

    finish(merging.merge(runs, out=out), is_kept=True, as_json=as_json)
