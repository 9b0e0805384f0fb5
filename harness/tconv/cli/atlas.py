"""`tconv atlas`: infer the rules by which targets resolve open cases, from a run of such cases."""

from pathlib import Path

import click
from rich.table import Table

from tconv.analysis.atlas.atlas import Atlas
from tconv.analysis.atlas.entry import Entry
from tconv.analysis.claims.document import load_claims
from tconv.analysis.compatibility import Compatibility
from tconv.analysis.from_run import compatibility_of, rows, source
from tconv.cli.output import rendered
from tconv.errors import StoreError
from tconv.store import RunReader

EPILOG = """\b
Examples:
  tconv atlas reports/map-20261122-190000
  tconv atlas reports/map-20261122-190000 --out atlas.json
"""


@click.command(epilog=EPILOG, short_help="Infer the rules of open cases from a run.")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False),
              help="File for all of it as JSON, which other commands take by --atlas.")  # fmt: skip
@click.option("--json", "json_wanted", is_flag=True, help="Print the rules as JSON.")
def atlas(*, run: Path, out: Path | None, json_wanted: bool) -> None:
    """Infer from RUN, for each target and kind of open case, the rule of its output window.

    A rule says the output size o and the crop at the begin, for one axis. Its coverage is the share
    of the points at which it holds; where that is below 1 the first counterexample follows.
    The JSON tells besides where targets disagree, and what became of published claims.
    """
    made = compared_run(run)
    if out is not None:
        _write(out, made.to_json())
    click.echo(made.to_json() if json_wanted else atlas_text(made.atlas), nl=not json_wanted)


def from_run(path: Path) -> Atlas:
    """Return the atlas of the run in the directory `path`.

    Raises:
        StoreError: it is no run directory, is damaged, or is incomplete.
    """
    reader = RunReader(path)
    return Atlas.from_rows(rows(reader), source(reader))


def compared_run(path: Path) -> Compatibility:
    """Return the atlas of a run with disagreements, and the claims that come with the harness.

    Raises:
        StoreError: as for :func:`from_run`.
    """
    return compatibility_of(RunReader(path), load_claims())


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text)
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror}; choose another --out") from error


def atlas_text(atlas: Atlas) -> str:
    """Return the rules as a table, then what is missing of each."""
    table = Table(box=None, pad_edge=False)
    for name in ("target", "asked", "output size", "crop at the begin"):
        table.add_column(name)
    for name in ("points", "coverage"):
        table.add_column(name, justify="right")
    for entry in atlas.entries:
        table.add_row(entry.question.target, entry.question.words, *_cells(entry))
    return "\n".join([rendered(table), *map("\n".join, filter(None, map(_remarks, atlas.entries)))])


def _cells(entry: Entry) -> tuple[str, str, str, str]:
    if entry.rule is None or entry.evidence is None:
        return (", ".join(f"{verdict}: {n}" for verdict, n in entry.verdicts.items()), "", "0", "")
    begin = "" if entry.rule.begin is None else f"begin = {entry.rule.begin}"
    told = entry.evidence
    coverage = "1" if told.coverage == 1 else f"{told.coverage:.4f}"
    return f"o = {entry.rule.size}", begin, str(told.points), coverage


def _remarks(entry: Entry) -> list[str]:
    """Return what is missing for the entry's rule, the question first; empty where nothing is."""
    if entry.evidence is None or entry.evidence.is_sufficient:
        return []
    if entry.like:
        return ["", f"{entry.question}", f"  sampled: the rule is that of {entry.like}"]
    failed = entry.evidence.counterexample
    told = [*entry.evidence.shortfalls, *([str(failed)] if failed else [])]
    return ["", f"{entry.question}", *(f"  {line}" for line in told)]
