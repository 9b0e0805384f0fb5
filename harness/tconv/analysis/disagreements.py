"""Finds where two targets answer the same case differently, with the smallest example.

Only answers to the very same case are compared. Two answers agree where one window explains
both; an answer that several windows explain never makes a disagreement by itself.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from typing import Any, Final, Literal, Self

from tconv.analysis.atlas.question import Question
from tconv.model.case import Case
from tconv.model.window import Resolution

Kind = Literal["shape", "window", "acceptance"]

_ANSWERED: Final = frozenset({"resolved", "unresolved"})
_REFUSED: Final = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetAnswer:
    """What one target made of one case.

    Attributes:
        shape: the shape that came back, (n, c_out, *o); empty where the call was refused.
        windows: every window that explains it, as a row stores it; empty where none is known.
        error: the framework's words where it refused.
    """

    shape: tuple[int, ...] = ()
    windows: tuple[str, ...] = ()
    error: str = ""

    @property
    def is_refusal(self) -> bool:
        """Whether the target refused the call."""
        return not self.shape

    def __str__(self) -> str:
        if self.is_refusal:
            return "refused"
        size = f"o={'x'.join(map(str, self.shape[2:]))}"
        if len(self.windows) != 1:
            return size
        return f"{size} window {Resolution.from_text(self.windows[0])}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """Two targets that differ in what they make of one kind of case.

    Attributes:
        first: a target, `backend:mode@device`.
        second: another.
        asked: the kind of case, in words.
        kind: `shape`: other sizes; `window`: the same size, another window, so other numbers;
            `acceptance`: one computes what the other refuses.
        count: cases in which they differ in this way.
        common: cases that both were run on and could express.
        case: id of the smallest of these cases.
        answers: what each made of it.
    """

    first: str
    second: str
    asked: str
    kind: Kind
    count: int
    common: int
    case: str
    answers: tuple[TargetAnswer, TargetAnswer]

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Return what :meth:`to_dict` wrote."""
        first, second = (
            TargetAnswer(shape=tuple(a["shape"]), windows=tuple(a["windows"]), error=a["error"])
            for a in content["answers"]
        )
        return cls(**{**content, "answers": (first, second)})


def disagreements(rows: Iterable[Mapping[str, Any]]) -> tuple[Disagreement, ...]:
    """Return every disagreement between two targets, by question, targets and kind.

    Args:
        rows: rows of open cases with the columns of :mod:`tconv.analysis.atlas.observation` and
            `error_text`; those that a target could not express are ignored.
    """
    answers: dict[str, dict[str, dict[str, TargetAnswer]]] = {}  # by question, case and target
    for row in rows:
        answer = _answer(row)
        if answer is not None:
            words = replace(Question.from_row(row), ndim=None).words
            answers.setdefault(words, {}).setdefault(row["case"], {})[row["target"]] = answer
    return tuple(each for words in sorted(answers) for each in _between(words, answers[words]))


def _answer(row: Mapping[str, Any]) -> TargetAnswer | None:
    if row["suite"] != "open":
        return None
    if row["verdict"] in _ANSWERED:
        shape = row["observed_shape"] or row["inferred_shape"]
        listed = row["resolution"] or ()
        is_whole = len(listed) == row["resolutions"]
        return TargetAnswer(shape=tuple(shape), windows=tuple(listed) if is_whole else ())
    return TargetAnswer(error=row["error_text"] or "") if row["verdict"] == _REFUSED else None


def _between(words: str, cases: Mapping[str, Mapping[str, TargetAnswer]]) -> Iterator[Disagreement]:
    """Yield the disagreements of every pair of targets on one kind of question."""
    common: dict[tuple[str, str], int] = {}
    differing: dict[tuple[str, str, Kind], list[str]] = {}
    for case, answers in cases.items():
        for first, second in combinations(sorted(answers), 2):
            common[first, second] = common.get((first, second), 0) + 1
            kind = _difference(answers[first], answers[second])
            if kind:
                differing.setdefault((first, second, kind), []).append(case)
    for (first, second, kind), ids in sorted(differing.items()):
        smallest = min(ids, key=_size_order)
        yield Disagreement(
            first=first, second=second, asked=words, kind=kind, count=len(ids),
            common=common[first, second], case=smallest,
            answers=(cases[smallest][first], cases[smallest][second]),
        )  # fmt: skip


def _difference(first: TargetAnswer, second: TargetAnswer) -> Kind | None:
    """Return how two answers differ, None where they agree or that is not known."""
    if first.is_refusal or second.is_refusal:
        return None if first.is_refusal and second.is_refusal else "acceptance"
    if first.shape != second.shape:
        return "shape"
    are_known = bool(first.windows and second.windows)
    return "window" if are_known and not {*first.windows} & {*second.windows} else None


def _size_order(case_id: str) -> tuple[int, int, str]:
    """Return the sort key of cases, the smallest first: sum of sizes, length of the id, the id."""
    case = Case.from_id(case_id)
    sizes = (*case.i, *case.k, *case.s, *case.dilation, *(case.output_padding or ()))
    return case.ndim * 1000 + sum(sizes), len(case_id), case_id
