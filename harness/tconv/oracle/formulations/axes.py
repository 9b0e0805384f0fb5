"""Reads per-axis parameters: a scalar serves every axis, a sequence has one entry per axis."""

from collections.abc import Iterable, Sequence
from operator import index
from typing import Any, SupportsIndex, TypeAlias, TypeGuard

from tconv.errors import CaseError

PerAxis: TypeAlias = int | Sequence[int]
Padding: TypeAlias = int | Sequence[int | tuple[int, int]]


def per_axis(what: str, value: PerAxis, ndim: int, *, least: int) -> tuple[int, ...]:
    """Return ndim integers, each `least` or more; a scalar serves all axes.

    Raises:
        CaseError: Wrong number of entries, or an entry that is not an integer or is too small.
    """
    entries = value if _is_plain(value, ndim) else _integers(what, _spread(what, value, ndim))
    if min(entries) < least:
        raise CaseError(f"{what}={value!r}, but should be {least} or more on every axis; raise it")
    return entries


def begin_and_end(padding: Padding, ndim: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the padding at the start and at the end of each axis, integers of any sign.

    Raises:
        CaseError: Wrong number of entries, or an entry that is neither an integer nor a pair.
    """
    if isinstance(padding, int):
        return (padding,) * ndim, (padding,) * ndim
    pairs = [_pair(padding, entry) for entry in _spread("padding", padding, ndim)]
    begin, end = zip(*pairs, strict=True)
    return _integers("padding", begin), _integers("padding", end)


def _pair(
    padding: Padding, entry: SupportsIndex | Sequence[SupportsIndex]
) -> tuple[SupportsIndex, SupportsIndex]:
    if not isinstance(entry, Sequence):
        return entry, entry
    if len(entry) != 2:
        raise CaseError(
            f"padding={padding!r}, but should be an int or (start, end) on every axis;"
            f" fix the entry {entry!r}"
        )
    return entry[0], entry[1]


def _is_plain(value: object, ndim: int) -> TypeGuard[tuple[int, ...]]:
    """Return whether the value is a tuple of ndim ints already, as in most calls."""
    return type(value) is tuple and len(value) == ndim and set(map(type, value)) == {int}


# Any: an entry is an integer or, for padding, a pair; the callers check which.
def _spread(what: str, value: Any, ndim: int) -> tuple[Any, ...]:  # noqa: ANN401 - see above
    if isinstance(value, int) or not isinstance(value, Iterable):
        return (value,) * ndim
    entries = tuple(value)
    if len(entries) != ndim:
        raise CaseError(
            f"{what}={value!r}, but should be a scalar or {ndim} entries; give one entry per axis"
        )
    return entries


def _integers(what: str, entries: Iterable[SupportsIndex]) -> tuple[int, ...]:
    try:
        return tuple(map(index, entries))
    except TypeError as error:
        raise CaseError(f"{what}={entries!r}, but should be integers; convert them") from error
