"""The kinds of readings, by what they change: weights, arguments, the window or the result.

A reading is a candidate semantics with one fault. Each kind leaves all else as it is, so that many
readings can be derived from one evaluation of the right answer.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from numpy.typing import NDArray

from harness.call import Arguments
from harness.case import Case
from harness.tensors import Tensors

# Any: float64, complex128, int64 and longdouble pass through the same code.
Array: TypeAlias = NDArray[Any]
Ints: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfWeight:
    """Another weight: elements of the right one in other places, (c_in, c_out/groups, *k).

    Attributes:
        name: short plain words.
        change: the weight it reads, or None where the fault has no meaning for the case; `w`
            itself where it is the same. Depends on channels, groups and kernel size alone.
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
class OfWindow:
    """Another window of the full result, which is zero (plus bias) outside its extent.

    Attributes:
        name: short plain words.
        applies: whether the fault has a meaning for the case.
        along: begin and size along one axis, given by its number, in positions of the full result.
    """

    name: str
    applies: Callable[[Case], bool]
    along: Callable[[Case, int], tuple[int, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfArguments:
    """Other arguments for the same tensors.

    Attributes:
        name: short plain words.
        change: the oracle's arguments it reads, or None.
    """

    name: str
    change: Callable[[Case], Arguments | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfResult:
    """The right products, put or completed in another way.

    Attributes:
        name: short plain words.
        change: the output, from the result without bias (n, c_out, *o) and the bias as
            (c_out, 1, ...), or None. The bias is 0 where the case has none.
    """

    name: str
    change: Callable[[Case, Array, Array], Array | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfBias:
    """The right products and another bias: nowhere right where it is nonzero, if it has a meaning.

    Attributes:
        name: short plain words.
        change: as for :class:`OfResult`; differs from y + b by b or more in some position of every
            channel, so that a bias without zeros tells it apart and it need not be evaluated.
    """

    name: str
    change: Callable[[Case, Array, Array], Array | None]


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


Reading: TypeAlias = OfWeight | OfInput | OfWindow | OfArguments | OfResult | OfBias | OfTensors
