"""How a configuration writes values: sweeps, per-axis lists, ranges and paddings.

A single value is a sweep of one. Readers raise `ValueError` with the entry that is wrong.
"""

import difflib
import re
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeVar

from tconv.errors import quoted
from tconv.grid.requested_sizes import WORDS, Request
from tconv.grid.sweep import Padding, PaddingPair, Size
from tconv.model.legality import LARGEST_SIZE
from tconv.model.parameters import Parameter

_RANGE: Final = re.compile(r"\s*(-?\d{1,30})\s*\.\.\s*(-?\d{1,30})\s*")
_PAIR: Final = re.compile(r"(-?\d+)[:.](-?\d+)")  # as on the command line or in a case id
_LARGEST: Final = 2**63 - 1
_LONGEST: Final = 100_000
_NONE: Final = "none"
_NDIMS: Final = range(1, 9)

_INTEGERS: Final = 'a whole number, a list of them or a range, as in [1, 2] or "1..6"'
_SIZES: Final = (
    'a whole number, a range such as "1..6", or a list of them, in which an inner list is per '
    "axis, as in [1, 3, [3, 2]]"
)
_PADDINGS: Final = (
    "whole numbers or {begin = 1, end = 0}, or a list of them, in which an inner list is per axis, "
    "as in [0, {begin = 1, end = 0}, [1, 0]]"
)

Entry = TypeVar("Entry")


def read_values(parameter: Parameter, value: object) -> tuple[Any, ...]:
    """Return the values of a parameter that a configuration gives.

    Integers are `2`, `[1, 2]`, `"1..6"` or `["1..3", 7]`; where they are per axis an inner list has
    one for each, and a padding is also `{begin = 1, end = 0}`. "none" is None: not given.

    Raises:
        ValueError: an entry cannot be read, or is not a value of the parameter.
    """
    values = tuple(item for entry in _entries(value) for item in _read(parameter, entry))
    for item in values if parameter.is_size else ():
        _require_size_of_array(item)
    for ndim in values if parameter.name == "ndim" else ():
        if ndim not in _NDIMS:
            raise ValueError(f"{ndim} is outside {_NDIMS[0]} to {_NDIMS[-1]}")
    return values


def count_values(value: object) -> int:
    """Return how many values a list, a range or a single value stands for; none is expanded."""
    count = 0
    for entry in value if isinstance(value, list) else [value]:
        match = _RANGE.fullmatch(entry) if isinstance(entry, str) else None
        count += max(int(match[2]) - int(match[1]) + 1, 1) if match else 1
    return count


def integers(value: object) -> tuple[int, ...]:
    """Return the integers of `2`, `[1, 2]`, `"1..6"` or `["1..3", 7]`, or raise `ValueError`."""
    return tuple(item for entry in _entries(value) for item in _integers(entry))


def expected(parameter: Parameter) -> str:
    """Return what values a configuration may give a parameter, to follow "but should be"."""
    none = f', "none" ({parameter.absent})' if parameter.absent else ""
    match parameter.kind:
        case "name":
            return f"one of {', '.join(parameter.choices)}{none}, or a list of them"
        case "flag":
            return "true, false or [true, false]"
        case "pair":
            return _PADDINGS
    if parameter.name == "ndim":
        return 'numbers of axes, as in [1, 2] or "1..3"'
    words = f"one of {', '.join(WORDS)}" if parameter.name == "o" else ""
    numbers = _SIZES if parameter.per_axis else _INTEGERS
    return f"{words}{none}, or {numbers}".removeprefix(", ").removeprefix("or ")


def _read(parameter: Parameter, entry: object) -> Iterator[Any]:
    if parameter.absent and entry == _NONE:
        yield None
    elif parameter.kind == "name":
        if entry not in parameter.choices:
            close = difflib.get_close_matches(str(entry).lower(), parameter.choices, n=1)
            raise ValueError(
                f"did you mean {close[0]!r}?" if close else f"{quoted(entry)} is none of them"
            )
        yield entry
    elif parameter.kind == "flag":
        if not isinstance(entry, bool):
            raise ValueError(f"{quoted(entry)} is not true or false")
        yield entry
    elif parameter.kind == "pair":
        yield from _paddings(entry)
    elif parameter.name == "o":
        yield from _requests(entry)
    elif parameter.per_axis:
        yield from _sizes(entry)
    else:
        yield from _integers(entry)


def _require_size_of_array(value: Size) -> None:
    """Refuse a size that no array can have."""
    per_axis = value if isinstance(value, tuple) else (value,)
    if min(per_axis) < 0:
        raise ValueError(f"{quoted(value)} is not the size of an array, which is 0 or more")
    if max(per_axis) > LARGEST_SIZE:
        raise ValueError(f"{quoted(value)} is beyond 2^31-1, the size of the largest array")


def _requests(entry: object) -> Iterator[Request]:
    if entry in WORDS:
        yield str(entry)
    elif isinstance(entry, list):
        yield _per_axis(entry, lambda each: str(each) if each in WORDS else _integer(each))
    else:
        yield from _integers(entry)


def _entries(value: object) -> list[object]:
    entries = value if isinstance(value, list) else [value]
    if not entries:
        raise ValueError("the list is empty")
    return entries


def _integer(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{quoted(value)} is not a whole number")  # noqa: TRY004 # like all unreadable entries
    if abs(value) > _LARGEST:
        raise ValueError(f"{quoted(value)} is beyond 2^63-1")
    return value


def _integers(entry: object) -> Iterator[int]:
    if not isinstance(entry, str):
        yield _integer(entry)
        return
    match = _RANGE.fullmatch(entry)
    if match is None:
        raise ValueError(f'{quoted(entry)} is not a range such as "1..6"')
    first, last = _integer(int(match[1])), _integer(int(match[2]))
    if not 0 <= last - first < _LONGEST:
        raise ValueError(
            f"range {quoted(entry)} should hold 1 to {_LONGEST:,} numbers, first to last"
        )
    yield from range(first, last + 1)


def _sizes(entry: object) -> Iterator[Size]:
    if isinstance(entry, list):
        yield _per_axis(entry, _integer)
    else:
        yield from _integers(entry)


def _paddings(entry: object) -> Iterator[Padding]:
    if isinstance(entry, list):
        yield _per_axis(entry, _sides)
    elif isinstance(entry, dict):
        yield _sides(entry)
    else:
        pair = _PAIR.fullmatch(entry) if isinstance(entry, str) else None
        if pair:
            raise ValueError(f"write {{begin = {pair[1]}, end = {pair[2]}}} for {quoted(entry)}")
        yield from map(_sides, _integers(entry))


def _sides(entry: object) -> PaddingPair:
    if not isinstance(entry, dict):
        return PaddingPair(begin=_integer(entry), end=_integer(entry))
    if entry.keys() != {"begin", "end"}:
        raise ValueError(f"{quoted(entry)} should have the keys begin and end, and no others")
    return PaddingPair(begin=_integer(entry["begin"]), end=_integer(entry["end"]))


def _per_axis(entries: list[object], read: Callable[[object], Entry]) -> tuple[Entry, ...]:
    if not entries:
        raise ValueError("an inner list is empty")
    return tuple(map(read, entries))
