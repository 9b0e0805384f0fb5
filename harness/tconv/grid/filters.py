"""Decides which points a grid keeps, and why it drops the others."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tconv.grid.requested_sizes import ABSENT, IntArray
from tconv.grid.sweep import Sweep
from tconv.model.geometry import Axis, output_size
from tconv.model.legality import (
    AXIS_RULES,
    CHANNEL_RULES,
    LARGEST_SIZE,
    LEGALITIES,
    MARGIN_RULES,
    VOLUME_RULES,
    Channels,
    LegalityRule,
    Volume,
)
from tconv.model.malformed import MALFORMED_BIAS
from tconv.model.parameters import PARAMETERS
from tconv.model.policies import DEFINED, Margin, lower

_LEGALITIES_OF_SUITE: Final = {
    "explicit": {"legal"}, "extended": {"extended"}, "illegal": {"illegal"},
    "open": {"legal", "extended"},
}  # fmt: skip
_RULES: Final[tuple[LegalityRule[Any], ...]] = (
    *CHANNEL_RULES, *AXIS_RULES, *MARGIN_RULES, *VOLUME_RULES
)  # fmt: skip
_LEGAL: Final = len(_RULES)
_POLICIES: Final = PARAMETERS["padding"].names
_IS_DEFINED: Final = np.array([name in DEFINED for name in _POLICIES])
_IS_OF_BIAS: Final = np.array([name in MALFORMED_BIAS for name in PARAMETERS["malformed"].names])
_RANKS: Final = np.array([*(LEGALITIES.index(rule.legality) for rule in _RULES),
                          LEGALITIES.index("legal")])  # fmt: skip


def filter_points(
    sweep: Sweep, columns: Mapping[str, IntArray]
) -> tuple[NDArray[np.bool_], Counter[str]]:
    """Return which rows are kept, (rows,), and how many are dropped for which reason.

    The suite is checked first, then the conditions in order; only the first failure is counted.
    """
    is_kept = np.ones(len(columns["n"]), dtype=np.bool_)
    dropped: Counter[str] = Counter()
    for fails, reason in (*_suite_failures(sweep, columns), *_condition_failures(sweep, columns)):
        count = int((is_kept & fails).sum())
        if count:
            dropped[reason] += count
        is_kept &= ~fails
    return is_kept, dropped


def _first_broken_rules(columns: Mapping[str, IntArray]) -> IntArray:
    """Return for each row the position of the rule that gives its legality, (rows,).

    That is the worst broken rule; among equals channels come before axes, and the first axis before
    the second, as in :attr:`tconv.model.case.Case.legality`.
    """
    channels = Channels(
        **{name: columns[name][:, None] for name in ("n", "c_in", "c_out", "groups")},
        malformed=columns["malformed"][:, None] > 0,
    )
    axis, margin = _lowered(_axis(columns), columns["padding"])
    first = np.concatenate(
        [
            _first_broken(CHANNEL_RULES, channels, 0),
            _first_broken(AXIS_RULES, axis, len(CHANNEL_RULES)),
            _first_broken(MARGIN_RULES, margin, len(CHANNEL_RULES) + len(AXIS_RULES)),
            _first_broken(VOLUME_RULES, _volume(axis, channels), _LEGAL - len(VOLUME_RULES)),
        ],
        axis=1,
    )
    worst = _RANKS[first].argmin(axis=1)
    return np.take_along_axis(first, worst[:, None], axis=1)[:, 0]


def _axis(columns: Mapping[str, IntArray]) -> Axis:
    """Return all axes as one, its fields (rows, ndim); Python's integers where 64 bits might wrap.

    `o` is the size that is requested or, where none is, the explicit one.
    """
    names = ("i", "k", "s", "p_begin", "p_end", "output_padding", "dilation", "o")
    values = [np.where(columns[n] == ABSENT, 0, columns[n]) for n in names]
    is_huge = any(bool((np.abs(each) > LARGEST_SIZE).any()) for each in values)
    axes = {n: columns[n].astype(object) if is_huge else columns[n] for n in names}
    op = np.where(_is_absent(columns, "output_padding"), 0, axes.pop("output_padding"))
    o, d = axes.pop("o"), axes.pop("dilation")
    axis = Axis(**axes, op=op, d=d)  # type: ignore[arg-type] # integer arrays
    size = np.where(_is_absent(columns, "o"), output_size(axis), o)
    return replace(axis, o=size)  # type: ignore[arg-type] # an integer array


def _lowered(axis: Axis, policies: IntArray) -> tuple[Axis, Margin]:
    """Return the axes that defined policies are, and what pads their input; others as they are."""
    margins = {each.name: np.zeros_like(axis.i) for each in fields(Margin)}
    if not _IS_DEFINED[policies].any():
        return axis, Margin(**margins)
    columns: dict[str, Any] = {
        each.name: np.array(getattr(axis, each.name)) for each in fields(Axis)
    }
    for policy in DEFINED:
        rows = policies == _POLICIES.index(policy)
        part: dict[str, Any] = {name: column[rows] for name, column in columns.items()}
        lowered, margin = lower(policy, Axis(**part))
        for name, column in columns.items():
            column[rows] = output_size(lowered) if name == "o" else getattr(lowered, name)
        for name, column in margins.items():
            column[rows] = getattr(margin, name)
    return Axis(**columns), Margin(**margins)


def _volume(axis: Axis, channels: Channels) -> Volume:
    """Return the volume of each row, (rows, 1), in floating point, which is exact near the limit.

    It is what :meth:`tconv.model.legality.Volume.of` gives for one case.
    """
    full = axis.full
    extent = np.maximum(np.maximum(full, output_size(axis)), np.maximum(axis.o, 0))  # type: ignore[arg-type] # integer arrays
    per_row = extent.astype(np.float64).prod(axis=1, keepdims=True)
    return Volume(elements=per_row * channels.n * channels.c_out)


def _first_broken(
    rules: tuple[LegalityRule[Any], ...], subject: Axis | Channels | Margin | Volume, start: int
) -> IntArray:
    broken = [rule.is_broken(subject) for rule in rules]
    return np.select(broken, [np.int64(start + at) for at in range(len(rules))], np.int64(_LEGAL))


def _suite_failures(
    sweep: Sweep, columns: Mapping[str, IntArray]
) -> Iterator[tuple[NDArray[np.bool_], str]]:
    has_policy = columns["padding"] > 0
    has_crop = (columns["p_begin"] != 0) | (columns["p_end"] != 0)
    yield has_policy & has_crop.any(axis=1), "p beside a padding policy"
    lacks_output_padding, lacks_size = (
        _is_absent(columns, name)[:, 0] for name in ("output_padding", "o")
    )
    is_defined = _IS_DEFINED[columns["padding"]]
    yield (
        is_defined & ~((columns["output_padding"] == 0).all(axis=1) & lacks_size),
        "op or o beside a padding policy that defines the size",
    )
    yield (
        _IS_OF_BIAS[columns["malformed"]] & (columns["bias"] == 0),
        "a malformed bias without a bias",
    )
    rules = _first_broken_rules(columns)
    for code in np.unique(rules):
        legality = LEGALITIES[_RANKS[code]]
        if legality not in _LEGALITIES_OF_SUITE[sweep.suite]:
            words = f": {_RULES[code].words}" if code < _LEGAL else ""
            yield rules == code, f"{legality}, so not in suite {sweep.suite}{words}"
    is_open = (has_policy & ~is_defined) | lacks_output_padding | ~lacks_size
    if sweep.suite == "open":
        yield ~is_open, "explicit, so not in suite open"
    elif sweep.suite != "illegal":
        yield is_open, f"open, so not in suite {sweep.suite}"


def _is_absent(columns: Mapping[str, IntArray], name: str) -> NDArray[np.bool_]:
    """Return where a per-axis parameter is not given, (rows, ndim): on all axes or on none."""
    return np.asarray(columns[name] == ABSENT)


def _condition_failures(
    sweep: Sweep, columns: Mapping[str, IntArray]
) -> Iterator[tuple[NDArray[np.bool_], str]]:
    named: dict[str, Any] = {}
    if sweep.where:
        named = {name: np.ma.masked_equal(column, ABSENT) for name, column in columns.items()}
        named |= {
            name: np.array(each.names)[columns[name]]
            for name, each in PARAMETERS.items()
            if each.kind == "name"
        }
    for predicate in sweep.where:
        yield ~predicate.holds_in(named), f"where: {predicate}"
