"""One entry of the atlas: the rule of a target for one kind of open case, with its evidence."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from tconv.analysis.atlas.condition import Calls, Condition, Domain
from tconv.analysis.atlas.condition_inference import infer_condition
from tconv.analysis.atlas.evidence import Evidence, evidence, holding
from tconv.analysis.atlas.inference import infer
from tconv.analysis.atlas.observation import NATIVE, CallAxes, Observation
from tconv.analysis.atlas.observation_point import Point
from tconv.analysis.atlas.question import Question
from tconv.analysis.atlas.rule import Rule
from tconv.model.geometry import Axis, output_size

CALLS: Final = 3
"""Most calls that an entry names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A question, its rule and which calls are accepted, with the evidence for both.

    Attributes:
        question: the kind of case, and the target.
        verdicts: number of rows by verdict.
        reason: the commonest reason of rows that were unsupported or rejected, or empty.
        calls: the framework's calls that were resolved, the commonest first, :data:`CALLS` at most.
        rule: the rule, None where no row was resolved.
        like: the target that the rule was inferred from, where that is another: a mode that is only
            sampled follows a rule of its backend, if that holds at each of its points.
        evidence: the evidence for the rule; None exactly where the rule is.
        domain: where the question was measured, which limits what is known of it.
        acceptance: which calls compute something; None where no condition separates them from
            those that were refused.
        routes: where the padding is given in numbers, the steps that are added to the framework's
            own call, the commonest first (:data:`tconv.analysis.atlas.observation.NATIVE`: none),
            each with the condition that separates its calls from those of the steps after it.
    """

    question: Question
    verdicts: Mapping[str, int]
    reason: str = ""
    calls: tuple[str, ...] = ()
    rule: Rule | None = None
    evidence: Evidence | None = None
    like: str = ""
    domain: Domain | None = None
    acceptance: Condition | None = None
    routes: Mapping[str, Condition | None] = field(default_factory=dict)

    @classmethod
    def from_observation(cls, question: Question, observation: Observation) -> Self:
        """Return the entry with the rule that is inferred from the observation."""
        inferred = infer(observation.points) if observation.merged else None
        rule, support = inferred or (None, None)
        reasons = observation.reasons
        reason = min(reasons, key=lambda text: (-reasons[text], text), default="")
        calls = sorted(observation.calls, key=lambda call: (-observation.calls[call], call))
        entry = cls(
            question=question, verdicts=dict(sorted(observation.verdicts.items())), reason=reason,
            calls=tuple(calls[:CALLS]), rule=rule, evidence=support,
        )  # fmt: skip
        return entry._with_acceptance(observation)

    def _with_acceptance(self, seen: Observation) -> Self:
        """Return the entry with what was seen of acceptance.

        Where nothing separates all calls, one axis alone may be simple: the domain is then that.
        """
        every = list({**seen.accepted, **seen.refused})
        if not every or seen.deviating or seen.accepted.keys() & seen.refused.keys():
            return replace(self, domain=Domain.from_calls(every) if every else None)
        every_ndim = self._measured(seen, {*map(len, every)})
        if every_ndim.acceptance and every_ndim.acceptance.is_sufficient:
            return every_ndim
        single = self._measured(seen, {1})
        if single.acceptance and single.acceptance.is_sufficient:
            return single
        return every_ndim

    def _measured(self, seen: Observation, ndims: Collection[int]) -> Self:
        """Return the entry with what was seen of the acceptance of calls of so many axes."""
        accepted = {axes: step for axes, step in seen.accepted.items() if len(axes) in ndims}
        refused = {axes: why for axes, why in seen.refused.items() if len(axes) in ndims}
        if not accepted and not refused:
            return self
        return replace(
            self,
            domain=Domain.from_calls([*accepted, *refused]),
            acceptance=infer_condition(list(accepted), refused, self._sizes),
            routes=_routes(accepted, self._sizes) if self.question.is_numeric else {},
        )

    def _sizes(self, axes: Sequence[Axis]) -> NDArray[np.int64] | None:
        """Return the size by the rule on each axis, None where it is not known everywhere."""
        if self.question.is_explicit:
            return np.array([output_size(axis) for axis in axes], dtype=np.int64)
        if self.rule is None or self.evidence is None or self.evidence.coverage < 1:
            return None
        return self.rule.of(axes)[0]

    def calls_of(self, axes: CallAxes) -> Calls:
        """Return one call as conditions read it."""
        return Calls([axes], self._sizes(axes))

    def accepts(self, axes: CallAxes) -> bool | None:
        """Return whether the target computes a call of the question, None where it is not known.

        It is known within the domain, where a condition was inferred and verified.

        Args:
            axes: the parameters of each axis.
        """
        return self.accepts_each([axes])[0]

    def accepts_each(self, calls: Sequence[CallAxes]) -> list[bool | None]:
        """Return for each call, at least one, what :meth:`accepts` says; all at once is quicker."""
        if self.acceptance is None or not self.acceptance.is_sufficient or self.domain is None:
            return [None] * len(calls)
        sizes = self._sizes([axis for axes in calls for axis in axes])
        accepted = self.acceptance.of(Calls(calls, sizes)).tolist()
        return [
            None if any(self.domain.outside(axes)) else is_accepted
            for axes, is_accepted in zip(calls, accepted, strict=True)
        ]

    def route(self, axes: CallAxes) -> str | None:
        """Return the step that is added to reach an accepted explicit call, None: not known."""
        for step, condition in self.routes.items():
            if condition is None or (condition.refused and not condition.is_sufficient):
                return None
            if condition.of(self.calls_of(axes))[0]:
                return step
        return None

    @property
    def accepted(self) -> int:
        """Number of calls that computed something."""
        return sum(self.verdicts.get(name, 0) for name in ("resolved", "unresolved", "match"))

    @property
    def refusals(self) -> str:
        """How many calls were refused or not supported, in words; empty for none.

        A rule is about the calls that were accepted; it does not say which ones are.
        """
        count = self.verdicts.get("rejected", 0) + self.verdicts.get("unsupported", 0)
        if not count:
            return ""
        words = f"{count} of {count + self.accepted} such calls were refused or not supported"
        return f"{words}, for example: {self.reason}" if self.reason else words

    def to_dict(self) -> dict[str, Any]:
        """Return the entry as JSON can hold it."""
        return {
            "question": self.question.to_dict(),
            "verdicts": dict(self.verdicts),
            "reason": self.reason,
            "calls": list(self.calls),
            "rule": self.rule and self.rule.to_dict(),
            "evidence": self.evidence and self.evidence.to_dict(),
            "like": self.like,
            "domain": self.domain and self.domain.to_dict(),
            "acceptance": self.acceptance and self.acceptance.to_dict(),
            "routes": {step: each and each.to_dict() for step, each in self.routes.items()},
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Return what :meth:`to_dict` wrote.

        Raises:
            AtlasError: the rule uses a feature or a condition that this version lacks.
        """
        rule, support = content["rule"], content["evidence"]
        domain, acceptance = content["domain"], content["acceptance"]
        return cls(
            question=Question.from_dict(content["question"]),
            verdicts=content["verdicts"],
            reason=content["reason"],
            calls=tuple(content["calls"]),
            rule=None if rule is None else Rule.from_dict(rule),
            evidence=None if support is None else Evidence.from_dict(support),
            like=content["like"],
            domain=None if domain is None else Domain.from_dict(domain),
            acceptance=None if acceptance is None else Condition.from_dict(acceptance),
            routes={
                step: None if each is None else Condition.from_dict(each)
                for step, each in content["routes"].items()
            },
        )


def _routes(
    accepted: Mapping[CallAxes, str],
    size_of: Callable[[Sequence[Axis]], NDArray[np.int64] | None],
) -> dict[str, Condition | None]:
    """Return each step that was added, the framework's call alone first, with its condition."""
    left, routes = dict(accepted), dict[str, Condition | None]()
    counts = Counter(accepted.values())
    for step in sorted(counts, key=lambda each: (each != NATIVE, -counts[each], each)):
        with_another = {axes: "" for axes, other in left.items() if other != step}
        left = {axes: other for axes, other in left.items() if other != step}
        own = [axes for axes, other in accepted.items() if other == step]
        routes[step] = infer_condition(own, with_another, size_of)
    return routes


def entries(seen: Mapping[Question, Observation]) -> Iterator[Entry]:
    """Yield one entry per question: across numbers of axes, or one for each where they disagree.

    Args:
        seen: what was seen, sorted by question, numbers of axes apart.
    """
    answered = [pair for group in _by_question(seen) for pair in _entries_of(group)]
    sufficient = [
        entry
        for entry, _ in sorted(answered, key=lambda each: -len(each[1]))
        if entry.evidence and entry.evidence.is_sufficient
    ]
    for entry, points in answered:
        yield _with_sibling_rule(entry, points, sufficient)


def _by_question(seen: Mapping[Question, Observation]) -> Iterator[dict[Question, Observation]]:
    """Yield what was seen of one question, by number of axes."""
    for _, group in groupby(seen.items(), key=lambda item: replace(item[0], ndim=None)):
        yield dict(group)


def _entries_of(apart: Mapping[Question, Observation]) -> list[tuple[Entry, list[Point]]]:
    """Return the entry of a question with its points, or one for each number of axes."""
    (question, first), *more = apart.items()
    both = sum((seen for _, seen in more), first)
    together = Entry.from_observation(replace(question, ndim=None), both)
    single = [(Entry.from_observation(*each), each[1].points) for each in apart.items() if more]
    is_better = _is_better([entry for entry, _ in single], together)
    return single if is_better else [(together, both.points)]


def _with_sibling_rule(entry: Entry, points: Sequence[Point], sufficient: Iterable[Entry]) -> Entry:
    """Return the entry, with the rule of a sibling where its own points are too few for one."""
    if entry.rule is None or entry.evidence is None or entry.evidence.is_sufficient:
        return entry
    for other in sufficient:
        if not entry.question.is_sibling_of(other.question) or other.rule is None:
            continue
        knows_less = other.rule.begin is None and entry.rule.begin is not None  # sizes alone
        if not knows_less and holding(other.rule, points).all():
            support = evidence(other.rule, points, ())
            return replace(entry, rule=other.rule, evidence=support, like=other.question.target)
    return entry


def _is_better(apart: list[Entry], together: Entry) -> bool:
    """Return whether rules of their own hold everywhere, and a rule for all does not."""
    supports = [each.evidence for each in apart if each.evidence]
    everywhere = bool(supports) and all(each.coverage == 1 for each in supports)
    return everywhere and together.evidence is not None and together.evidence.coverage < 1
