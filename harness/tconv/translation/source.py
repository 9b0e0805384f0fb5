"""What is known of the call that is to be translated: its mode, and the window that it returns."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from numpy.typing import NDArray

from tconv.adapters import registry
from tconv.adapters.layout import Layout
from tconv.analysis.atlas.entry import Entry
from tconv.analysis.atlas.rule import Rule
from tconv.model.target import Target
from tconv.translation.query import Query
from tconv.translation.windows import (
    WindowBySize,
    deciding_sizes,
    windows_of_numbers,
    windows_of_rule,
)

SAMPLES: Final = 3
"""Input sizes at which a translation for every size is run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Impossible:
    """There is no translation: the target lacks what the call needs, or its window is not known.

    Attributes:
        reason: why, in words.
    """

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SourceCall:
    """A mode that may be the one whose call is to be translated.

    Attributes:
        target: backend, mode and device.
        windows: the window that it returns by input size, for each axis.
        samples: input sizes per axis at which it is run, one tuple per sample.
        outputs: what it computes, one array per sample; empty: it was not run.
    """

    target: Target
    windows: tuple[WindowBySize, ...]
    samples: tuple[tuple[int, ...], ...]
    outputs: tuple[NDArray[Any], ...] = ()


def layout_of(target: Target) -> Layout:
    """Return the layout in which a mode that is translated holds its arrays."""
    modes = registry.adapter_class(target.backend).modes
    (layout,) = (mode.layout for mode in modes if mode.name == target.mode)
    assert layout is not None
    return layout


def find_sources(
    query: Query, entries: Mapping[Target, Sequence[Entry]], target_rules: Iterable[Rule]
) -> list[SourceCall] | Impossible:
    """Return the modes whose window is known for the call, or why none is.

    Args:
        query: the call.
        entries: what the atlas knows of each mode of the source.
        target_rules: rules of the target, whose windows are compared with the source's.
    """
    calls, reasons = [], []
    for target, of_mode in entries.items():
        windows = _windows(query, _rule(query, of_mode), tuple(target_rules))
        if isinstance(windows, Impossible):
            reasons.append(f"{target}: {windows.reason}")
        else:
            samples = sample_sizes(windows, 1 if query.is_sized else SAMPLES)
            calls.append(SourceCall(target=target, windows=windows, samples=samples))
    return calls or Impossible(reason="; ".join(reasons))


def sample_sizes(windows: Sequence[WindowBySize], count: int) -> tuple[tuple[int, ...], ...]:
    """Return input sizes at which calls are run, different on each axis: one tuple per sample.

    The smallest sizes that give an output come first; where there are fewer, none comes twice.
    """
    sizes = [sorted(by_size) for by_size in windows]
    samples = (
        tuple(
            of_axis[min(turn * turn + 2 * axis * turn, len(of_axis) - 1)]
            for axis, of_axis in enumerate(sizes)
        )
        for turn in range(count)
    )
    return tuple(dict.fromkeys(samples))


def _rule(query: Query, entries: Iterable[Entry]) -> Rule | Impossible | None:
    """Return the rule of such calls; None: its numbers say everything."""
    first = query.axes[0]
    if query.policy is None and first.op is not None and first.o is None:
        return None
    entry = next((each for each in entries if query.request.is_for(each.question)), None)
    if entry is None:
        return Impossible(reason="the atlas does not know what it makes of such a call")
    evidence = entry.evidence
    if entry.rule is None or evidence is None:
        return Impossible(reason=entry.reason or "no rule holds for what it returns")
    if evidence.holding < evidence.points:
        return Impossible(
            reason=f"its rule is known at {evidence.holding} of {evidence.points} points only, so "
            "it is not resolved"
        )
    return entry.rule


def _windows(
    query: Query, rule: Rule | Impossible | None, target_rules: Sequence[Rule]
) -> tuple[WindowBySize, ...] | Impossible:
    """Return the windows that are kept, per axis."""
    if isinstance(rule, Impossible):
        return rule
    windows = []
    for axis in query.axes:
        rules = [*target_rules, rule] if rule else target_rules
        sizes = (axis.i,) if query.is_sized else deciding_sizes(rules, axis)
        by_size = windows_of_rule(rule, axis, sizes) if rule else windows_of_numbers(axis, sizes)
        if not by_size:
            return Impossible(reason="it returns no element, or it is not known which")
        windows.append(by_size)
    return tuple(windows)
