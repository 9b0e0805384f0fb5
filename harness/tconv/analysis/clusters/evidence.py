"""What deviating rows show of their cause: readings that reproduce them, or the error's text."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from tconv.model.verdict import Verdict
from tconv.store.digest import normalised

SEPARATOR: Final = " | "
"""Stands between the readings of one row."""

_NOTHING_CAME_BACK: Final = frozenset(
    {Verdict.REJECTED_LEGAL, Verdict.CRASHED, Verdict.TIMEOUT, Verdict.ADAPTER_ERROR}
)
_WIDEST: Final = 300  # characters of a text


@dataclass(frozen=True, slots=True, order=True)
class Cause:
    """What explains some deviating rows: a reading, or else their verdict and what was said.

    Attributes:
        reading: the reading, which may show as a wrong shape here and wrong values there; or empty.
        verdict: without a reading, the verdict.
        text: without a reading, the reason or error, without what varies; may be empty.
    """

    reading: str = ""
    verdict: str = ""
    text: str = ""

    @property
    def is_known(self) -> bool:
        """Whether it tells these rows from others: a wrong result that nothing explains does not.

        Such a result may be due to two causes at once, each of which has a reading elsewhere.
        """
        return bool(self.reading or self.text) or self.hides_others

    @property
    def hides_others(self) -> bool:
        """Whether nothing came back, so that no other fault could show."""
        return not self.reading and self.verdict in _NOTHING_CAME_BACK

    @property
    def excludes_others(self) -> bool:
        """Whether another cause, were it at work in these rows, would have shown in them."""
        return self.is_known and not self.hides_others


@dataclass(frozen=True, slots=True)
class Symptom:
    """What one row shows.

    Attributes:
        verdict: its verdict.
        readings: what reproduces its result.
        text: its reason or error, without what varies from row to row.
    """

    verdict: str
    readings: tuple[str, ...]
    text: str

    @classmethod
    def from_row(
        cls, verdict: str, reading: str | None, reason: str | None, error: str | None
    ) -> "Symptom":
        """Return what a row shows whose columns these are; `error` is type and text."""
        readings = tuple(reading.split(SEPARATOR)) if reading else ()
        # What a dying process printed differs from one to the next.
        words = reason if verdict == Verdict.CRASHED else " ".join(filter(None, (reason, error)))
        return cls(verdict, readings, "" if readings else same_words(words or ""))


def same_words(text: str) -> str:
    """Return a text without numbers, addresses, paths and names of traced functions."""
    return re.sub(r"-?\d+", "#", normalised(text))[:_WIDEST]


def causes_of(shown: Sequence[Symptom], counts: Iterable[int]) -> list[Cause]:
    """Return the cause of each kind of evidence: the fewest readings that explain them all.

    Args:
        shown: the kinds of evidence.
        counts: the number of rows of each.
    """
    rows = list(counts)
    chosen: dict[int, str] = {}
    left = {at for at, each in enumerate(shown) if each.readings}
    while left:
        support: Counter[str] = Counter()
        for at in left:
            support.update(dict.fromkeys(shown[at].readings, rows[at]))
        # Of equally many rows, the reading that comes first in the alphabet.
        best = min(support, key=lambda reading: (-support[reading], reading))
        chosen |= {at: best for at in left if best in shown[at].readings}
        left -= chosen.keys()
    return [
        Cause(reading=chosen[at]) if at in chosen else Cause(verdict=each.verdict, text=each.text)
        for at, each in enumerate(shown)
    ]
