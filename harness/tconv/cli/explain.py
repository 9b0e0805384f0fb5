"""`tconv explain`: shows which window a target returns for an open case, and how that is known."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tconv.cli.atlas_source import atlas_option, load_atlas
from tconv.cli.output import json_option, json_text
from tconv.cli.target_type import TARGET
from tconv.model.target import Selection

if TYPE_CHECKING:
    from tconv.analysis.atlas.atlas import MeasuredRun
    from tconv.analysis.atlas.explain import Explanation, Extent

EPILOG = """\b
Examples:
  tconv explain keras-tensorflow padding=same k=3 s=2 i=7
  tconv explain torch k=3x2 s=2 i=7x5 p=1 o=14x9
  tconv explain onnxruntime:session padding=same_lower k=4 s=3 i=5 --json
"""


@click.command("explain", epilog=EPILOG)
@click.argument("target", type=TARGET)
@click.argument("parameters", nargs=-1, required=True, metavar="NAME=VALUE...")
@atlas_option
@json_option
def explain_case(
    *, target: Selection, parameters: Sequence[str], path: Path | None, as_json: bool
) -> None:
    """Show which window of the full result TARGET returns for an open case, and by which rule.

    TARGET is backend[:mode][@device]. The names are padding, i, k, s, p, dilation (d),
    output_padding (op), o and ndim, or a framework's own, such as kernel_size. A value is one
    number for all axes, or one for each axis, as in 3x2. A value of p may be start:end, as in 1:0.
    In a rule, begin is the crop at the start, and K is dilation(k-1)+1.
    """
    from tconv.analysis.atlas.explain import explain
    from tconv.analysis.atlas.request import Request, default_axes

    request = Request.from_texts(parameters)
    atlas = load_atlas(path)
    answers = explain(atlas, target, request)
    if default := default_axes(parameters):
        click.echo(f"tconv: {default}", err=True)
    if as_json:
        click.echo(json_text({"request": str(request), "answers": list(map(_record, answers))}))
        return
    for _, group in groupby(answers, key=lambda each: (each.entry.rule, each.extents)):
        alike = list(group)
        lines = [*_answer(alike[0]), *(line for e in alike for line in _evidence(e, atlas.source))]
        click.echo("\n".join([*(line.rstrip() for line in lines), ""]))


def _answer(answer: "Explanation") -> Iterator[str]:
    """Yield the windows, drawn, and the rule."""
    for axis, extent in enumerate(answer.extents):
        if len(answer.extents) > 1:
            yield f"axis {axis}: {extent.axis}"
        yield from _window(extent)
    if answer.entry.rule is not None:
        yield from (f"rule: {line}" for line in str(answer.entry.rule).splitlines())


def _window(extent: "Extent") -> Iterator[str]:
    from tconv.analysis.atlas.explain import draw_axis

    axis = extent.axis
    if extent.begin is None or extent.end is None:
        yield f"o = {extent.size} of the full {axis.full}; which window is not known"
        return
    ends = [_crop(extent.begin, "start"), _crop(extent.end, "end")]
    yield f"o = {extent.size}: the full {axis.full}, {', '.join(ends)}"
    yield ""
    if drawing := draw_axis(axis, extent.size, extent.begin):
        yield from (f"  {line}" for line in drawing)
        yield ""


def _crop(count: int, side: str) -> str:
    return f"{count} cropped at the {side}" if count >= 0 else f"{-count} added at the {side}"


def _evidence(answer: "Explanation", source: "MeasuredRun") -> Iterator[str]:
    """Yield the target, and the evidence for its rule."""
    entry, evidence = answer.entry, answer.entry.evidence
    yield f"{entry.question.target}"
    if evidence is None:
        counts = ", ".join(f"{verdict}: {count}" for verdict, count in entry.verdicts.items())
        yield f"  computed no such case ({counts})"
        yield f"  {entry.reason}"
        return
    share = "all" if evidence.coverage == 1 else f"{evidence.holding} of"
    points = f"{share} {evidence.points} points"
    yield f"  holds at {points} measured in run {source.run}, {source.started}"
    if entry.like:
        yield f"  the rule was inferred from {entry.like}; this mode is a sample of it"
    else:
        yield from (f"  weak evidence: {text}" for text in evidence.shortfalls)
    if evidence.counterexample is not None:
        yield f"  but not at {evidence.counterexample}"
    if entry.refusals:
        yield f"  but {entry.refusals}"
    yield from (f"  but {text}" for text in answer.outside)


def _record(answer: "Explanation") -> dict[str, Any]:
    return {
        **answer.entry.to_dict(),
        "axes": [
            {**extent.axis.to_dict(), "full": extent.axis.full, "size": extent.size,
             "begin": extent.begin, "end": extent.end}
            for extent in answer.extents
        ],
        "outside": list(answer.outside),
    }  # fmt: skip
