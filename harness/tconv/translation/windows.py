"""The window that a call returns along an axis, as a function of the input size i.

"For every i" is decided by evaluation. For fixed k, s, d, p, op and o, each feature of a rule is,
from some size on, a number of strides times i plus something that repeats every s sizes:

- minima and maxima compare lines in i of one slope, or a line with a constant;
- conditions compare i with s, K or 1, or compare lines whose constants are at most
  W (K + s + |p| + |op| + |o| + d), W being the sum of the formula's coefficients.

Past the last crossing only a line remains and, because halves are taken, a repetition every 2s
sizes. A window that is constant up to there and over two more repetitions is so for every size.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from tconv.analysis.atlas.rule import Piecewise, Rule
from tconv.model.geometry import Axis, effective_kernel
from tconv.model.window import Window

WindowBySize = dict[int, Window]
"""The window by input size, for sizes at which anything is returned; crops of the full result."""


def windows_of_numbers(axis: Axis, sizes: Iterable[int]) -> WindowBySize:
    """Return what the definition keeps where padding and output padding are given as numbers.

    An output padding is added at the end before that is cropped (the guide, relationship 14).
    """
    window = Window(begin=axis.p_begin, end=axis.p_end - axis.extra)
    return {
        i: window
        for i in sizes
        if replace(axis, i=i).full - window.begin - window.end >= 1
    }  # fmt: skip


def windows_of_rule(rule: Rule, axis: Axis, sizes: Sequence[int]) -> WindowBySize | None:
    """Return the windows that a rule gives, or None: it gives sizes alone."""
    points = [replace(axis, i=i) for i in sizes]
    lengths, begins = rule.of(points)
    if begins is None:
        return None
    bounds = zip(points, lengths.tolist(), begins.tolist(), strict=True)
    return {
        point.i: Window(begin=begin, end=point.full - size - begin)
        for point, size, begin in bounds
        if size >= 1
    }


def constant_window(windows: WindowBySize) -> Window | None:
    """Return the window that is kept at every size, or None: it depends on the size."""
    distinct = set(windows.values())
    return distinct.pop() if len(distinct) == 1 else None


def deciding_sizes(rules: Iterable[Rule], axis: Axis) -> range:
    """Return the input sizes that decide for every size; the module says why."""
    reach = effective_kernel(axis.k, axis.d) + axis.s + axis.d
    reach += abs(axis.p_begin) + abs(axis.p_end) + axis.extra + (axis.o or 0)
    weight = max((_weight(rule.size) for rule in rules), default=0)
    return range(1, (weight + 2) * reach + 4 * axis.s + 1)


def _weight(formulas: Piecewise) -> int:
    """Return the sum of the magnitudes of all coefficients."""
    return sum(abs(each) for formula in formulas.formulas for _, each in formula.terms)
