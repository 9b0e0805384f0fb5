"""`tconv acceptance`: which target accepts what, and what it says when it refuses."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import click
from rich.table import Table

from tconv.analysis.acceptance.matrix import COLUMNS, Acceptance, Cell, ReactionCount
from tconv.analysis.acceptance.reaction import Reaction
from tconv.cli.output import as_json, counted, rendered
from tconv.cli.swept import rows

EPILOG = """\b
Examples:
  tconv run configs/acceptance.toml
  tconv acceptance reports/acceptance-20261123-060000
  tconv acceptance reports/acceptance-20261123-060000 --fault "stride of 0"
"""

_LINES: Final = 12  # of a text; --json has all


@click.command(epilog=EPILOG, short_help="Say who accepts faulty parameters.")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--fault", help="Print what each target says of this one, with the texts of errors.")
@click.option("--json", "json_wanted", is_flag=True, help="Print everything as JSON.")
def acceptance(*, run: Path, fault: str | None, json_wanted: bool) -> None:
    """Say of each target in RUN which faulty parameters it accepts, and how it refuses the others.

    Of several reactions of one target to one fault all are shown, the worst first.
    """
    found = Acceptance.from_rows(rows(run, COLUMNS))
    if fault is not None and fault not in found.faults:
        known = ", ".join(found.faults) or "none"
        raise click.BadParameter(f"{fault!r}, but should be one of: {known}", param_hint="--fault")
    if json_wanted:
        click.echo(as_json(_content(found, fault)))
    else:
        click.echo(_matrix(found) if fault is None else _texts(found.of(fault)))


def _content(found: Acceptance, fault: str | None) -> dict[str, Any]:
    wanted = found.faults if fault is None else (fault,)
    return {
        "cells": [asdict(cell) for name in wanted for cell in found.of(name)],
        "disagreements": [asdict(each) for each in found.disagreements if each.fault in wanted],
        "faultless": found.faultless,
    }


def _matrix(found: Acceptance) -> str:
    table = Table(box=None, pad_edge=False)
    table.add_column("fault")
    columns = [_letter(at) for at in range(len(found.targets))]
    for column in columns:
        table.add_column(column)
    for fault in found.faults:
        cells = (found.cells.get((target, fault)) for target in found.targets)
        table.add_row(fault, *("" if cell is None else cell.codes for cell in cells))
    return "\n".join([
        rendered(table), "",
        *(f"{letter:>3}  {name}" for letter, name in zip(columns, found.targets, strict=True)), "",
        *(f"  {each.code}  {each.value}: {each.meaning}" for each in Reaction), "",
        *_disagreements(found),
        *([f"{counted(found.faultless, 'row')} without a fault"] * bool(found.faultless)),
    ])  # fmt: skip


def _disagreements(found: Acceptance) -> Iterator[str]:
    count = len(found.disagreements)
    if count:
        yield f"modes of one framework differ in {counted(count, 'fault')}; the smallest case each:"
    for each in found.disagreements:
        yield f"  {each.framework}, {each.fault} ({counted(each.count, 'case')}): {each.case}"
        yield from (f"    {words}: {', '.join(them)}" for words, them in each.sides.items())


def _texts(cells: tuple[Cell, ...]) -> str:
    return "\n\n".join(
        "\n".join([cell.target, *(line for entry in cell.entries for line in _told(entry))])
        for cell in cells
    )


def _told(entry: ReactionCount) -> Iterator[str]:
    yield f"  {entry.reaction.value} ({counted(entry.count, 'case')}), as in {entry.case}"
    yield from (f"    {line}" for line in entry.text.splitlines()[:_LINES])


def _letter(at: int) -> str:
    """Return a, b, .., z, aa, ab, .. for the columns of a table."""
    return ("" if at < 26 else chr(ord("a") + at // 26 - 1)) + chr(ord("a") + at % 26)
