"""`tconv explain`: shows which window a target returns for a call, and how that is known."""

import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Final

import click

from tconv.cli.atlas_source import atlas_option, load_atlas
from tconv.cli.output import json_option, json_text
from tconv.cli.target_type import TARGET
from tconv.model.target import Selection
from tconv.runs.exit_status import ExitStatus

if TYPE_CHECKING:
    from tconv.analysis.atlas.atlas import MeasuredRun
    from tconv.analysis.atlas.entry import Entry
    from tconv.analysis.atlas.extent import Extent
    from tconv.analysis.atlas.request import Request
    from tconv.answers.answer import Answer

_MOST_LINES: Final = 8  # of the framework's words, beside the first
_TOGETHER: Final = re.compile(r" [-+*/%<>=]+ |(?<=[a-z]) (?=-?\d)|(?<=\d) (?=ax[ei]s:)")
_WIDTH: Final = 100  # columns of a line, except where a framework speaks

EPILOG = """\b
Examples:
  tconv explain keras-tensorflow padding=same k=3 s=2 i=7
  tconv explain torch k=3x2 s=2 i=7x5 p=1 o=14x9
  tconv explain torch k=3 s=2 i=7 p=1 op=1
  tconv explain onnxruntime:session padding=same_lower k=4 s=3 i=5 --json

\b
Exit status:
  0 answered    2 wrong usage    3 every selected target refuses the call, or none could be asked
"""


@click.command("explain", epilog=EPILOG)
@click.argument("target", type=TARGET)
@click.argument("parameters", nargs=-1, required=True, metavar="NAME=VALUE...")
@click.option("--no-run", is_flag=True, help="Load no framework: answer from the atlas alone.")
@atlas_option
@json_option
def explain_case(
    *,
    target: Selection,
    parameters: Sequence[str],
    no_run: bool,
    path: Path | None,
    as_json: bool,
) -> None:
    """Show which window of the full result TARGET returns for a call, and by which rule.

    TARGET is backend[:mode][@device]. The names are padding, i, k, s, p, dilation (d),
    output_padding (op), o and ndim, or a framework's own, such as kernel_size. A value is one
    number for all axes, or one for each axis, as in 3x2. A value of p may be start:end, as in 1:0.

    In a rule, begin is the crop at the start, and K is d(k-1)+1. A condition on what is accepted
    holds on every axis; o_requested is the size that was asked for, o the size by the rule, and
    d_max the largest d of all axes with more than one tap. all(a) or all(b) says that one and the
    same of a and b holds on every axis.

    A call that lies outside of what was measured, or that is refused, is put to the framework, if
    it is installed. So is every call to a mode that was not measured.
    """
    from tconv.analysis.atlas.request import Request, one_axis_notice
    from tconv.answers.answer import answers, lowered
    from tconv.answers.frameworks import Frameworks

    request, definition = lowered(Request.from_texts(parameters))
    atlas = load_atlas(path)
    with ExitStack() as stack:
        frameworks = None if no_run else stack.enter_context(Frameworks(_notice))
        results = answers(atlas, target, request, frameworks)
    if notice := one_axis_notice(parameters):
        click.echo(f"tconv: {notice}", err=True)
    if as_json:
        click.echo(json_text({"request": str(request), "answers": list(map(_record, results))}))
    else:
        if definition:
            parts = (part for line in definition.splitlines() for part in _wrapped(line))
            click.echo("\n".join([*parts, ""]))
        groups: dict[tuple[str, ...], list[Answer]] = defaultdict(list)
        for answer in results:
            lines = tuple(_lines(answer, request))
            groups[tuple(line.replace(str(answer.target), "") for line in lines)].append(answer)
        for alike in groups.values():
            sources = (line for each in alike for line in _source(each, atlas.source))
            click.echo("\n".join([*_lines(alike[0], request), *sources, ""]))
        if lines := tuple(_elsewhere(results)):
            click.echo("\n".join([*lines, ""]))
    if all(answer.verdict != "accepted" and not answer.extents for answer in results):
        sys.exit(ExitStatus.NOTHING_COMPARED)


def _notice(backend: str) -> None:
    if sys.stderr.isatty():
        click.echo(f"asking {backend}, which takes some seconds to load ...", err=True)


def _lines(answer: "Answer", request: "Request") -> Iterator[str]:
    """Yield what the call returns, or why it is refused."""
    if answer.verdict == "refused":
        yield from _refusal(answer, request)
        return
    if not answer.extents:
        yield f"not known: {answer.unasked}"
        return
    if answer.verdict == "unknown":
        yield f"{_doubt(answer, request)}, and not asked: {answer.unasked}"
    for axis, extent in enumerate(answer.extents):
        if len(answer.extents) > 1:
            yield f"axis {axis}: {extent.axis}"
        yield from _window(extent)
    if answer.addition:
        yield f"composed: {answer.addition}"
    if answer.entry and answer.entry.rule and not answer.reply:
        yield from (f"rule: {line}" for line in str(answer.entry.rule).splitlines())


def _doubt(answer: "Answer", request: "Request") -> str:
    """Return why the atlas alone does not tell what the call returns."""
    entry = answer.entry
    if answer.outside or entry is None:
        return "inferred beyond what was measured"
    if not entry.accepts(request.axes):
        return "by the rule, but it is not known whether the call is accepted"
    if entry.routes and entry.route(request.axes) is None:
        return "accepted, but it is not known whether by one call or with an added crop"
    return "inferred on weak evidence"


def _refusal(answer: "Answer", request: "Request") -> Iterator[str]:
    """Yield that the call is refused, why, in whose words, and what is accepted near it."""
    yield f"refused: {_why(answer)}"
    for clause in answer.broken:
        assert answer.entry is not None
        numbers = clause.numbers(answer.entry.calls_of(request.axes))
        here = f" (here {numbers})" if numbers else ""
        yield from _wrapped(f"  accepted only where {clause}{here}")
    if answer.reply and answer.reply.words:
        first, *more = (line.rstrip() for line in answer.reply.words.splitlines())
        yield f"  {answer.target.backend} says: {first}"
        yield from (f"    {line}" for line in more[:_MOST_LINES])
    if answer.unasked:
        yield f"  the framework was not asked: {answer.unasked}"
    if answer.nearest:
        yield "nearest accepted calls:"
        yield from (f"  tconv explain {answer.target} {call}" for call in answer.nearest)


def _wrapped(line: str) -> list[str]:
    """Return the line in parts; neither a comparison nor a name and its number is cut."""
    joined = _TOGETHER.sub(lambda match: match[0].replace(" ", "\xa0"), line)
    parts = wrap(joined, _WIDTH, subsequent_indent="    ", break_long_words=False,
                 break_on_hyphens=False)  # fmt: skip
    return [part.replace("\xa0", " ") for part in parts]


def _why(answer: "Answer") -> str:
    """Return why a call is refused, in a few words; only what holds for this very call."""
    if answer.reply and answer.reply.reason:
        return answer.reply.reason
    acceptance = answer.entry and answer.entry.acceptance
    measured = {clause.reason for clause in answer.broken} - {""}
    if acceptance and not acceptance.accepted:
        measured = {acceptance.reason} - {""}
    if measured and not answer.reply:
        return "; ".join(sorted(measured))
    if answer.unasked and not answer.broken:
        return "the arithmetic leaves no element, o is below 1"
    return f"{answer.target} does not accept this call"


def _window(extent: "Extent") -> Iterator[str]:
    from tconv.analysis.atlas.extent import draw_axis

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


def _source(answer: "Answer", source: "MeasuredRun") -> Iterator[str]:
    """Yield the target, and how the answer is known."""
    yield f"{answer.target}"
    reply, entry = answer.reply, answer.entry
    if reply:
        from tconv.adapters import registry

        version = f" {reply.version}" if reply.version else ""
        variables = registry.adapter_class(answer.target.backend).portable.items()
        settings = "".join(f", with {name}={value}" for name, value in variables)
        yield f"  {answer.target.backend}{version} was asked about this very call now{settings}"
        if answer.verdict == "accepted" and reply.reason:
            yield f"  but {reply.reason}"
    if entry is None:
        yield f"  not measured in run {source.run}, {source.started}"
    else:
        yield from _evidence(answer, entry, source)


def _elsewhere(answers: "Sequence[Answer]") -> Iterator[str]:
    """Yield how the other targets reach an explicit call; a backend stands for all its modes."""
    answered = {str(answer.target) for answer in answers}
    modes: dict[str, set[str]] = defaultdict(set)
    by_route: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for target, route in answers[0].elsewhere:
        if target not in answered:
            backend = target.partition(":")[0]
            modes[backend].add(target)
            by_route[route][backend].append(target)
    if by_route:
        yield "the same call elsewhere, by what was measured:"
    for route, backends in sorted(by_route.items()):
        names = [
            name.removesuffix("@cpu")
            for backend, targets in backends.items()
            for name in ([backend] if {*targets} == modes[backend] else targets)
        ]
        yield from _wrapped(f"  {route}: {', '.join(names)}")


def _evidence(answer: "Answer", entry: "Entry", source: "MeasuredRun") -> Iterator[str]:
    """Yield what was measured of such calls: the rule, which are accepted, and where."""
    evidence = entry.evidence
    if evidence is not None and answer.verdict != "refused":
        share = "all" if evidence.coverage == 1 else f"{evidence.holding} of"
        points = f"{share} {evidence.points} points"
        yield f"  the rule holds at {points} measured in run {source.run}, {source.started}"
        if entry.like:
            yield f"  it was inferred from {entry.like}; this mode is a sample of it"
        else:
            yield from (f"  weak evidence: {text}" for text in evidence.shortfalls)
        if evidence.counterexample is not None:
            yield f"  but not at {evidence.counterexample}"
    acceptance = entry.acceptance
    if entry.domain is None:
        return
    calls = f"{entry.domain.calls} calls"
    if acceptance is None:
        yield f"  which calls are accepted was not found from {calls}"
    else:
        yield from _wrapped(f"  accepted: {acceptance}, inferred from {calls}")
        yield from (f"  weak evidence: {text}" for text in acceptance.shortfalls)
    yield from _wrapped(f"  measured on: {entry.domain.text}")
    yield from (f"  but {text}" for text in answer.outside)


def _record(answer: "Answer") -> dict[str, Any]:
    from dataclasses import asdict

    entry, reply = answer.entry, answer.reply
    return {
        **(entry.to_dict() if entry else {}),
        "target": str(answer.target),
        "verdict": answer.verdict,
        "axes": [
            {**extent.axis.to_dict(), "full": extent.axis.full, "size": extent.size,
             "begin": extent.begin, "end": extent.end}
            for extent in answer.extents
        ],
        "addition": answer.addition,
        "broken": [str(clause) for clause in answer.broken],
        "reply": reply and {k: v for k, v in asdict(reply).items() if k != "extents"},
        "why": _why(answer) if answer.verdict == "refused" else "",
        "outside": list(answer.outside),
        "unasked": answer.unasked,
        "nearest": [str(call) for call in answer.nearest],
        "elsewhere": dict(answer.elsewhere),
    }  # fmt: skip
