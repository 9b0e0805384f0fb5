"""What one target makes of one call: from the atlas where it was measured, else by asking it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from tconv.adapters import registry
from tconv.analysis.atlas.atlas import Atlas
from tconv.analysis.atlas.condition import Clause
from tconv.analysis.atlas.entry import Entry
from tconv.analysis.atlas.extent import Extent, explicit_extents, extents_of
from tconv.analysis.atlas.observation import NATIVE
from tconv.analysis.atlas.question import EXPLICIT
from tconv.analysis.atlas.request import Request
from tconv.answers.frameworks import Frameworks, Reply
from tconv.answers.nearest import nearest_accepted
from tconv.errors import AtlasError, TargetError, UnavailableError
from tconv.model.legality import margin_legality
from tconv.model.policies import DEFINED, InputPadding, fill_of, lower
from tconv.model.target import Selection, Target

Verdict = Literal["accepted", "refused", "unknown"]

_LARGEST: Final = 2**31
"""Size of the full result above which no rule is applied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a target makes of a call.

    Attributes:
        target: the target.
        verdict: whether it accepts the call; `unknown` where it was neither measured nor asked.
        extents: what it returns along each axis; empty where it refuses or that is not known.
        entry: what the atlas knows of such calls, None where it knows nothing.
        reply: what the framework said of this call, None where it was not asked.
        broken: the clauses of the condition that a refused call breaks.
        addition: the step that is added to the framework's own call; empty for none.
        outside: what of the call lies outside of what was measured, in words.
        unasked: why the framework was not asked, although only it could tell; else empty.
        nearest: accepted calls near a refused one.
        elsewhere: of an explicit call, how each other target of the atlas reaches it.
    """

    target: Target
    verdict: Verdict
    extents: tuple[Extent, ...] = ()
    entry: Entry | None = None
    reply: Reply | None = None
    broken: tuple[Clause, ...] = ()
    addition: str = ""
    outside: tuple[str, ...] = ()
    unasked: str = ""
    nearest: tuple[Request, ...] = ()
    elsewhere: tuple[tuple[str, str], ...] = ()


def lowered(request: Request) -> tuple[Request, str]:
    """Return the request of numbers that one for a policy defined here is, and that in words.

    Any other request is returned as it is, with no words.
    """
    if request.padding not in DEFINED:
        return request, ""
    pairs = [lower(request.padding, axis) for axis in request.axes]
    axes = tuple(replace(axis, op=axis.extra) for axis, _ in pairs)
    plain = replace(request, padding=EXPLICIT, axes=axes)
    fill, margins = fill_of(request.padding), [margin for _, margin in pairs]
    sides = tuple((margin.before, margin.after) for margin in margins)
    first = ""
    if fill and any(map(any, sides)):
        padding = InputPadding(fill=fill, sides=sides)
        first = f"{padding.words} by {'x'.join(f'{b}:{a}' for b, a in sides)}, then "
    words = f"{request.padding} is by definition: {first}{plain}"
    reason = next((text for _, text in map(margin_legality, margins) if text), "")
    return plain, f"{words}\n{reason}: some frameworks refuse that" if reason else words


def answers(
    atlas: Atlas, selection: Selection, request: Request, frameworks: Frameworks | None
) -> tuple[Answer, ...]:
    """Return what each selected target makes of a call.

    Args:
        atlas: what was measured.
        selection: the targets.
        request: the call.
        frameworks: are asked where the atlas cannot tell; None: nothing is loaded.

    Raises:
        AtlasError: the atlas has no such target, and no framework has it, or none is loaded.
        TargetError: the backend has no such mode or device.
        UnavailableError: the atlas has no such target, and its framework is not installed.
    """
    return tuple(
        _Target(atlas, target, frameworks).answer(request)
        for target in _targets(atlas, selection, frameworks)
    )


def _targets(
    atlas: Atlas, selection: Selection, frameworks: Frameworks | None
) -> tuple[Target, ...]:
    """Return the targets of the atlas that are selected, or else those of a framework."""
    try:
        return tuple(dict.fromkeys(_target(entry) for entry in atlas.of(selection)))
    except AtlasError:
        if frameworks is None or selection.backend not in registry.backends():
            raise
        return frameworks.targets(selection)


def _target(entry: Entry) -> Target:
    return Target.from_text(entry.question.target)


class _Target:
    """One target, to which calls are put."""

    def __init__(self, atlas: Atlas, target: Target, frameworks: Frameworks | None) -> None:
        self._atlas = atlas
        self._target = target
        self._frameworks = frameworks
        self._entries = [e for e in atlas.entries if e.question.target == str(target)]

    def answer(self, request: Request) -> Answer:
        entry = next((e for e in self._entries if request.is_for(e.question)), None)
        answer = self._from_atlas(request, entry)
        if answer.verdict != "accepted":
            answer = self._from_framework(request, answer)
        if answer.verdict == "refused":
            answer = replace(answer, nearest=self._nearest(request))
        if request.padding == EXPLICIT and _is_explicit(request):
            answer = replace(answer, elsewhere=tuple(self._elsewhere(request)))
        return answer

    def _from_atlas(self, request: Request, entry: Entry | None) -> Answer:
        """Return what is known without the framework."""
        base = Answer(target=self._target, verdict="unknown", entry=entry)
        if entry is None or entry.domain is None:
            return base
        outside = tuple(dict.fromkeys(entry.domain.outside(request.axes)))
        base = replace(base, outside=outside)
        extents = _extents(entry, request)
        if outside:
            return replace(base, extents=extents)
        match entry.accepts(request.axes):
            case False:
                assert entry.acceptance is not None
                broken = tuple(entry.acceptance.broken(entry.calls_of(request.axes)))
                return replace(base, verdict="refused", broken=broken)
            case True if _is_known(entry) and min(e.size for e in extents) >= 1:
                addition = entry.route(request.axes) if entry.routes else NATIVE
                if addition is not None:
                    words = "" if addition == NATIVE else addition
                    return replace(base, verdict="accepted", extents=extents, addition=words)
        return replace(base, extents=extents)

    def _from_framework(self, request: Request, answer: Answer) -> Answer:
        """Return the answer with what the framework says of this very call, if it can be asked."""
        is_empty = any(extent.size < 1 for extent in answer.extents)
        if is_empty:
            answer = replace(answer, verdict="refused", extents=())
        if self._frameworks is None:
            return replace(answer, unasked="no framework is loaded with --no-run")
        try:
            (reply,) = self._frameworks.ask(self._target, [request])
        except (TargetError, UnavailableError) as error:
            return replace(answer, unasked=str(error))
        if not reply.is_accepted:
            return replace(answer, verdict="refused", reply=reply, extents=())
        is_empty = min(extent.size for extent in reply.extents) < 1
        return replace(
            answer, verdict="refused" if is_empty else "accepted", reply=reply, broken=(),
            addition=reply.addition, extents=() if is_empty else reply.extents,
        )  # fmt: skip

    def _nearest(self, request: Request) -> tuple[Request, ...]:
        def ask(requests: Sequence[Request]) -> list[bool]:
            assert self._frameworks is not None
            try:
                replies = self._frameworks.ask(self._target, requests)
            except (TargetError, UnavailableError):
                return [False] * len(requests)
            return [reply.is_accepted for reply in replies]

        return nearest_accepted(request, self._entries, None if self._frameworks is None else ask)

    def _elsewhere(self, request: Request) -> Iterator[tuple[str, str]]:
        """Yield each other target with how it reaches an explicit call, by conditions alone."""
        for entry in self._atlas.entries:
            if entry.question.target != str(self._target) and request.is_for(entry.question):
                yield entry.question.target, _reach(entry, request)


def _is_explicit(request: Request) -> bool:
    first = request.axes[0]
    return first.op is not None and first.o is None


def _is_known(entry: Entry) -> bool:
    """Return whether the sizes and windows of an entry hold wherever it was measured."""
    if entry.question.is_explicit:
        return True
    evidence = entry.evidence
    if evidence is None:
        return False
    return evidence.is_sufficient or (bool(entry.like) and evidence.coverage == 1)


def _extents(entry: Entry, request: Request) -> tuple[Extent, ...]:
    if any(abs(axis.full) + (axis.o or 0) > _LARGEST for axis in request.axes):
        return ()
    if entry.question.is_explicit:
        return explicit_extents(request.axes)
    return () if entry.rule is None else extents_of(entry.rule, request.axes)


def _reach(entry: Entry, request: Request) -> str:
    match entry.accepts(request.axes):
        case None:
            return "not known on"
        case False:
            return "refused by"
    step = entry.route(request.axes)
    if step is None:
        return "accepted by"
    return "one call of" if step == NATIVE else f"composed ({step}) on"
