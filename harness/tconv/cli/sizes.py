"""`tconv sizes`: finds the input sizes and paddings that give an output size, on each target."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tconv.cli.atlas_source import atlas_option, load_atlas
from tconv.cli.output import json_option, json_text, pluralize

if TYPE_CHECKING:
    from tconv.analysis.atlas.sizes import OpenChoice

EPILOG = """\b
Examples:
  tconv sizes o=14 k=3 s=2
  tconv sizes o=14 k=3 s=2 d=2 --json
"""


@click.command(epilog=EPILOG)
@click.argument("parameters", nargs=-1, required=True, metavar="NAME=VALUE...")
@atlas_option
@json_option
def sizes(*, parameters: Sequence[str], path: Path | None, as_json: bool) -> None:
    """Find the parameters that give an output size o along one axis.

    o and k are required; s and d (dilation) are 1 by default. First come the legal choices of
    input size i, padding p and output padding op, by arithmetic. Then, for each target of the
    atlas, what gives this size with a padding policy, or without an output padding.
    """
    from tconv.analysis.atlas.request import axis_of_size
    from tconv.analysis.atlas.sizes import explicit_choices, open_choices

    axis = axis_of_size(parameters)
    assert axis.o is not None
    explicit = list(explicit_choices(axis.o, k=axis.k, s=axis.s, d=axis.d))
    by_target = list(open_choices(load_atlas(path), axis.o, k=axis.k, s=axis.s, d=axis.d))
    if as_json:
        click.echo(json_text({
            "explicit": [asdict(each) for each in explicit],
            "targets": [
                {**each.question.to_dict(), **each.axis.to_dict(), "measured": each.is_measured,
                 "refusals": each.refusals}
                for each in by_target
            ],
        }))  # fmt: skip
        return
    click.echo(f"{pluralize(len(explicit), 'legal choice')} of i, p and op with o = {axis.o}")
    click.echo("\n".join(f"  i={each.i} p={each.p} op={each.op}" for each in explicit))
    click.echo("\n".join(_lines(by_target)))


def _lines(by_target: "Iterable[OpenChoice]") -> Iterator[str]:
    for (question, refusals), group in groupby(by_target, key=lambda e: (e.question, e.refusals)):
        choices = (f"{_text(e)}{'' if e.is_measured else ' (not measured)'}" for e in group)
        yield f"{question}: {', '.join(choices)}{refusals and f'; but {refusals}'}"


def _text(choice: "OpenChoice") -> str:
    axis = choice.axis
    op = "" if axis.op is None else f" op={axis.op}"
    p = f" p={axis.p_begin}" if choice.question.padding == "explicit" else ""
    return f"i={axis.i}{p}{op}"
