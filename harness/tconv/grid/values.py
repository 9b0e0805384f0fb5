"""How a configuration writes values: sweeps, per-axis lists, ranges and paddings.

Each function reads the TOML value of one key and returns the tuple of its values; what it cannot
read raises `ValueError` with the entry that is wrong. A single value is a sweep of one.
"""

import re
from collections.abc import Callable, Collection, Iterator
from typing import Final, TypeVar

from tconv.grid import WORDS, Padding, PaddingPair, Request, Size
from tconv.model.malformed import MALFORMED
from tconv.model.parameters import POLICIES

_RANGE: Final = re.compile(r"\s*(-?\d+)\s*\.\.\s*(-?\d+)\s*")
_LARGEST: Final = 2**63 - 1
_LONGEST: Final = 100_000
_NONE: Final = "none"

Entry = TypeVar("Entry")


def integers(value: object) -> tuple[int, ...]:
    """Return a sweep of integers: `2`, `[1, 2]`, `"1..6"` or `["1..3", 7]`."""
    return tuple(item for entry in _entries(value) for item in _integers(entry))


def sizes(value: object) -> tuple[Size, ...]:
    """Return a sweep of sizes: integers as above, and inner lists with one integer per axis."""
    return tuple(item for entry in _entries(value) for item in _sizes(entry))


def output_paddings(value: object) -> tuple[Size | None, ...]:
    """Return a sweep of output paddings: sizes as above, and "none", which is None: not given."""
    return tuple(item for entry in _entries(value) for item in _optional(entry, _sizes))


def requests(value: object) -> tuple[Request, ...]:
    """Return a sweep of requested sizes: sizes as above, the words of `WORDS`, also per axis."""
    return tuple(item for entry in _entries(value) for item in _optional(entry, _requests))


def malformations(value: object) -> tuple[str | None, ...]:
    """Return a sweep of malformations: names of `MALFORMED`, and "none", which is None."""
    known = names(value, (*MALFORMED, _NONE))
    return tuple(None if name == _NONE else name for name in known)


def policies(value: object) -> tuple[str | None, ...]:
    """Return a sweep of padding policies: names of `POLICIES`, and "none", which is None."""
    known = names(value, (*POLICIES, _NONE))
    return tuple(None if name == _NONE else name for name in known)


def paddings(value: object) -> tuple[Padding, ...]:
    """Return a sweep of paddings: sizes as above, `{begin = 1, end = 0}`, also per axis."""
    return tuple(item for entry in _entries(value) for item in _paddings(entry))


def flags(value: object) -> tuple[bool, ...]:
    """Return a sweep of truths: `true` or `[true, false]`."""
    for entry in _entries(value):
        if not isinstance(entry, bool):
            raise ValueError(f"{entry!r} is not true or false")  # noqa: TRY004 # one type for all that is unreadable
    return tuple(bool(entry) for entry in _entries(value))


def names(value: object, known: Collection[str]) -> tuple[str, ...]:
    """Return a sweep of names among `known`: `"float32"` or `["float32", "float16"]`."""
    for entry in _entries(value):
        if entry not in known:
            raise ValueError(f"{entry!r} is none of them")
    return tuple(str(entry) for entry in _entries(value))


def _optional(entry: object, read: Callable[[object], Iterator[Entry]]) -> Iterator[Entry | None]:
    if entry == _NONE:
        yield None
    else:
        yield from read(entry)


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
        raise ValueError(f"{value!r} is not a whole number")  # noqa: TRY004 # as in flags
    if abs(value) > _LARGEST:
        raise ValueError(f"{value} is beyond 2^63-1")
    return value


def _integers(entry: object) -> Iterator[int]:
    if not isinstance(entry, str):
        yield _integer(entry)
        return
    match = _RANGE.fullmatch(entry)
    if match is None:
        raise ValueError(f'{entry!r} is no range such as "1..6"')
    first, last = _integer(int(match[1])), _integer(int(match[2]))
    if not 0 <= last - first < _LONGEST:
        raise ValueError(f"range {entry!r} should hold 1 to {_LONGEST:,} numbers, first to last")
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
        yield from map(_sides, _integers(entry))


def _sides(entry: object) -> PaddingPair:
    if not isinstance(entry, dict):
        return PaddingPair(begin=_integer(entry), end=_integer(entry))
    if entry.keys() != {"begin", "end"}:
        raise ValueError(f"{entry} should have the keys begin and end, and no others")
    return PaddingPair(begin=_integer(entry["begin"]), end=_integer(entry["end"]))


def _per_axis(entries: list[object], read: Callable[[object], Entry]) -> tuple[Entry, ...]:
    if not entries:
        raise ValueError("an inner list is empty")
    return tuple(map(read, entries))
