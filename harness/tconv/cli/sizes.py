"""`tconv sizes`: which input sizes and paddings reach a wanted output size, on which target."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path

import click

from tconv.analysis.atlas.request import axis_of_size
from tconv.analysis.atlas.sizes import Reached, reached, ways
from tconv.cli.atlas_source import charted, option
from tconv.cli.output import as_json, counted

EPILOG = """\b
Examples:
  tconv sizes o=14 k=3 s=2
  tconv sizes o=14 k=3 s=2 d=2 --json
"""


@click.command(epilog=EPILOG, short_help="Say what reaches a wanted size.")
@click.argument("parameters", nargs=-1, required=True, metavar="NAME=VALUE...")
@option
@click.option("--json", "json_wanted", is_flag=True, help="Print JSON on stdout.")
def sizes(*, parameters: Sequence[str], path: Path | None, json_wanted: bool) -> None:
    """Say what reaches a wanted output size o along one axis; k is needed, s and d (dilation) not.

    First by arithmetic: input size i, padding p and output padding op, all legal. Then what the
    targets of the atlas return where a policy, or no output padding, is given.
    """
    axis = axis_of_size(parameters)
    assert axis.o is not None
    explicit = list(ways(axis.o, k=axis.k, s=axis.s, d=axis.d))
    found = list(reached(charted(path), axis.o, k=axis.k, s=axis.s, d=axis.d))
    if json_wanted:
        click.echo(as_json({
            "explicit": [asdict(each) for each in explicit],
            "targets": [
                {**each.question.to_dict(), **each.asked.to_dict(), "measured": each.is_measured,
                 "refusals": each.refusals}
                for each in found
            ],
        }))  # fmt: skip
        return
    click.echo(f"{counted(len(explicit), 'legal choice')} of i, p and op with o = {axis.o}")
    click.echo("\n".join(f"  i={each.i} p={each.p} op={each.op}" for each in explicit))
    click.echo("\n".join(_lines(found)))


def _lines(found: Iterable[Reached]) -> Iterator[str]:
    for (question, refusals), group in groupby(found, key=lambda e: (e.question, e.refusals)):
        told = (f"{_short(each)}{'' if each.is_measured else ' (not measured)'}" for each in group)
        yield f"{question}: {', '.join(told)}{refusals and f'; but {refusals}'}"


def _short(each: Reached) -> str:
    op = "" if each.asked.op is None else f" op={each.asked.op}"
    p = f" p={each.asked.p_begin}" if each.question.padding == "explicit" else ""
    return f"i={each.asked.i}{p}{op}"
