"""Draws the windows that disagreeing targets keep of one full result, and lists who keeps which.

The drawing is inline SVG that takes its colours from the page's style. Inputs reach elements of the
full result, which are darker where more inputs add up; a bracket shows what each answer keeps.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Final

from tconv.analysis.compatibility import Compatibility
from tconv.analysis.disagreements import Disagreement, Kind, TargetAnswer
from tconv.model.case import Case
from tconv.model.geometry import Axis
from tconv.model.window import Resolution, Window
from tconv.report.compatibility_md import KINDS, in_brief, question_words
from tconv.report.output import render

LETTERS: Final = ascii_uppercase
"""The letter of each answer in a drawing."""

MOST: Final = 10
"""Most inputs that are drawn; with more, the lines are unreadable."""

WIDEST: Final = 60
"""Most elements that are drawn: the full result, and zeros added to it."""

_CELL: Final = 24  # side of a square, CSS pixels
_MARGIN: Final = 82  # left of the squares, for the words that name a row
_LETTER: Final = 6.6  # width that a letter takes at most, on average


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnDisagreement:
    """A case and the answers that differ.

    Attributes:
        kind: how they differ.
        case: the case, as the command line reads it.
        answers: letter, answer and who gave it.
        drawing: the answers as SVG; empty where they are no windows, or too wide to be drawn.
    """

    kind: Kind
    case: str
    answers: tuple[tuple[str, TargetAnswer, str], ...]
    drawing: str

    @property
    def words(self) -> str:
        """How the answers differ, in words."""
        return KINDS[self.kind]


def drawn_disagreements(compatibility: Compatibility) -> tuple[DrawnDisagreement, ...]:
    """Return the smallest case of every disagreement: the most dangerous kind, the short first."""
    by_case: dict[tuple[int, int, str, str], list[Disagreement]] = defaultdict(list)
    for disagreement in compatibility.disagreements:
        kind, case = list(KINDS).index(disagreement.kind), disagreement.case
        by_case[kind, len(case), case, disagreement.asked].append(disagreement)
    return tuple(
        _drawn(compatibility, disagreements, f"disagreement{at}")
        for at, (_, disagreements) in enumerate(sorted(by_case.items()), 1)
    )


def _drawn(
    compatibility: Compatibility, disagreements: list[Disagreement], name: str
) -> DrawnDisagreement:
    targets: dict[TargetAnswer, dict[str, None]] = defaultdict(dict)
    for one in disagreements:
        for target, answer in zip((one.first, one.second), one.answers, strict=True):
            targets[answer][target] = None
    case = Case.from_id(disagreements[0].case)
    ordered = sorted(targets, key=lambda answer: (answer.is_refusal, str(answer)))
    answers = tuple(
        (letter, answer, in_brief(compatibility, sorted(targets[answer])))
        for letter, answer in zip(LETTERS, ordered, strict=False)
    )
    return DrawnDisagreement(
        kind=disagreements[0].kind, case=question_words(case.id), answers=answers,
        drawing=_drawing(case, answers, name),
    )  # fmt: skip


def _drawing(case: Case, answers: Iterable[tuple[str, TargetAnswer, str]], name: str) -> str:
    """Return a drawing of the first axis on which the answers differ, empty where none can be."""
    windows = {
        letter: Resolution.from_text(answer.windows[0]).axes
        for letter, answer, _ in answers
        if len(answer.windows) == 1
    }
    axis = next((at for at in range(case.ndim) if len({w[at] for w in windows.values()}) > 1), None)
    if axis is None:
        return ""
    return diagram(case.axes[axis], {who: axes[axis] for who, axes in windows.items()}, name=name)


def diagram(axis: Axis, windows: Mapping[str, Window], *, name: str) -> str:
    """Return a drawing as an inline SVG element; empty where the axis is too large to be drawn.

    Args:
        axis: what is drawn.
        windows: who -> what is cut off the full result. Drawn from the top in this order.
        name: start of the ids inside the drawing: a letter first, unique on its page.
    """
    start = min(0, *(window.begin for window in windows.values()))
    stop = axis.full - min(0, *(window.end for window in windows.values()))
    is_empty = any(window.begin + window.end >= axis.full for window in windows.values())
    if not 1 <= axis.i <= MOST or stop - start > WIDEST or is_empty:
        return ""
    captions = [_caption(axis, who, window) for who, window in windows.items()]
    reached = reached_elements(axis)
    words = max(map(len, captions)) * _LETTER
    content = {
        "name": name, "axis": axis, "windows": windows, "captions": captions, "reached": reached,
        "sums": Counter(element for elements in reached for element in elements),
        "span": range(start, stop), "cell": _CELL, "margin": _MARGIN,
        "width": f"{_MARGIN + max((stop - start) * _CELL, words) + 4:g}",
    }  # fmt: skip
    return render("html/diagram.svg.j2", content)


def reached_elements(axis: Axis) -> list[list[int]]:
    """Return for each input the elements of the full result that it adds to, one per tap."""
    return [[axis.s * i + axis.d * tap for tap in range(axis.k)] for i in range(axis.i)]


def _caption(axis: Axis, who: str, window: Window) -> str:
    """Return a window in words, as in `torch: size 5, crops 1 at the start and 1 at the end.`."""
    sides = [
        ("crops" if size > 0 else "adds", f"{abs(size)} at the {side}")
        for size, side in ((window.begin, "start"), (window.end, "end"))
        if size
    ]
    changes = [" ".join(side) for side in sides] or ["keeps all"]
    if len(sides) == 2 and sides[0][0] == sides[1][0]:
        changes[1] = sides[1][1]  # the verb serves both
    return f"{who}: size {axis.full - window.begin - window.end}, {' and '.join(changes)}."
