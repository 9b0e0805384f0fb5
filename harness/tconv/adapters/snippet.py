"""A framework's call as source text, from which `tconv translate` writes a Python file."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tconv.model.case import Case
from tconv.model.geometry import output_size

Pads = tuple[tuple[int, int], ...]
"""Zeros that are added at the start and at the end of each axis of y, in the framework's layout."""


def numpy_pad(pads: Pads) -> str:
    """Return the expression that pads y with NumPy."""
    return f"np.pad(y, {list(pads)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """The statements that compute a case, of x, w and b: NumPy arrays in the mode's layout.

    Attributes:
        call: the statements that assign y; NumPy is imported as `np`.
        imports: the import statements of the framework.
        bias: the expression of y with b added, empty where the call adds it. Where the result has
            to be padded first, the case has no bias, and this expression must be given.
        pad: returns the expression of y with zeros added.
    """

    call: str
    imports: str = ""
    bias: str = ""
    pad: Callable[[Pads], str] = numpy_pad


def keywords(arguments: Mapping[str, Any], defaults: Mapping[str, Any]) -> str:
    """Return keyword arguments as source text, without those that have their default."""
    absent = object()
    changed = {k: v for k, v in arguments.items() if v != defaults.get(k, absent)}
    return ", ".join(f"{name}={value!r}" for name, value in changed.items())


def plain(values: tuple[int, ...]) -> int | tuple[int, ...]:
    """Return one value per axis as users write it: a number where all are the same."""
    return values[0] if len(set(values)) == 1 else values


def output_sizes(case: Case, name: str) -> str:
    """Return the list of output sizes as source text, of the list of input sizes of this name."""
    terms = []
    for at, axis in enumerate(case.axes):
        excess = 0 if case.padding else output_size(axis) - axis.s * axis.i
        factor = "" if axis.s == 1 else f"{axis.s} * "
        constant = f" {'+' if excess > 0 else '-'} {abs(excess)}" if excess else ""
        terms.append(f"{factor}{name}[{at}]{constant}")
    return f"[{', '.join(terms)}]"
