"""One case that targets answered differently: who answered what, and a drawing of the answers."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Final

from tconv.analysis.compatibility import Compatibility
from tconv.analysis.disagreements import Disagreement, Kind, TargetAnswer
from tconv.model.case import Case
from tconv.model.geometry import Axis
from tconv.model.window import Resolution, Window
from tconv.report.compatibility_md import KINDS, asked, in_brief
from tconv.report.html.diagram import MOST, WIDEST, diagram

LETTERS: Final = ascii_uppercase
"""What stands for an answer in a drawing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """A case and the answers that differ.

    Attributes:
        kind: in what they differ.
        asked: the case, as the command line reads it.
        answers: letter, answer and who gave it.
        drawing: the answers as SVG; empty where they are no windows, or too wide to be drawn.
    """

    kind: Kind
    asked: str
    answers: tuple[tuple[str, TargetAnswer, str], ...]
    drawing: str

    @property
    def words(self) -> str:
        """In what the answers differ, for people."""
        return KINDS[self.kind]


def disputes(compatibility: Compatibility) -> tuple[Dispute, ...]:
    """Return the smallest case of every disagreement: the most dangerous kind, the short first."""
    met: dict[tuple[int, int, str, str], list[Disagreement]] = defaultdict(list)
    for each in compatibility.disagreements:
        met[list(KINDS).index(each.kind), len(each.case), each.case, each.asked].append(each)
    return tuple(
        _dispute(compatibility, found, f"dispute{at}")
        for at, (_, found) in enumerate(sorted(met.items()), 1)
    )


def _dispute(compatibility: Compatibility, found: list[Disagreement], name: str) -> Dispute:
    given: dict[TargetAnswer, dict[str, None]] = defaultdict(dict)
    for each in found:
        for target, answer in zip((each.first, each.second), each.answers, strict=True):
            given[answer][target] = None
    case = Case.from_id(found[0].case)
    answers = sorted(given, key=lambda answer: (answer.is_refusal, str(answer)))
    told = [
        (letter, answer, in_brief(compatibility, sorted(given[answer])))
        for letter, answer in zip(LETTERS, answers, strict=False)
    ]
    return Dispute(
        kind=found[0].kind,
        asked=asked(case.id),
        answers=tuple(told),
        drawing=_drawn(case, told, name),
    )


def _drawn(case: Case, answers: list[tuple[str, TargetAnswer, str]], name: str) -> str:
    """Return a drawing of the first axis on which the answers differ."""
    windows = {
        letter: Resolution.from_text(answer.windows[0]).axes
        for letter, answer, _ in answers
        if len(answer.windows) == 1
    }
    axis = next((at for at in range(case.ndim) if len({w[at] for w in windows.values()}) > 1), None)
    if axis is None:
        return ""
    reach = case.axes[axis]
    shown = {letter: axes[axis] for letter, axes in windows.items()}
    if not _fits(reach, shown.values()):
        return ""
    return diagram(reach, {k: (w.begin, w.end) for k, w in shown.items()}, name=name)


def _fits(reach: Axis, windows: Collection[Window]) -> bool:
    """Return whether a drawing can hold the windows."""
    added = max(0, *(-w.begin for w in windows)) + max(0, *(-w.end for w in windows))
    is_empty = any(w.begin + w.end >= reach.full for w in windows)
    return reach.i <= MOST and reach.full + added <= WIDEST and not is_empty
