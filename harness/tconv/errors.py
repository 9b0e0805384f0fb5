"""The errors that users can fix: one base class, and one subclass for each kind.

No message grows with what it is about. :func:`quoted` cuts a value, :func:`listed` a list, and
:func:`bounded`, which every error applies to its message, whatever is left.
"""

from collections.abc import Callable, Sequence
from typing import Final, Self, TypeVar

Entry = TypeVar("Entry")

LONGEST_VALUE: Final = 200
"""Most characters of a value in a message."""

MOST_ENTRIES: Final = 10
"""Most entries of a list in a message."""

_LONGEST_LINE: Final = 2000
_MOST_LINES: Final = 40
_LAST_LINES: Final = 5  # what to do stands at the end


def shortened(text: object, length: int = LONGEST_VALUE) -> str:
    """Return at most `length` characters of a text: its start, how long it is, and its end."""
    whole = str(text)
    if len(whole) <= length:
        return whole
    end = length // 4
    return f"{whole[: length - end - 30]} [{len(whole):,} characters] {whole[-end:]}"


def quoted(value: object) -> str:
    """Return a value as Python writes it, at most :data:`LONGEST_VALUE` characters of it."""
    try:
        return shortened(repr(value))
    except (ValueError, RecursionError):  # a number of thousands of digits, lists of lists of lists
        return f"a value of type {type(value).__name__} that is too long to be shown"


def listed(
    entries: Sequence[Entry], separator: str = ", ", *, describe: Callable[[Entry], str] = str
) -> str:
    """Return the first :data:`MOST_ENTRIES` entries, and how many more there are."""
    more = len(entries) - MOST_ENTRIES
    first = map(describe, entries[:MOST_ENTRIES])
    return separator.join([*first, *([f"and {more:,} more"] if more > 0 else [])])


def pluralize(count: int, noun: str) -> str:
    """Return `1 row`, `2 rows`, `1,200 rows`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def bounded(message: str) -> str:
    """Return a message with long lines cut, and of very many lines the first and the last."""
    lines = [shortened(line, _LONGEST_LINE) for line in message.split("\n")]
    omitted = len(lines) - _MOST_LINES
    if omitted > 0:
        lines[-_LAST_LINES - omitted - 1 : -_LAST_LINES] = [f"[{omitted + 1:,} more lines]"]
    return "\n".join(lines)


class TconvError(Exception):
    """Something that the user can fix; its message is :func:`bounded`."""

    def __init__(self, message: str = "") -> None:
        super().__init__(bounded(message))


class CaseError(TconvError, ValueError):
    """A parameter of a case has a value that no case can have."""


class ConfigError(TconvError, ValueError):
    """A configuration file has a key or a value that does not belong there."""


class PredicateError(TconvError, ValueError):
    """A predicate does not parse, or uses a name that does not exist."""


class ClaimError(TconvError, ValueError):
    """A claim does not parse, or is about something that is neither computable nor measured."""


class TargetError(TconvError, LookupError):
    """A target names a backend, a mode or a device that does not exist."""


class UnavailableError(TconvError, ImportError):
    """A backend cannot be used here: not installed, broken, or without its device."""


class AdapterError(TconvError, RuntimeError):
    """An adapter broke its contract, which says nothing about its framework.

    Args:
        offence: what it did.
        error_type: class of the error that it raised, if it raised one.
        error_text: text of that error.
    """

    def __init__(self, offence: str, error_type: str = "", error_text: str = "") -> None:
        super().__init__(": ".join(filter(None, (offence, error_type, error_text))))
        self.offence, self.error_type, self.error_text = offence, error_type, error_text

    def __reduce__(self) -> tuple[type[Self], tuple[str, str, str]]:
        return type(self), (self.offence, self.error_type, self.error_text)


class ExecutorError(TconvError, RuntimeError):
    """The processes or the cluster that should run the cases cannot be started, or are gone."""


class StoreError(TconvError, OSError):
    """A run directory cannot be written, or does not hold what it should."""


class AtlasError(TconvError, ValueError):
    """An atlas of rules does not parse, or has no answer to the question."""


class IncompleteError(TconvError, RuntimeError):
    """A run stopped early; what it wrote is kept, and it can be resumed."""
