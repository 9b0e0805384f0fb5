"""Which input sizes and paddings give a wanted output size: by arithmetic, and by each rule.

The arithmetic is o = s(i-1) + K - p_begin - p_end + op (Dumoulin & Visin, arXiv:1603.07285,
relationship 14 with K for k), over what is legal: 0 <= p <= K-1 and 0 <= op < s. For each p there
is one i and one op, so nothing has to be searched. Rules are solved by :mod:`.solver`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice, product
from math import gcd
from typing import Final

from tconv.analysis.atlas.condition import Calls, Condition
from tconv.analysis.atlas.entry import Entry
from tconv.analysis.atlas.observation import NATIVE
from tconv.analysis.atlas.question import EXPLICIT, Question
from tconv.analysis.atlas.request import SizeRequest
from tconv.analysis.atlas.solver import Range, Solution, solutions
from tconv.errors import PredicateError
from tconv.model.geometry import Axis, effective_kernel

_TRIALS: Final = 8  # solutions beside those that are listed, to find the nearest sizes

_UNKNOWN: Final = re.compile(r"\b(i|o|op|p_begin|p_end|o_requested)\b")
_FEW: Final = 4
_EXPLICIT: Final = "s*(i - 1) + K - p_begin - p_end + op"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class ExplicitChoice:
    """Explicit parameters that give a wanted size.

    Attributes:
        p: crop at both ends, elements; at the start where the two differ.
        op: output padding, elements.
        i: input size, elements.
    """

    p: int
    op: int
    i: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplicitChoices:
    """Every legal choice of i, p and op that gives a wanted size: one for each p of a progression.

    Attributes:
        request: what is wanted.
        first: the smallest p.
        step: from one p to the next.
        count: number of choices.
    """

    request: SizeRequest
    first: int
    step: int
    count: int

    @classmethod
    def from_request(cls, request: SizeRequest) -> "ExplicitChoices":
        """Return the choices that leave as it is what the request has decided."""
        axis, extent = request.axis, effective_kernel(request.axis.k, request.axis.d)
        s, surplus = axis.s, (axis.o or 0) - extent  # s(i-1) + op - 2p
        low, high, start, step = 0, extent - 1, 0, 1
        none = cls(request=request, first=0, step=1, count=0)
        if request.padding not in {None, EXPLICIT}:
            return none
        if "p" in request.decided:
            if min(axis.p_begin, axis.p_end) < 0 or max(axis.p_begin, axis.p_end) >= extent:
                return none
            surplus += axis.p_begin + axis.p_end  # and p, which stands for more, is 0
            high = 0
        low = max(low, -(surplus // 2))
        if "i" in request.decided:
            least = s * (axis.i - 1) - surplus  # of 2p - op, which is below s
            low, high = max(low, -(-least // 2)), min(high, (least + s - 1) // 2)
        if "op" in request.decided:
            step = s // gcd(s, 2)
            excess = axis.extra - surplus  # 2p by the modulus s
            if axis.extra not in range(s) or excess % gcd(s, 2):
                return none
            start = excess // 2 if s % 2 == 0 else excess * (s + 1) // 2
        first = low + (start - low) % step
        count = max((high - first) // step + 1, 0)
        return cls(request=request, first=first, step=step, count=count)

    def __getitem__(self, at: int) -> ExplicitChoice:
        """Return the choice with the p at this place, from 0 to count - 1."""
        axis, p = self.request.axis, self.first + at * self.step
        is_decided = "p" in self.request.decided
        crop = axis.p_begin + axis.p_end if is_decided else 2 * p
        size = (axis.o or 0) - effective_kernel(axis.k, axis.d) + crop
        return ExplicitChoice(
            i=size // axis.s + 1, op=size % axis.s, p=axis.p_begin if is_decided else p
        )

    def first_ones(self, most: int) -> list[ExplicitChoice]:
        """Return the first choices, at most so many."""
        return [self[at] for at in range(min(most, self.count))]

    def usual(self) -> list[ExplicitChoice]:
        """Return the few choices that people want: with the smallest p and op, and o = s*i."""
        if self.count <= _FEW:
            return self.first_ones(_FEW)
        axis, decided = self.request.axis, self.request.decided
        wishes = [({"op"}, replace(axis, op=op)) for op in (0, 1)]
        if (axis.o or 0) % axis.s == 0:
            wishes.append(({"i"}, replace(axis, i=(axis.o or 0) // axis.s)))
        choices = self.first_ones(3)
        for names, wish in wishes:
            if not names & decided:
                request = replace(self.request, axis=wish, decided=decided | names)
                choices += ExplicitChoices.from_request(request).first_ones(1)
        return sorted(set(choices))


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Choice:
    """Calls of one kind that give a size.

    Attributes:
        size: the size.
        p: least and largest crop, at both ends, or at the start where the two differ; None: a
            padding policy is given.
        op: least and largest output padding, None: not given.
        i: least and largest input size.
        is_known: whether the target accepts them, as measured; else the rule is all that is known.
    """

    size: int
    p: Range | None
    op: Range | None
    i: Range
    is_known: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetSizes:
    """What a target gives for one kind of call.

    Attributes:
        question: the kind of call, and the target.
        choices: calls that give the wanted size, those with the smallest p and op first.
        has_more: whether there are more.
        nearest: where there are none, calls that give the next smaller and the next larger size.
        reason: why neither is known, in words; else empty.
    """

    question: Question
    choices: tuple[Choice, ...] = ()
    has_more: bool = False
    nearest: tuple[Choice, ...] = ()
    reason: str = ""


def target_sizes(
    entries: Iterable[Entry], request: SizeRequest, *, most: int = 3
) -> Iterator[TargetSizes]:
    """Yield what each target gives for each kind of call that the request leaves possible.

    Only rules that hold wherever they were measured are used, and only calls that the target
    accepts, as far as that is known. A call with a requested size is left out where the target
    has a call without one, unless i is decided.

    Args:
        entries: the rules.
        request: what is wanted.
        most: choices that are listed for each.
    """
    by_formula: dict[tuple[str, bool, bool, bool], _Solved] = {}
    for of_target in _by_target(entries).values():
        is_numbered = any(map(_takes_numbers, of_target))
        is_sized = "i" in request.decided or not any(e.rule and not e.question.o for e in of_target)
        for entry in of_target:
            question = entry.question
            if not _is_possible(question, request) or (question.o and not is_sized):
                continue
            if reason := _unusable(entry, is_numbered=is_numbered):
                yield TargetSizes(question=question, reason=reason)
                continue
            formula = _formula(entry, request)
            solved = by_formula.setdefault(
                (formula, question.padding == EXPLICIT, question.op, question.o),
                _Solved(_solutions(formula, question, request)),
            )
            yield _sizes(entry, request, solved, most)


class _Solved:
    """The solutions of a rule, which is solved once for all targets that follow it."""

    def __init__(self, source: Iterator[Solution]) -> None:
        self._source = source
        self._seen: list[Solution] = []

    def __iter__(self) -> Iterator[Solution]:
        yield from self._seen
        for solution in self._source:
            self._seen.append(solution)
            yield solution


def _by_target(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(entry.question.target, []).append(entry)
    return groups


def _takes_numbers(entry: Entry) -> bool:
    """Return whether the target computed a call with a crop in numbers, other than none."""
    question, evidence = entry.question, entry.evidence
    if question.padding != EXPLICIT or evidence is None:
        return False
    ranges = (evidence.fitted_range.get(name, (0, 0)) for name in ("p_begin", "p_end"))
    return any(ends != (0, 0) for ends in ranges)


def _is_possible(question: Question, request: SizeRequest) -> bool:
    is_given = request.axis.op is not None
    return (
        not (question.o and question.op)
        and question.ndim in {None, 1}
        and request.padding in {None, question.padding}
        and ("op" not in request.decided or question.op == is_given)
    )


def _unusable(entry: Entry, *, is_numbered: bool) -> str:
    """Return why nothing is known of the sizes of an entry's calls, empty where something is."""
    question, acceptance = entry.question, entry.acceptance
    if question.padding == EXPLICIT and not is_numbered:
        return "no argument for a padding in numbers"
    if acceptance is not None and not acceptance.accepted:
        return acceptance.reason or entry.reason or "every such call was refused"
    if question.is_explicit:
        is_composed = entry.routes and NATIVE not in entry.routes
        return "a crop has to be added to every such call" if is_composed else ""
    if entry.rule is None or entry.evidence is None:
        return entry.reason or "it computed no such call"
    if question.o and acceptance is None:
        return "it is not known which sizes it accepts"
    return "" if entry.evidence.coverage == 1 else "no rule holds for its sizes"


def _sizes(
    entry: Entry, request: SizeRequest, solved: Iterable[Solution], most: int
) -> TargetSizes:
    size = request.axis.o or 0
    choices: list[Choice] = []
    nearest: dict[bool, Choice] = {}
    try:
        for solution in islice(solved, most + _TRIALS):
            if solution.size < 1 or (choices and solution.size != size):
                break
            choice = _choice(entry, request, solution)
            if choice.size == size:
                choices.append(choice)
            else:
                nearest.setdefault(choice.size > size, choice)
            if len(choices) > most or len(nearest) == 2:
                break
    except PredicateError as error:
        return TargetSizes(question=entry.question, reason=str(error))
    return TargetSizes(
        question=entry.question,
        choices=tuple(choices[:most]),
        has_more=len(choices) > most,
        nearest=() if choices else tuple(nearest[side] for side in sorted(nearest)),
        reason="" if choices or nearest else _refusal(entry, request),
    )


def _refusal(entry: Entry, request: SizeRequest) -> str:
    """Return which conditions k, s and d break, whatever the others are; empty for none."""
    call = Calls([(request.axis,)])
    broken = [
        " or ".join(clause.conditions)
        for condition in _conditions(entry)
        for clause in condition.clauses
        if not _UNKNOWN.search(" ".join(clause.conditions)) and not clause.holds(call)[0]
    ]
    return f"accepted only where {' and '.join(broken)}" if broken else ""


def _formula(entry: Entry, request: SizeRequest) -> str:
    """Return the rule for the size of calls that the target accepts by one call of its own; or -1.

    Where both crops are one unknown, it is p.
    """
    rule = _EXPLICIT if entry.rule is None else str(entry.rule.size)
    clauses = [
        " or ".join(f"({text})" for text in clause.conditions)
        for condition in _conditions(entry)
        for clause in condition.clauses
    ]
    if clauses:
        accepted = re.sub(r"\bo\b", f"({rule})", " and ".join(f"({text})" for text in clauses))
        rule = f"({rule}) if {accepted} else -1"
    is_even = entry.question.padding == EXPLICIT and "p" not in request.decided
    return re.sub(r"\bp_(begin|end)\b", "p", rule) if is_even else rule


def _conditions(entry: Entry) -> list[Condition]:
    """Return the conditions, as far as known, of one call of the target's own that computes."""
    route = entry.routes.get(NATIVE) if entry.question.is_explicit else None
    return [each for each in (entry.acceptance, route) if each is not None]


def _solutions(formula: str, question: Question, request: SizeRequest) -> Iterator[Solution]:
    """Yield the solutions of a formula for what is not decided, in p, op and i."""
    axis, decided = request.axis, request.decided
    extent = effective_kernel(axis.k, axis.d)
    size = axis.o or 0
    d_max = axis.d if axis.k > 1 else 1
    constants = {"k": axis.k, "s": axis.s, "d": axis.d, "K": extent, "ndim": 1, "d_max": d_max}
    unknowns = {}
    if question.padding != EXPLICIT or "p" in decided:
        constants |= {"p_begin": axis.p_begin, "p_end": axis.p_end}
    else:
        unknowns["p"] = (0, extent - 1)
    if question.op:
        unknowns["op"] = (axis.extra,) * 2 if "op" in decided else (0, axis.s - 1)
    if question.o:
        constants["o_requested"] = size
    unknowns["i"] = (axis.i,) * 2 if "i" in decided else (1, size + 2 * extent + axis.s)
    yield from solutions(formula, constants, unknowns, size)


def _choice(entry: Entry, request: SizeRequest, solution: Solution) -> Choice:
    box = solution.unknowns
    crop = box.get("p", (request.axis.p_begin,) * 2)
    return Choice(
        size=solution.size,
        p=crop if entry.question.padding == EXPLICIT else None,
        op=box.get("op"),
        i=box["i"],
        is_known=all(
            _is_known(entry, _axis(entry.question, request, dict(zip(box, corner, strict=True))))
            for corner in product(*box.values())
        ),
    )


def _axis(question: Question, request: SizeRequest, values: Mapping[str, int]) -> Axis:
    """Return the axis of a call of the question."""
    crop = {"p_begin": values["p"], "p_end": values["p"]} if "p" in values else {}
    op = values["op"] if question.op else None
    o = request.axis.o if question.o else None
    return replace(request.axis, o=o, op=op, i=values["i"], **crop)


def _is_known(entry: Entry, axis: Axis) -> bool:
    """Return whether such a call was measured to be accepted, and to follow the rule."""
    conditions = [entry.acceptance]
    if entry.question.is_explicit:
        conditions.append(entry.routes.get(NATIVE))
    is_sufficient = all(each is not None and each.is_sufficient for each in conditions)
    outside = [*(entry.evidence.outside(axis) if entry.evidence else ())]
    return is_sufficient and entry.domain is not None and not [
        *outside, *entry.domain.outside((axis,)),
    ]  # fmt: skip
