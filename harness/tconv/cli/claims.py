"""`tconv claims`: hold published statements against the arithmetic and against a run."""

from dataclasses import asdict
from pathlib import Path

import click

from tconv.analysis.claims.document import CLAIMS, load_claims
from tconv.analysis.claims.measurement import COLUMNS
from tconv.analysis.claims.results import ClaimResult, claim_results
from tconv.cli.output import as_json
from tconv.cli.swept import rows

EPILOG = """\b
Examples:
  tconv claims                                what the arithmetic says of them
  tconv claims reports/map-20261122-190000    and what that run measured
  tconv claims --file mine.toml --json
"""


@click.command(epilog=EPILOG, short_help="Hold published statements against it.")
@click.argument("run", required=False, type=click.Path(path_type=Path))
@click.option("--file", "path", default=CLAIMS, show_default=True, metavar="FILE",
              help="TOML file of the claims.")  # fmt: skip
@click.option("--json", "json_wanted", is_flag=True, help="Print the claims as JSON.")
def claims(*, run: Path | None, path: str, json_wanted: bool) -> None:
    """Say of each published statement whether it holds, fails, or holds only where.

    Statements about targets need a RUN of configs/map.toml; without one they are not measured.
    """
    found = claim_results(load_claims(path), rows(run, COLUMNS) if run else ())
    if json_wanted:
        click.echo(as_json({"claims": [asdict(record) for record in found]}))
    else:
        click.echo("\n\n".join(map(_text, found)))


def _text(record: ClaimResult) -> str:
    said = f"  {record.formula}" if record.formula else ""
    return "\n".join([
        f"{record.name}: {record.verdict}",
        f"  {record.title}",
        f'  "{record.quotation}" ({record.source}){said and chr(10)}{said}',
        f"  {record.evidence}",
    ])  # fmt: skip
