"""The window that a call returns along an axis, as a function of the input size i.

"For every i" is decided by evaluation. For fixed k, s, d, p, op and o, each feature of a rule is,
from some size on, a number of strides times i plus something that repeats every s sizes:

- minima and maxima compare lines in i of one slope, or a line with a constant;
- conditions compare i with s, K or 1, or compare lines whose constants are at most
  W (K + s + |p| + |op| + |o| + d), W being the sum of the formula's coefficients.

Past the last crossing only a line remains and, because halves are taken, a repetition every 2s
sizes. A window that is constant up to there and over two more repetitions is so for every size.

A size that is requested may follow the input: o = a i + b. Then lines of different slopes are
compared, too. Their slopes are whole numbers or, where halves are taken, halves of them, so they
differ by 1/2 at least; b takes the place of o in the constants. Two such lines cross at 2 W (K + s
+ |p| + |op| + |b| + d) at most, twice the bound above.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

from tconv.analysis.atlas.rule import Piecewise, Rule
from tconv.errors import AtlasError
from tconv.model.geometry import Axis, effective_kernel
from tconv.model.window import Window

_SIZE: Final = re.compile(r"(?:(s|\d+)\*)?i(?:([+-]\d+))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class RelativeSize:
    """An output size that is requested as a function of the input's: o = a i + b.

    Attributes:
        slope: a, elements of the output per element of the input.
        offset: b, elements.
        text: how it is written, as in `s*i-1`.
    """

    slope: int
    offset: int
    text: str

    @classmethod
    def from_text(cls, text: str, s: int) -> Self:
        """Return the size that a text writes: `i`, `s*i`, `2*i+1`.

        Args:
            text: the size.
            s: the stride that the text may name.

        Raises:
            AtlasError: it is written in another way.
        """
        match = _SIZE.fullmatch(text)
        if match is None:
            raise AtlasError(
                "o must be a number, or a multiple of i with a number added or subtracted, as in "
                f"o=s*i, o=2*i+1 or o=s*i-1 (got {text!r})"
            )
        slope = s if match[1] == "s" else int(match[1] or 1)
        return cls(slope=slope, offset=int(match[2] or 0), text=text)

    def at(self, axis: Axis, i: int) -> Axis:
        """Return the axis with this input size, and the output size that belongs to it."""
        return replace(axis, i=i, o=self.slope * i + self.offset)


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


def windows_of_rule(
    rule: Rule, axis: Axis, sizes: Sequence[int], requested: RelativeSize | None = None
) -> WindowBySize | None:
    """Return the windows that a rule gives, or None: it gives sizes alone.

    Args:
        rule: the rule.
        axis: the parameters; its input size is ignored.
        sizes: the input sizes.
        requested: the output size that is requested at each of them, else that of `axis`.
    """
    points = [requested.at(axis, i) if requested else replace(axis, i=i) for i in sizes]
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


def deciding_sizes(
    rules: Iterable[Rule], axis: Axis, requested: RelativeSize | None = None
) -> range:
    """Return the input sizes that decide for every size; the module says why."""
    reach = effective_kernel(axis.k, axis.d) + axis.s + axis.d
    reach += abs(axis.p_begin) + abs(axis.p_end) + axis.extra
    reach += abs(requested.offset) if requested else axis.o or 0
    weight = max((_weight(rule.size) for rule in rules), default=0)
    return range(1, (2 if requested else 1) * (weight + 2) * reach + 4 * axis.s + 1)


def _weight(formulas: Piecewise) -> int:
    """Return the sum of the magnitudes of all coefficients."""
    return sum(abs(each) for formula in formulas.formulas for _, each in formula.terms)
