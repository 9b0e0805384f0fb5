"""What is known of how frameworks resolve open cases, all from one run: the file that is published.

Rules alone do not tell a reader what to beware of. Beside them stand where targets disagree, and
what became of the statements that were published about them.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, Final, Self

from tconv.analysis.atlas.atlas import Atlas, MeasuredRun
from tconv.analysis.claims.document import Claims
from tconv.analysis.claims.results import ClaimResult, claim_results
from tconv.analysis.disagreements import Disagreement, TargetAnswer, disagreements
from tconv.errors import AtlasError
from tconv.model.target import Selection

Rows = Callable[[], Iterable[Mapping[str, Any]]]
"""Gives the rows of a run; called once for each reader of them."""

_ERROR: Final = 160  # characters of a framework's error that are kept
NO_CLAIMS: Final = Claims(claims=(), laws=())
"""Nothing to hold against rows."""


@dataclass(frozen=True, kw_only=True)
class Compatibility:
    """The rules of every target, and what follows from putting them beside each other.

    Attributes:
        atlas: the rules.
        disagreements: where targets differ: of those that :attr:`voices` puts together once.
        claims: published statements with what is true of them.
    """

    atlas: Atlas
    disagreements: tuple[Disagreement, ...]
    claims: tuple[ClaimResult, ...] = ()

    @classmethod
    def from_rows(cls, rows: Rows, source: MeasuredRun, claims: Claims = NO_CLAIMS) -> Self:
        """Return what the rows of a run say.

        Args:
            rows: rows with the columns of :mod:`tconv.analysis.atlas.observation` and `error_text`.
            source: the run.
            claims: statements to hold against the rows.

        Raises:
            ClaimError: a claim has no points, or its rows contradict each other.
        """
        atlas = Atlas.from_rows(rows(), source)
        every = cls(atlas=atlas, disagreements=disagreements(rows()))
        told = claim_results(claims, rows()) if claims.claims else ()
        return replace(every, disagreements=_once(every), claims=told)

    @cached_property
    def voices(self) -> tuple[tuple[str, ...], ...]:
        """The targets, those of one backend together that never disagree."""
        apart = {frozenset((each.first, each.second)) for each in self.disagreements}
        found: list[list[str]] = []
        for target in dict.fromkeys(entry.question.target for entry in self.atlas.entries):
            alike = (
                voice for voice in found if all(_is_one(target, other, apart) for other in voice)
            )
            if (voice := next(alike, None)) is None:
                found.append([target])
            else:
                voice.append(target)
        return tuple(map(tuple, found))

    def voice_of(self, target: str) -> tuple[str, ...]:
        """Return the targets that speak as one with this one, itself among them."""
        return next(voice for voice in self.voices if target in voice)

    def to_json(self) -> str:
        """Return it as JSON text, one record a line, which :class:`Atlas` reads as well."""
        return self.atlas.to_json(
            disagreements=(each.to_dict() for each in self.disagreements),
            claims=map(asdict, self.claims),
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
            )
        except (KeyError, TypeError) as error:
            raise AtlasError(
                f"the atlas holds no disagreements and claims ({type(error).__name__}: {error}), "
                "but should; write it again with `tconv atlas RUN --out FILE`"
            ) from error


def backend_of(target: str) -> str:
    """Return the backend of a target, whole or in part: a claim may leave out the device."""
    return Selection.from_text(target).backend


def _is_one(target: str, other: str, apart: set[frozenset[str]]) -> bool:
    is_kin = backend_of(target) == backend_of(other)
    return is_kin and frozenset((target, other)) not in apart


def _once(every: Compatibility) -> tuple[Disagreement, ...]:
    """Return of each two voices, question and kind the disagreement that is met most often."""
    kept: dict[tuple[Any, ...], Disagreement] = {}
    for each in every.disagreements:
        voices = every.voice_of(each.first), every.voice_of(each.second)
        known = kept.setdefault((*voices, each.asked, each.kind), each)
        if each.count > known.count:
            kept[(*voices, each.asked, each.kind)] = each
    return tuple(map(_brief, kept.values()))


def _brief(each: Disagreement) -> Disagreement:
    """Return the disagreement with the first line of each error alone."""
    first, second = (_told(answer) for answer in each.answers)
    return replace(each, answers=(first, second))


def _told(answer: TargetAnswer) -> TargetAnswer:
    line = next((line for line in answer.error.splitlines() if line.strip()), "").strip()
    return replace(answer, error=line[:_ERROR])
