"""One entry of the atlas: the rule of a target for one kind of open case, with its evidence."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Final, Self

from tconv.analysis.atlas.evidence import Evidence, evidence, holding
from tconv.analysis.atlas.inference import infer
from tconv.analysis.atlas.observation import Observation
from tconv.analysis.atlas.observation_point import Point
from tconv.analysis.atlas.question import Question
from tconv.analysis.atlas.rule import Rule

CALLS: Final = 3
"""Most calls that an entry names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A question, its rule, and the evidence for it.

    Attributes:
        question: the kind of case, and the target.
        verdicts: number of rows by verdict.
        reason: the commonest reason of rows that were unsupported or rejected, or empty.
        calls: the framework's calls that were resolved, the commonest first, :data:`CALLS` at most.
        rule: the rule, None where no row was resolved.
        like: the target that the rule was inferred from, where that is another: a mode that is only
            sampled follows a rule of its backend, if that holds at each of its points.
        evidence: the evidence for the rule; None exactly where the rule is.
    """

    question: Question
    verdicts: Mapping[str, int]
    reason: str = ""
    calls: tuple[str, ...] = ()
    rule: Rule | None = None
    evidence: Evidence | None = None
    like: str = ""

    @classmethod
    def from_observation(cls, question: Question, observation: Observation) -> Self:
        """Return the entry with the rule that is inferred from the observation."""
        inferred = infer(observation.points) if observation.merged else None
        rule, support = inferred or (None, None)
        reasons = observation.reasons
        reason = min(reasons, key=lambda text: (-reasons[text], text), default="")
        calls = sorted(observation.calls, key=lambda call: (-observation.calls[call], call))
        return cls(
            question=question, verdicts=dict(sorted(observation.verdicts.items())), reason=reason,
            calls=tuple(calls[:CALLS]), rule=rule, evidence=support,
        )  # fmt: skip

    @property
    def accepted(self) -> int:
        """Number of calls that computed something."""
        return self.verdicts.get("resolved", 0) + self.verdicts.get("unresolved", 0)

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
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Return what :meth:`to_dict` wrote.

        Raises:
            AtlasError: the rule uses a feature or a condition that this version lacks.
        """
        rule, support = content["rule"], content["evidence"]
        return cls(
            question=Question.from_dict(content["question"]),
            verdicts=content["verdicts"],
            reason=content["reason"],
            calls=tuple(content["calls"]),
            rule=None if rule is None else Rule.from_dict(rule),
            evidence=None if support is None else Evidence.from_dict(support),
            like=content["like"],
        )


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
