"""`tconv atlas`: infers the rules by which targets resolve open cases from a run of such cases."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tconv.cli.output import json_option, table_text

if TYPE_CHECKING:
    from tconv.analysis.atlas.atlas import Atlas
    from tconv.analysis.atlas.entry import Entry

EPILOG = """\b
Examples:
  tconv atlas reports/map-20261122-190000
  tconv atlas reports/map-20261122-190000 --out atlas.json
"""


@click.command(epilog=EPILOG)
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False),
              help="Write everything to this JSON file, for --atlas of other commands.",
              )  # fmt: skip
@json_option
def atlas(*, run: Path, out: Path | None, as_json: bool) -> None:
    """Infer from RUN the rule of the output window for each target and kind of open case.

    A rule gives the output size o and begin, the crop at the start, of one axis. Its coverage is
    the share of the measured points at which it holds; below 1, the first counterexample follows.
    The JSON also holds where targets disagree, and whether published claims hold.
    """
    from tconv.analysis.claims.document import load_claims
    from tconv.analysis.from_run import compatibility_of
    from tconv.errors import StoreError
    from tconv.store import RunReader

    compatibility = compatibility_of(RunReader(run), load_claims())
    if out is not None:
        try:
            out.write_text(compatibility.to_json())
        except OSError as error:
            raise StoreError(
                f"cannot write {out}: {error.strerror}; choose another --out"
            ) from error
    text = compatibility.to_json() if as_json else atlas_text(compatibility.atlas)
    click.echo(text, nl=not as_json)


def atlas_text(atlas: "Atlas") -> str:
    """Return the rules as a table, then what evidence each lacks."""
    header = ("target", "kind of case", "output size", "crop at the start", "points", "coverage")
    rows = ((e.question.target, e.question.words, *_cells(e)) for e in atlas.entries)
    table = table_text(header, rows, right={"points", "coverage"})
    return "\n".join([table, *map("\n".join, filter(None, map(_remarks, atlas.entries)))])


def _cells(entry: "Entry") -> tuple[str, str, str, str]:
    rule, evidence = entry.rule, entry.evidence
    if rule is None or evidence is None:
        return (", ".join(f"{verdict}: {n}" for verdict, n in entry.verdicts.items()), "", "0", "")
    start = "" if rule.begin is None else str(rule.begin)
    coverage = "1" if evidence.coverage == 1 else f"{evidence.coverage:.4f}"
    return f"o = {rule.size}", start, str(evidence.points), coverage


def _remarks(entry: "Entry") -> list[str]:
    """Return the question, and what its rule lacks; empty if it lacks nothing."""
    if entry.evidence is None or entry.evidence.is_sufficient:
        return []
    if entry.like:
        return ["", f"{entry.question}", f"  sampled: the rule is that of {entry.like}"]
    counterexample = entry.evidence.counterexample
    lines = [*entry.evidence.shortfalls, *([str(counterexample)] if counterexample else [])]
    return ["", f"{entry.question}", *(f"  {line}" for line in lines)]
