"""The kinds of readings, by what they change: weights, arguments, the window or the result.

A reading is a candidate semantics with one fault. Its kind says what the fault changes; all else
stays right, so that one evaluation of the right answer serves many readings.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from numpy.typing import NDArray

from tconv.model.case import Case
from tconv.model.geometry import Axis
from tconv.model.tensors import Tensors
from tconv.model.window import Window
from tconv.oracle.input_padding import Filling

# Any: float64, complex128, int64 and longdouble pass through the same code.
Array: TypeAlias = NDArray[Any]
Ints: TypeAlias = tuple[int, ...]

Steps: TypeAlias = tuple[Ints, Ints]
"""Stride and dilation, one entry per axis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfWeight:
    """Another weight: elements of the right one in other places, (c_in, c_out/groups, *k).

    Attributes:
        name: short plain words.
        change: the weight it reads, or None where the fault has no meaning for the case; `w`
            itself where the fault changes nothing. Depends on channels, groups and kernel only.
    """

    name: str
    change: Callable[[Case, Array], Array | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfInput:
    """Another input, of the same shape (n, c_in, *i).

    Attributes:
        name: short plain words.
        change: the input it reads, or None where the fault has no meaning for the case.
    """

    name: str
    change: Callable[[Case, Array], Array | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfPadding:
    """Another filling of the padded input, where a policy pads it, or another start of the result.

    Attributes:
        name: short plain words.
        filling: what it reads beyond the ends of the input; None: what is right.
        shift: how much later than the right one the result starts on every axis, elements; the
            input is padded by as much more as that takes.
    """

    name: str
    filling: Filling | None = None
    shift: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OfWindow:
    """Another window of the full result, which is zero (plus bias) outside its extent.

    Attributes:
        name: short plain words.
        applies: whether the fault has a meaning for an axis and the one opposite (the first is
            opposite the last); one such axis suffices.
        along: the window along an axis, given the one opposite as well.
        only: the one axis of several that the fault changes; None: all of them.
        partner: the axis that the other argument is, the opposite one or the first.
    """

    name: str
    applies: Callable[[Axis, Axis], bool]
    along: Callable[[Axis, Axis], Window]
    only: int | None = None
    partner: Literal["opposite", "first"] = "opposite"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfArguments:
    """Another stride or dilation for the same tensors and the same crop at the start.

    Attributes:
        name: short plain words.
        steps: stride and dilation that it reads, or None where the fault has no meaning.
        keeps_size: whether the end is cropped or extended to the right size; else padding and
            output padding stay as they are.
    """

    name: str
    steps: Callable[[Case], Steps | None]
    keeps_size: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sum:
    """The right answer, and what it is the sum of.

    Attributes:
        products: the result without bias, (n, c_out, *o).
        bias: the bias as (c_out, 1, ...), a single 0 where the case has none.
        total: their sum, (n, c_out, *o).
    """

    products: Array
    bias: Array
    total: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class OfResult:
    """The right products in other places, or completed in another way.

    Attributes:
        name: short plain words.
        change: the output, or None where the fault has no meaning for the case.
    """

    name: str
    change: Callable[[Case, Sum], Array | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfBias:
    """The right products and another bias, which is wrong whenever it has a meaning.

    Attributes:
        name: short plain words.
        change: as for :class:`OfResult`. In some position of every channel it is off by b or more,
            so that a bias without zeros always reveals it, without evaluating it.
    """

    name: str
    change: Callable[[Case, Sum], Array | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfTensors:
    """Anything else: a computation of its own.

    Attributes:
        name: short plain words.
        shape: shape of its output, or None where it has no meaning.
        compute: the output, of that shape.
    """

    name: str
    shape: Callable[[Case], Ints | None]
    compute: Callable[[Case, Tensors], Array]


Reading: TypeAlias = (
    OfWeight | OfInput | OfPadding | OfWindow | OfArguments | OfResult | OfBias | OfTensors
)
