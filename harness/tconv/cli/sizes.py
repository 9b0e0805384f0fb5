"""`tconv sizes`: finds the input sizes and paddings that give an output size, on each target."""

import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Final

import click

from tconv.cli.atlas_source import atlas_option, load_atlas
from tconv.cli.output import json_option, json_text, table_text
from tconv.cli.target_type import TARGET
from tconv.errors import pluralize
from tconv.model.target import Selection, Target
from tconv.runs.exit_status import ExitStatus

if TYPE_CHECKING:
    from tconv.analysis.atlas.request import SizeRequest
    from tconv.analysis.atlas.sizes import Choice, ExplicitChoices, TargetSizes

EPILOG = """\b
Examples:
  tconv sizes o=14 k=3 s=2
  tconv sizes o=400 k=10 s=5 p=2 --target torch
  tconv sizes o=14 k=3 s=2 i=7 --target keras --target tensorflow
  tconv sizes o=14 k=3 s=2 d=2 --json

\b
Exit status:
  0 something gives the size    2 wrong usage    3 nothing does, on these targets
"""

_MOST: Final = 3  # choices in a line, fewer where the line gets too long
_WIDTH: Final = 100  # columns of a line, except with --all
_NARROWEST: Final = 30  # columns of the targets, even where the numbers are long
_EVERY: Final = 100  # legal choices that --all and --json list
_SOLVED: Final = 10  # choices of each kind of call that they list


@click.command(epilog=EPILOG)
@click.argument("parameters", nargs=-1, required=True, metavar="NAME=VALUE...")
@click.option("--target", "selections", type=TARGET, metavar="T", multiple=True,
              help="Only on this target (backend[:mode][@device]); may be repeated.")  # fmt: skip
@click.option("--all", "shows_all", is_flag=True,
              help="Print more choices, all modes, and calls that do not give it.")  # fmt: skip
@atlas_option
@json_option
def sizes(
    *,
    parameters: Sequence[str],
    selections: Sequence[Selection],
    shows_all: bool,
    path: Path | None,
    as_json: bool,
) -> None:
    """Find the parameters that give an output size o along one axis.

    o and k are required; s and d (dilation) are 1 by default. Each of i, p, op and padding may be
    decided: i=7 asks what to pass for seven elements. First come the legal choices of i, p and op,
    by arithmetic, those with the smallest p and op. Then come the calls of each target that give
    the size, by the rules of the atlas, and of a target that cannot, the nearest sizes it gives.
    """
    from tconv.analysis.atlas.question import EXPLICIT
    from tconv.analysis.atlas.request import SizeRequest
    from tconv.analysis.atlas.sizes import ExplicitChoices, target_sizes

    request = SizeRequest.from_texts(parameters)
    atlas = load_atlas(path)
    entries = [e for selection in selections for e in atlas.of(selection)] or atlas.entries
    explicit = ExplicitChoices.from_request(request)
    is_whole = shows_all or as_json
    answers = list(target_sizes(entries, request, most=_SOLVED if is_whole else _MOST))
    is_given = explicit.count > 0 or any(each.choices for each in answers)
    if selections:
        is_given = any(each.choices for each in answers)
    if as_json:
        click.echo(json_text({
            "legal_choices": explicit.count,
            "explicit": [asdict(each) for each in explicit.first_ones(_EVERY)],
            "targets": [_record(each) for each in answers],
        }))  # fmt: skip
    else:
        lines = []
        if request.padding in {None, EXPLICIT}:
            lines += [*_explicit_lines(explicit, _EVERY if shows_all else 0), ""]
        lines += _target_lines(answers, request, shows_all=shows_all)
        if selections:
            lines += _nearest_lines(answers, request)
        click.echo("\n".join(lines))
    sys.exit(ExitStatus.CONFORMS if is_given else ExitStatus.NOTHING_COMPARED)


def _explicit_lines(explicit: "ExplicitChoices", most: int) -> Iterator[str]:
    """Yield the legal choices: all of them up to `most`, or those that people want."""
    axis = explicit.request.axis
    shown = explicit.first_ones(most) if most else explicit.usual()
    which = f", the first {len(shown)}" if most else ", such as"
    yield (
        f"{pluralize(explicit.count, 'legal choice')} of i, p and op with o = {axis.o}"
        + which * (len(shown) < explicit.count)
    )
    crops = [_crop(explicit.request, each.p) for each in shown]
    rows = [(f"i={e.i}", p, f"op={e.op}") for e, p in zip(shown, crops, strict=True)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield ("  " + "  ".join(map(str.ljust, row, widths))).rstrip()


def _crop(request: "SizeRequest", p: int) -> str:
    axis = request.axis
    is_uneven = "p" in request.decided and axis.p_begin != axis.p_end
    return f"p={axis.p_begin}:{axis.p_end}" if is_uneven else f"p={p}"


def _target_lines(
    answers: "Sequence[TargetSizes]", request: "SizeRequest", *, shows_all: bool
) -> Iterator[str]:
    """Yield a line for each kind of call with one answer, with the targets that it is from."""
    header = ("call with", "gives it where", "targets")
    if shows_all:
        rows = _rows(answers, request, _SOLVED, shows_all=True)
    else:
        for most in range(_MOST, 0, -1):
            rows = _rows(answers, request, most, shows_all=False)
            *first, last = (max(map(len, column)) for column in zip(header, *rows, strict=True))
            room = _WIDTH - sum(first) - 2 * len(first)
            if last <= room:
                break
        rows = [line for row in rows for line in _lines_of_row(row, room)]
    if rows:
        yield table_text(header, rows)
    if any("?" in targets for *_, targets in rows):
        yield "?: beyond what was measured, or it is not known whether the call is accepted"
    if any(" more" in targets for *_, targets in rows):
        yield "and N more: modes of the same backend, which --all names"


def _lines_of_row(row: tuple[str, str, str], room: int) -> Iterator[tuple[str, str, str]]:
    """Yield a row, with the targets that do not fit into the room in lines below."""
    kind, text, targets = row
    for part in wrap(targets, max(room, _NARROWEST)):
        yield kind, text, part
        kind = text = ""


def _rows(
    answers: "Sequence[TargetSizes]", request: "SizeRequest", most: int, *, shows_all: bool
) -> list[tuple[str, str, str]]:
    groups: dict[tuple[str, str], list[TargetSizes]] = defaultdict(list)
    for answer in sorted(answers, key=lambda each: each.question.order[1:]):
        if answer.choices or shows_all:
            groups[_kind(answer), _answer(answer, request, most)].append(answer)
    order = list(dict.fromkeys(kind for kind, _ in groups))
    in_order = sorted(groups.items(), key=lambda item: (order.index(item[0][0]), -len(item[1])))
    return [
        (kind, text, _in_brief(alike, answers, names_modes=shows_all))
        for (kind, text), alike in in_order
    ]


def _nearest_lines(answers: "Sequence[TargetSizes]", request: "SizeRequest") -> Iterator[str]:
    """Yield which backends do not give the size, and the nearest sizes they give, or why none."""
    size = request.axis.o or 0
    for backend, of_backend in _by_backend(answers).items():
        if any(each.choices for each in of_backend):
            continue
        near = [(choice, _kind(each)) for each in of_backend for choice in each.nearest]
        below = max((pair for pair in near if pair[0].size < size), default=None,
                    key=lambda pair: pair[0].size)  # fmt: skip
        above = min((pair for pair in near if pair[0].size > size), default=None,
                    key=lambda pair: pair[0].size)  # fmt: skip
        texts = [
            f"  o={pair[0].size} with {pair[1]} where {_text(pair[0], request)}"
            for pair in (below, above)
            if pair
        ]
        if texts:
            yield f"{backend} does not give o={size}; the nearest:"
            yield from texts
        else:
            yield f"{backend} does not give o={size}:"
            yield from _reason_lines(of_backend)


def _reason_lines(answers: "Iterable[TargetSizes]") -> Iterator[str]:
    """Yield a line for each kind of call, with why it does not give the size."""
    unknown = "no such call is known"
    reasons = dict.fromkeys((_kind(each), each.reason or unknown) for each in answers)
    width = max((len(kind) for kind, _ in reasons), default=0)
    for kind, reason in reasons:
        yield f"  {kind.ljust(width)}  {reason}"
    if not reasons:
        yield "  no such call was measured"


def _kind(sizes: "TargetSizes") -> str:
    question = sizes.question
    words = ["p" if question.padding == "explicit" else f"padding={question.padding}"]
    return ", ".join([*words, *["op"] * question.op, *["o"] * question.o])


def _answer(sizes: "TargetSizes", request: "SizeRequest", most: int) -> str:
    if sizes.reason:
        return f"never: {sizes.reason}"
    texts = [_text(each, request) for each in sizes.choices[:most]]
    has_more = sizes.has_more or len(sizes.choices) > most
    return ", ".join([*texts, *["..."] * has_more]) or "never"


def _text(choice: "Choice", request: "SizeRequest") -> str:
    words = [f"i={_range(choice.i)}"]
    if choice.p is not None:
        first, last = choice.p
        words.append(_crop(request, first) if first == last else f"p={_range(choice.p)}")
    if choice.op is not None:
        words.append(f"op={_range(choice.op)}")
    return " ".join(words)


def _range(ends: tuple[int, int]) -> str:
    first, last = ends
    return str(first) if first == last else f"{first}..{last}"


def _in_brief(
    alike: "Iterable[TargetSizes]", every: "Iterable[TargetSizes]", *, names_modes: bool
) -> str:
    """Return targets by backend, with modes where not all of the backend answer so."""
    modes_of = {
        backend: {_name(each) for each in sizes} for backend, sizes in _by_backend(every).items()
    }
    texts: dict[str, str] = {}
    for backend, sizes in _by_backend(alike).items():
        names = {_name(each): all(e.is_known for e in each.choices) for each in sizes}
        mark = "?" * (not all(names.values()))
        if len(names) == len(modes_of[backend]) and len({*names.values()}) == 1:
            texts[backend] = backend + mark
        elif names_modes:
            modes = (name + "?" * (not is_known) for name, is_known in names.items())
            texts[backend] = f"{backend}:{'/'.join(modes)}"
        else:
            shortest = min(names, key=lambda name: (len(name), name))
            more = f" and {len(names) - 1} more" * (len(names) > 1)
            texts[backend] = f"{backend}:{shortest}{mark}{more}"
    return ", ".join(texts.values() if names_modes else _family_texts(texts, modes_of))


def _family_texts(texts: Mapping[str, str], backends: Iterable[str]) -> list[str]:
    """Return what is written of backends, once for those of a family that all answer alike.

    A family shares the word before the hyphen: keras-jax, keras-torch, ...
    """
    joined: dict[str, None] = {}
    for backend, text in texts.items():
        family, hyphen, _ = backend.partition("-")
        members = [each for each in backends if each.startswith(f"{family}-")]
        marks = {texts.get(each, "-").removeprefix(each) for each in members}
        is_one = hyphen and len(members) > 1 and marks in ({""}, {"?"})
        joined[f"{family}-*{''.join(marks)}" if is_one else text] = None
    return list(joined)


def _by_backend(answers: "Iterable[TargetSizes]") -> dict[str, list["TargetSizes"]]:
    groups: dict[str, list[TargetSizes]] = defaultdict(list)
    for answer in answers:
        groups[Target.from_text(answer.question.target).backend].append(answer)
    return groups


def _name(sizes: "TargetSizes") -> str:
    return Target.from_text(sizes.question.target).mode_and_device


def _record(sizes: "TargetSizes") -> dict[str, Any]:
    return {
        **sizes.question.to_dict(),
        "choices": [asdict(each) for each in sizes.choices],
        "has_more": sizes.has_more,
        "nearest": [asdict(each) for each in sizes.nearest],
        "reason": sizes.reason,
    }
