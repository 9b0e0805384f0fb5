"""`tconv explain`: what a target makes of an open case, by which rule, and how that is known."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from tconv.analysis.atlas.atlas import MeasuredRun
from tconv.analysis.atlas.drawing import picture
from tconv.analysis.atlas.explain import Explanation, Extent, explain
from tconv.analysis.atlas.request import Request
from tconv.cli.atlas_source import charted, option
from tconv.cli.output import as_json
from tconv.model.target import Selection

EPILOG = """\b
Examples:
  tconv explain keras-tensorflow padding=same k=3 s=2 i=7
  tconv explain torch k=3x2 s=2 i=7x5 p=1 o=14x9
  tconv explain onnxruntime:session padding=same_lower k=4 s=3 i=5 --json
"""


@click.command("explain", epilog=EPILOG, short_help="Say which window one call returns.")
@click.argument("target")
@click.argument("parameters", nargs=-1, required=True, metavar="NAME=VALUE...")
@option
@click.option("--json", "json_wanted", is_flag=True, help="Print JSON on stdout.")
def explain_case(
    *, target: str, parameters: Sequence[str], path: Path | None, json_wanted: bool
) -> None:
    """Say which window of the full result TARGET returns for an open case, and by which rule.

    TARGET is backend[:mode][@device]. Names are padding, i, k, s, p, dilation (d), output_padding
    (op) and o; a value is a number for all axes, or one for each joined by x; p may be start:end.
    """
    request = Request.from_texts(parameters)
    atlas = charted(path)
    found = explain(atlas, Selection.from_text(target), request)
    if json_wanted:
        click.echo(as_json({"request": str(request), "answers": [_record(each) for each in found]}))
        return
    for _, group in groupby(found, key=_answer):
        alike = list(group)
        lines = [*_lines(alike[0]), *(line for each in alike for line in _told(each, atlas.source))]
        click.echo("\n".join([*(line.rstrip() for line in lines), ""]))


def _answer(each: Explanation) -> tuple[Any, ...]:
    """Return what has to agree for explanations to be told as one."""
    return each.entry.rule, each.extents


def _lines(each: Explanation) -> Iterator[str]:
    """Yield the windows, drawn, and the rule."""
    for axis, extent in enumerate(each.extents):
        yield from _extent_lines(extent, axis, len(each.extents))
    if each.entry.rule is not None:
        yield from (f"rule: {line}" for line in str(each.entry.rule).splitlines())


def _told(each: Explanation, source: MeasuredRun) -> Iterator[str]:
    """Yield the target, and how well it is known what it does."""
    entry, told = each.entry, each.entry.evidence
    yield f"{entry.question.target}"
    if told is None:
        counts = ", ".join(f"{verdict}: {count}" for verdict, count in entry.verdicts.items())
        yield f"  computed nothing of the kind ({counts})"
        yield f"  {entry.reason}"
        return
    share = "all" if told.coverage == 1 else f"{told.holding} of"
    yield f"  holds at {share} {told.points} points measured in run {source.run}, {source.started}"
    if entry.like:
        yield f"  the rule was inferred from {entry.like}, of which this mode is a sample"
    else:
        yield from (f"  but {text}" for text in told.shortfalls)
    if told.counterexample is not None:
        yield f"  but not at {told.counterexample}"
    if entry.refusals:
        yield f"  but {entry.refusals}"
    yield from (f"  but {text}" for text in each.outside)


def _extent_lines(extent: Extent, axis: int, axes: int) -> Iterator[str]:
    asked = extent.asked
    if axes > 1:
        yield f"axis {axis}: {asked}"
    if extent.begin is None or extent.end is None:
        yield f"o = {extent.size} of the full {asked.full}; which window is not known"
        return
    ends = [_side(extent.begin, "begin"), _side(extent.end, "end")]
    yield f"o = {extent.size}: the full {asked.full}, {', '.join(ends)}"
    yield ""
    yield from (f"  {line}" for line in picture(asked, extent.size, extent.begin))
    yield ""


def _side(crop: int, where: str) -> str:
    return f"{crop} cropped at the {where}" if crop >= 0 else f"{-crop} added at the {where}"


def _record(each: Explanation) -> dict[str, Any]:
    return {
        **each.entry.to_dict(),
        "axes": [
            {**extent.asked.to_dict(), "full": extent.asked.full, "size": extent.size,
             "begin": extent.begin, "end": extent.end}
            for extent in each.extents
        ],
        "outside": list(each.outside),
    }  # fmt: skip
