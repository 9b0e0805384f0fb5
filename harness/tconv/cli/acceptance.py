"""`tconv acceptance`: which target accepts which faulty parameters, and how it refuses them."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from tconv.cli.output import json_option, json_text, table_text
from tconv.errors import pluralize, quoted

if TYPE_CHECKING:
    from tconv.analysis.acceptance.matrix import Acceptance, Cell, ReactionCount

EPILOG = """\b
Examples:
  tconv run configs/acceptance.toml
  tconv acceptance reports/acceptance-20261123-060000
  tconv acceptance reports/acceptance-20261123-060000 --fault "stride of 0"
"""

_LINES: Final = 12  # of a text; --json has all


@click.command(epilog=EPILOG)
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--fault", help="Print what each target does with this one, and the error texts.")
@json_option
def acceptance(*, run: Path, fault: str | None, as_json: bool) -> None:
    """Show for each target in RUN which faulty parameters it accepts, and how it refuses others.

    If a target reacts to one fault in several ways, all are shown, the worst first.
    """
    from tconv.analysis.acceptance.matrix import COLUMNS, Acceptance
    from tconv.store import RunReader

    reader = RunReader(run)
    reader.require_complete()
    reactions = Acceptance.from_rows(reader.records(COLUMNS))
    if fault is not None and fault not in reactions.faults:
        names = ", ".join(reactions.faults) or "none"
        raise click.BadParameter(
            f"must be one of {names} (got {quoted(fault)})", param_hint="--fault"
        )
    if as_json:
        click.echo(json_text(_content(reactions, fault)))
    else:
        click.echo(_matrix(reactions) if fault is None else _texts(reactions.of(fault)))


def _content(reactions: "Acceptance", fault: str | None) -> dict[str, Any]:
    faults = reactions.faults if fault is None else (fault,)
    return {
        "cells": [asdict(cell) for name in faults for cell in reactions.of(name)],
        "disagreements": [asdict(each) for each in reactions.disagreements if each.fault in faults],
        "faultless": reactions.faultless,
    }


def _matrix(reactions: "Acceptance") -> str:
    from tconv.analysis.acceptance.reaction import Reaction

    if not reactions.faults:
        rows = pluralize(reactions.faultless, "row")
        return f"no case of this run has a fault ({rows}); run configs/acceptance.toml"
    letters = [_letter(at) for at in range(len(reactions.targets))]
    table = table_text(("fault", *letters), (
        (fault, *(cell.codes if cell else "" for cell in cells))
        for fault in reactions.faults
        for cells in [[reactions.cells.get((target, fault)) for target in reactions.targets]]
    ))  # fmt: skip
    return "\n".join([
        table, "",
        *(f"{letter:>3}  {name}" for letter, name in zip(letters, reactions.targets, strict=True)),
        "", *(f"  {each.code}  {each.value}: {each.meaning}" for each in Reaction), "",
        *_disagreements(reactions),
        *([f"{pluralize(reactions.faultless, 'row')} without a fault"] * bool(reactions.faultless)),
    ])  # fmt: skip


def _disagreements(reactions: "Acceptance") -> Iterator[str]:
    count = len(reactions.disagreements)
    if count:
        faults = pluralize(count, "fault")
        yield f"modes of one framework differ in {faults}; the smallest case of each:"
    for one in reactions.disagreements:
        yield f"  {one.framework}, {one.fault} ({pluralize(one.count, 'case')}): {one.case}"
        yield from (f"    {words}: {', '.join(modes)}" for words, modes in one.sides.items())


def _texts(cells: "tuple[Cell, ...]") -> str:
    return "\n\n".join(
        "\n".join([cell.target, *(line for entry in cell.entries for line in _entry_lines(entry))])
        for cell in cells
    )


def _entry_lines(entry: "ReactionCount") -> Iterator[str]:
    yield f"  {entry.reaction.value} ({pluralize(entry.count, 'case')}), as in {entry.case}"
    yield from (f"    {line}" for line in entry.text.splitlines()[:_LINES])


def _letter(at: int) -> str:
    """Return a, b, .., z, aa, ab, .. for the columns of a table."""
    return ("" if at < 26 else chr(ord("a") + at // 26 - 1)) + chr(ord("a") + at % 26)
