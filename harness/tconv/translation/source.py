"""What is known of the call that is to be translated: its mode, and the window that it returns."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from numpy.typing import NDArray

from tconv.adapters import registry
from tconv.adapters.layout import Layout
from tconv.analysis.atlas.entry import Entry
from tconv.analysis.atlas.rule import Rule
from tconv.model.case import Case
from tconv.model.geometry import Axis, effective_kernel
from tconv.model.policies import DEFINED, InputPadding
from tconv.model.route import Unsupported
from tconv.model.target import Target
from tconv.model.window import Window
from tconv.translation.query import Query
from tconv.translation.windows import (
    WindowBySize,
    deciding_sizes,
    windows_of_numbers,
    windows_of_rule,
)

SAMPLES: Final = 3
"""Input sizes at which a translation for every size is run."""

SMALL: Final = 6
LARGE: Final = 40
"""A size that follows the input is requested at this many of the smallest, and at a larger one."""


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
        query: the call, with what the mode needs and the user left out.
        default: what that is, in words; empty: nothing.
        rule_of: the mode whose rule says which window is returned; empty: the definition does.
        points: at how many points the rule was measured; it holds at all of them.
        windows: the window that it returns by input size, for each axis.
        samples: input sizes per axis at which it is run, one tuple per sample.
        probes: further input sizes at which it is asked whether it takes the call.
        refusal: why it refuses the call at one of these sizes, by what the atlas knows; empty:
            nothing is known against it.
        addition: the step that its user adds to the call, in words; empty: none.
        padding: what pads the input first, or None; the windows are those of the full result then.
        outputs: what it computes, one array per sample; empty: it was not run.
    """

    target: Target
    query: Query
    default: str = ""
    rule_of: str = ""
    points: int = 0
    windows: tuple[WindowBySize, ...]
    samples: tuple[tuple[int, ...], ...]
    probes: tuple[tuple[int, ...], ...] = ()
    refusal: str = ""
    addition: str = ""
    padding: InputPadding | None = None
    outputs: tuple[NDArray[Any], ...] = ()

    @property
    def after_padding(self) -> "SourceCall":
        """What is left to call once the input is padded; its sizes are those of that input."""
        if self.padding is None:
            return replace(self, query=self.query.lowered)
        added = [sum(sides) for sides in self.padding.sides]
        return replace(
            self, query=self.query.lowered, padding=None,
            windows=tuple(
                {i + more: window for i, window in windows.items()}
                for windows, more in zip(self.windows, added, strict=True)
            ),
            samples=tuple(
                tuple(i + more for i, more in zip(sizes, added, strict=True))
                for sizes in self.samples
            ),
        )  # fmt: skip


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
        call = _source_call(query, target, of_mode, tuple(target_rules))
        if isinstance(call, Impossible):
            reasons.append(f"{target}: {call.reason}")
        else:
            calls.append(call)
    return calls or Impossible(reason="; ".join(reasons))


def _source_call(
    query: Query, target: Target, entries: Sequence[Entry], target_rules: Sequence[Rule]
) -> SourceCall | Impossible:
    if query.policy in DEFINED:
        return _defined_call(query, target, target_rules)
    query, default = _with_default(query, entries)
    entry = _entry(query, entries)
    if isinstance(entry, Impossible):
        return Impossible(reason=_missing(query, target) or entry.reason)
    windows = _windows(query, entry.rule if entry else None, target_rules)
    if isinstance(windows, Impossible):
        return windows
    samples = sample_sizes(windows, 1 if query.is_sized else SAMPLES)
    probes = probe_sizes(windows) if query.sizes else ()
    return SourceCall(
        target=target,
        query=query,
        default=default,
        rule_of=entry.question.target if entry else "",
        points=entry.evidence.points if entry and entry.evidence else 0,
        windows=windows,
        samples=samples,
        probes=probes,
        refusal=_refusal(query, entry, (*probes, *samples)) if entry else "",
    )


def _defined_call(
    query: Query, target: Target, target_rules: Sequence[Rule]
) -> SourceCall | Impossible:
    """Return the call of a policy that is defined for every framework: no rule is needed."""
    plain = query.case([1] * len(query.axes))
    least = plain.input_padding.least if plain.input_padding else (1,) * plain.ndim
    windows = []
    for own, axis, first in zip(query.axes, plain.lowered.axes, least, strict=True):
        sizes = (own.i,) if query.is_sized else deciding_sizes(target_rules, axis)
        window = Window(begin=axis.p_begin, end=axis.p_end - axis.extra)
        windows.append({i: window for i in sizes if i >= first})
        if not windows[-1]:
            return Impossible(
                reason=f"padding={query.policy} copies more elements than i={own.i} has; i must "
                f"be {first} or more"
            )
    return SourceCall(
        target=target,
        query=query,
        windows=tuple(windows),
        samples=sample_sizes(windows, 1 if query.is_sized else SAMPLES),
        padding=plain.input_padding,
    )


def _missing(query: Query, target: Target) -> str:
    """Return what the mode has no argument for, of this very call, or empty: it is not known."""
    adapter = registry.writer(target.backend)
    if adapter is None:
        return ""
    route = adapter.route(query.case(axis.i for axis in query.axes), target.mode, target.device)
    return route.reason if isinstance(route, Unsupported) else ""


def _refusal(query: Query, entry: Entry, samples: Iterable[tuple[int, ...]]) -> str:
    """Return at which of the sizes the call is refused, and what does not hold there."""
    condition = entry.acceptance
    if condition is None or not condition.is_sufficient:
        return ""
    for sizes in samples:
        case = query.case(sizes)
        broken = next(condition.broken(entry.calls_of(case.axes)), None)
        if broken is not None:
            return f"{refused_at(case)}{broken} does not hold, as it did of all accepted calls"
    return ""


def refused_at(case: Case) -> str:
    """Return at which sizes a case is refused, as the start of a sentence."""
    o = f", o={'x'.join(map(str, case.o))}" if case.o else ""
    return f"refused at i={'x'.join(map(str, case.i))}{o}: "


def _with_default(query: Query, entries: Sequence[Entry]) -> tuple[Query, str]:
    """Return the call with the size that a user means who gives none, and that size in words.

    A mode that cannot be called without a size has no rule of its own for such calls. SAME is meant
    to give s i, as its authors define it. VALID gives the full result, or s i where the stride is
    longer than the kernel, as Keras does on TensorFlow. Numbers mean that nothing is added.
    """
    first = query.axes[0]
    if first.o is not None or first.op is not None or _has_rule(query, entries):
        return query, ""
    sized = query.with_sizes([_default_size(query.policy, axis) for axis in query.axes])
    if not _has_rule(sized, entries):
        return query, ""
    if query.policy is not None:
        return sized, f"{sized.size_words}, as {query.policy} padding means without a size"
    axes = tuple(replace(axis, op=0) for axis in query.axes)
    return replace(query, request=replace(query.request, axes=axes)), "op=0, the smallest size"


def _default_size(policy: str | None, axis: Axis) -> str:
    reach = effective_kernel(axis.k, axis.d) - axis.s if policy == "valid" else 0
    return f"s*i+{reach}" if reach > 0 else "s*i"


def _has_rule(query: Query, entries: Iterable[Entry]) -> bool:
    return any(each.rule and query.request.is_for(each.question) for each in entries)


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


def probe_sizes(windows: Sequence[WindowBySize]) -> tuple[tuple[int, ...], ...]:
    """Return input sizes at which a requested size may be refused: the smallest, and a larger one.

    Whether a size is taken depends on what it has beyond s i, and on what there is at the start.
    """
    sizes = [sorted(by_size) for by_size in windows]
    first = tuple(of_axis[0] for of_axis in sizes)
    large = (
        (*first[:axis], min(LARGE, of_axis[-1]), *first[axis + 1 :])
        for axis, of_axis in enumerate(sizes)
    )
    places = (tuple(of_axis[min(at, len(of_axis) - 1)] for of_axis in sizes) for at in range(SMALL))
    return (*places, *large)


def _entry(query: Query, entries: Iterable[Entry]) -> Entry | Impossible | None:
    """Return what the atlas knows of such calls; None: its numbers say everything."""
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
    return entry


def _windows(
    query: Query, rule: Rule | None, target_rules: Sequence[Rule]
) -> tuple[WindowBySize, ...] | Impossible:
    """Return the windows that are kept, per axis."""
    windows = []
    rules = [*target_rules, rule] if rule else target_rules
    for at, axis in enumerate(query.axes):
        requested = query.sizes[at] if query.sizes else None
        sizes = (axis.i,) if query.is_sized else deciding_sizes(rules, axis, requested)
        by_size = (
            windows_of_rule(rule, axis, sizes, requested)
            if rule
            else windows_of_numbers(axis, sizes)
        )
        if not by_size:
            return Impossible(reason="it returns no element, or it is not known which")
        windows.append(by_size)
    return tuple(windows)
