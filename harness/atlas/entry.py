"""One entry of the atlas: what a target does when it is asked a question, and how that is known."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Self

from harness.atlas.evidence import Evidence
from harness.atlas.inference import infer
from harness.atlas.observation import Observation
from harness.atlas.question import Question
from harness.atlas.rule import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A question, its rule, and what speaks for it.

    Attributes:
        question: what was asked, of which target.
        verdicts: number of rows by verdict.
        reason: the commonest reason of rows that were unsupported or rejected, empty without.
        rule: the rule, None where no row was resolved.
        evidence: what speaks for the rule; there exactly where the rule is.
    """

    question: Question
    verdicts: Mapping[str, int]
    reason: str = ""
    rule: Rule | None = None
    evidence: Evidence | None = None

    @classmethod
    def from_observation(cls, question: Question, seen: Observation) -> Self:
        """Return the entry with the rule that is inferred from what was seen."""
        found = infer(seen.points) if seen.merged else None
        rule, told = found or (None, None)
        reason = min(seen.reasons, key=lambda text: (-seen.reasons[text], text), default="")
        verdicts = dict(sorted(seen.verdicts.items()))
        return cls(question=question, verdicts=verdicts, reason=reason, rule=rule, evidence=told)

    @property
    def accepted(self) -> int:
        """Number of calls that computed something."""
        return self.verdicts.get("resolved", 0) + self.verdicts.get("unresolved", 0)

    def to_dict(self) -> dict[str, Any]:
        """Return the entry as JSON can hold it."""
        return {
            "question": self.question.to_dict(),
            "verdicts": dict(self.verdicts),
            "reason": self.reason,
            "rule": self.rule and self.rule.to_dict(),
            "evidence": self.evidence and self.evidence.to_dict(),
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Return what :meth:`to_dict` wrote.

        Raises:
            AtlasError: the rule uses a feature or a condition that this version lacks.
        """
        rule, told = content["rule"], content["evidence"]
        return cls(
            question=Question.from_dict(content["question"]),
            verdicts=content["verdicts"],
            reason=content["reason"],
            rule=None if rule is None else Rule.from_dict(rule),
            evidence=None if told is None else Evidence.from_dict(told),
        )


def entries(seen: Mapping[Question, Observation]) -> Iterator[Entry]:
    """Yield one entry per question: across numbers of axes, or one for each where they disagree.

    Args:
        seen: what was seen, sorted by question, numbers of axes apart.
    """
    across = groupby(seen.items(), key=lambda item: replace(item[0], ndim=None))
    for question, group in across:
        apart = dict(group)
        first, *rest = apart.values()
        together = Entry.from_observation(question, sum(rest, first))
        single = [Entry.from_observation(*each) for each in apart.items()] if rest else []
        yield from single if _is_better(single, together) else [together]


def _is_better(apart: list[Entry], together: Entry) -> bool:
    """Return whether rules of their own hold everywhere, and a rule for all does not."""
    told = [each.evidence for each in apart if each.evidence]
    everywhere = bool(told) and all(each.coverage == 1 for each in told)
    return everywhere and together.evidence is not None and together.evidence.coverage < 1
