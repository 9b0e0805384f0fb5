"""`tconv claims`: checks published statements against the arithmetic and against a run."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tconv.cli.output import json_option, json_text

if TYPE_CHECKING:
    from tconv.analysis.claims.results import ClaimResult

EPILOG = """\b
Examples:
  tconv claims                                against the arithmetic alone
  tconv claims reports/map-20261122-190000    and against what that run measured
  tconv claims --file mine.toml --json
"""


@click.command(epilog=EPILOG)
@click.argument("run", required=False, type=click.Path(path_type=Path))
@click.option("--file", metavar="FILE",
              help="TOML file of the claims.  [default: configs/claims.toml]")  # fmt: skip
@json_option
def claims(*, run: Path | None, file: str | None, as_json: bool) -> None:
    """Check whether each published statement holds, fails, or holds only under a condition.

    Statements about targets need a RUN of configs/map.toml; without one they are not measured.
    """
    from tconv.analysis.claims.document import CLAIMS, load_claims
    from tconv.analysis.claims.measurement import COLUMNS
    from tconv.analysis.claims.results import claim_results
    from tconv.store import RunReader

    reader = RunReader(run) if run else None
    if reader is not None:
        reader.require_complete()
    rows = () if reader is None else reader.records(COLUMNS)
    results = claim_results(load_claims(file or CLAIMS), rows)
    if as_json:
        click.echo(json_text({"claims": [asdict(record) for record in results]}))
    else:
        click.echo("\n\n".join(map(_text, results)))


def _text(record: "ClaimResult") -> str:
    formula = f"\n  {record.formula}" if record.formula else ""
    return (
        f"{record.name}: {record.verdict}\n"
        f"  {record.title}\n"
        f'  "{record.quotation}" ({record.source}){formula}\n'
        f"  {record.evidence}"
    )
