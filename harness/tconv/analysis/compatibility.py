"""What one run shows of how frameworks resolve open cases: the content of the published file.

Rules alone do not tell a reader what to beware of, so the file also holds where targets disagree,
and which published statements about them are true.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, Final, Self

from tconv.analysis.atlas.atlas import Atlas, MeasuredRun
from tconv.analysis.atlas.observation import NATIVE
from tconv.analysis.claims.document import Claims
from tconv.analysis.claims.results import ClaimResult, claim_results
from tconv.analysis.disagreements import Disagreement, TargetAnswer, disagreements
from tconv.errors import AtlasError
from tconv.model.policies import DEFINED
from tconv.model.target import Selection

Rows = Callable[[], Iterable[Mapping[str, Any]]]
"""Returns the rows of a run; called once for each pass over them."""

_ERROR: Final = 160  # characters of a framework's error that are kept
NO_CLAIMS: Final = Claims(claims=(), laws=())
"""No claims to check."""


@dataclass(frozen=True, kw_only=True)
class PolicyRoutes:
    """How a target reaches a policy that is defined by what it computes.

    Attributes:
        target: the target.
        policy: one of :data:`tconv.model.policies.DEFINED`.
        steps: what is added to its call where it is right, the commonest first;
            :data:`tconv.analysis.atlas.observation.NATIVE`: nothing.
    """

    target: str
    policy: str
    steps: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Compatibility:
    """The rules of every target, and how they compare.

    Attributes:
        atlas: the rules.
        policies: how policies that are defined here are reached, by target and policy.
        disagreements: where targets differ, once for each two of :attr:`agreeing_groups`.
        claims: published statements with what is true of them.
    """

    atlas: Atlas
    disagreements: tuple[Disagreement, ...]
    claims: tuple[ClaimResult, ...] = ()
    policies: tuple[PolicyRoutes, ...] = ()

    @classmethod
    def from_rows(cls, rows: Rows, source: MeasuredRun, claims: Claims = NO_CLAIMS) -> Self:
        """Return what the rows of a run show.

        Args:
            rows: rows with the columns of :mod:`tconv.analysis.atlas.observation` and `error_text`.
            source: the run.
            claims: statements to check against the rows.

        Raises:
            ClaimError: a claim has no points, or its rows contradict each other.
        """
        atlas = Atlas.from_rows(rows(), source)
        every = cls(atlas=atlas, disagreements=disagreements(rows()))
        results = claim_results(claims, rows()) if claims.claims else ()
        return replace(
            every, disagreements=_commonest(every), claims=results, policies=_policies(rows())
        )

    @cached_property
    def agreeing_groups(self) -> tuple[tuple[str, ...], ...]:
        """The targets; those of one backend that never disagree are in one group."""
        apart = {frozenset((each.first, each.second)) for each in self.disagreements}
        groups: list[list[str]] = []
        for target in dict.fromkeys(entry.question.target for entry in self.atlas.entries):
            agreeing = (
                group for group in groups if all(_agree(target, other, apart) for other in group)
            )
            if (group := next(agreeing, None)) is None:
                groups.append([target])
            else:
                group.append(target)
        return tuple(map(tuple, groups))

    def group_of(self, target: str) -> tuple[str, ...]:
        """Return the targets that never disagree with this one, itself among them."""
        return next(group for group in self.agreeing_groups if target in group)

    def to_json(self) -> str:
        """Return it as JSON text, one record a line, which :class:`Atlas` reads as well."""
        return self.atlas.to_json(
            disagreements=(each.to_dict() for each in self.disagreements),
            claims=map(asdict, self.claims),
            policies=map(asdict, self.policies),
        )

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return what :meth:`to_json` wrote.

        Raises:
            AtlasError: the text is something else, or of another version.
        """
        atlas = Atlas.from_json(text)
        try:
            content = json.loads(text)
            return cls(
                atlas=atlas,
                disagreements=tuple(map(Disagreement.from_dict, content["disagreements"])),
                claims=tuple(ClaimResult(**each) for each in content["claims"]),
                policies=tuple(
                    PolicyRoutes(**{**each, "steps": tuple(each["steps"])})
                    for each in content.get("policies", ())
                ),
            )
        except (KeyError, TypeError) as error:
            raise AtlasError(
                f"the atlas holds no disagreements and claims ({type(error).__name__}: {error}), "
                "but should; write it again with `tconv atlas RUN --out FILE`"
            ) from error


def backend_of(target: str) -> str:
    """Return the backend of a target, whole or in part: a claim may leave out the device."""
    return Selection.from_text(target).backend


def _policies(rows: Iterable[Mapping[str, Any]]) -> tuple[PolicyRoutes, ...]:
    """Return how each target reaches each defined policy, by the rows whose result is right."""
    steps: dict[tuple[str, str], Counter[str]] = {}
    for row in rows:
        if row["padding"] in DEFINED and row["verdict"] == "match":
            count = steps.setdefault((row["target"], row["padding"]), Counter())
            count[row["addition"] or NATIVE] += 1
    return tuple(
        PolicyRoutes(
            target=target,
            policy=policy,
            steps=tuple(sorted(count, key=lambda step: (-count[step], step))),
        )
        for (target, policy), count in sorted(steps.items())
    )


def _agree(target: str, other: str, apart: set[frozenset[str]]) -> bool:
    is_kin = backend_of(target) == backend_of(other)
    return is_kin and frozenset((target, other)) not in apart


def _commonest(every: Compatibility) -> tuple[Disagreement, ...]:
    """Keep, for each two groups, question and kind, the disagreement that is met most often."""
    commonest: dict[tuple[Any, ...], Disagreement] = {}
    for one in every.disagreements:
        key = every.group_of(one.first), every.group_of(one.second), one.asked, one.kind
        if one.count > commonest.setdefault(key, one).count:
            commonest[key] = one
    return tuple(map(_brief, commonest.values()))


def _brief(disagreement: Disagreement) -> Disagreement:
    """Return the disagreement with only the first line of each error."""
    first, second = (_shortened(answer) for answer in disagreement.answers)
    return replace(disagreement, answers=(first, second))


def _shortened(answer: TargetAnswer) -> TargetAnswer:
    line = next((line for line in answer.error.splitlines() if line.strip()), "").strip()
    return replace(answer, error=line[:_ERROR])
