"""What is known of the call that is to be translated: its mode, and the window that it returns."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tconv.analysis.atlas.entry import Entry
from tconv.analysis.atlas.rule import Rule
from tconv.model.target import Target
from tconv.translation.query import Query
from tconv.translation.windows import Windows, deciding_sizes, defined, resolved

SAMPLES: Final = 3
"""Input sizes at which a translation for every size is run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Impossible:
    """There is no translation: the target lacks what the call needs, or nobody knows the call.

    Attributes:
        reason: what, in words.
    """

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceCall:
    """A mode that may have the call that is to be translated.

    Attributes:
        target: backend, mode and device.
        wanted: the window that it returns by input size, for each axis.
        samples: input sizes per axis at which it is run, one tuple per sample.
    """

    target: Target
    wanted: tuple[Windows, ...]
    samples: tuple[tuple[int, ...], ...]


def sources(
    query: Query, entries: Mapping[Target, Sequence[Entry]], others: Iterable[Rule]
) -> list[SourceCall] | Impossible:
    """Return the modes of which it is known what they return, or why none is.

    Args:
        query: the call.
        entries: what the atlas knows of each mode of the source.
        others: rules of the target, whose windows are compared with the source's.
    """
    found, reasons = [], []
    for target, known in entries.items():
        windows = _windows(query, _rule(query, known), tuple(others))
        if isinstance(windows, Impossible):
            reasons.append(f"{target}: {windows.reason}")
        else:
            samples = sampled(windows, 1 if query.is_sized else SAMPLES)
            found.append(SourceCall(target=target, wanted=windows, samples=samples))
    return found or Impossible(reason="; ".join(reasons))


def sampled(wanted: Sequence[Windows], count: int) -> tuple[tuple[int, ...], ...]:
    """Return input sizes at which calls are run, unlike across the axes: one tuple per sample.

    The smallest sizes that give an output come first; where there are fewer, none comes twice.
    """
    known = [sorted(windows) for windows in wanted]
    samples = (
        tuple(
            sizes[min(turn * turn + 2 * axis * turn, len(sizes) - 1)]
            for axis, sizes in enumerate(known)
        )
        for turn in range(count)
    )
    return tuple(dict.fromkeys(samples))


def _rule(query: Query, entries: Iterable[Entry]) -> Rule | Impossible | None:
    """Return the rule of such calls; None: numbers say all of it."""
    first = query.axes[0]
    if query.policy is None and first.op is not None and first.o is None:
        return None
    entry = next((each for each in entries if query.request.is_for(each.question)), None)
    if entry is None:
        return Impossible(reason="the atlas does not know what it makes of such a call")
    if entry.rule is None or entry.evidence is None:
        return Impossible(reason=entry.reason or "no rule holds for what it returns")
    told = entry.evidence
    if told.holding < told.points:
        return Impossible(
            reason=f"its rule is known at {told.holding} of {told.points} points only, so it is "
            "not resolved"
        )
    return entry.rule


def _windows(
    query: Query, rule: Rule | Impossible | None, others: Sequence[Rule]
) -> tuple[Windows, ...] | Impossible:
    """Return the windows that are kept, per axis."""
    if isinstance(rule, Impossible):
        return rule
    found = []
    for asked in query.axes:
        rules = [*others, rule] if rule else others
        sizes = (asked.i,) if query.is_sized else deciding_sizes(rules, asked)
        windows = resolved(rule, asked, sizes) if rule else defined(asked, sizes)
        if not windows:
            return Impossible(reason="it returns no element, or it is not known which")
        found.append(windows)
    return tuple(found)
