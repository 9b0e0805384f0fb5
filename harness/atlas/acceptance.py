"""What targets accept: for each target and fault what became of the cases that have it.

Rows say whether a refusal is right; here it is told whether it is *understood*: whether the error
names what is wrong. A crash, a hang and a silent result say worse things of a framework than any
text, so what is found is kept in that order, the worst first.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from harness.atlas.fault import FAULTS, Fault, fault_of
from harness.case import Case
from harness.digest import normalised
from harness.malformation import OF_BIAS
from harness.resolution import Resolution

COLUMNS: Final = (
    "case", "target", "backend", "verdict", "observed_shape", "resolution", "resolutions", "reason",
    "error_type", "error_text", "reading", "call",
)  # fmt: skip
"""The columns of a row that acceptance is made of."""


class Reaction(StrEnum):
    """What a target makes of a case with a fault; the worst first."""

    CRASHES = "crashes"
    HANGS = "hangs"
    ACCEPTS_SILENTLY = "accepts silently"
    COMPUTES_ANOTHER = "computes something else"
    REFUSES_MISLEADINGLY = "refuses misleadingly"
    REFUSES_CLEARLY = "refuses clearly"
    COMPUTES = "computes the arithmetic's answer"
    UNSUPPORTED = "unsupported"
    UNKNOWN = "not known"

    @property
    def code(self) -> str:
        """The sign that stands for it in a matrix."""
        return _CODES[self]

    @property
    def meaning(self) -> str:
        """What it is, in one sentence."""
        return _MEANINGS[self]


_CODES: Final = dict(zip(Reaction, "XH!#mr=-?", strict=True))
_MEANINGS: Final = {
    Reaction.CRASHES: "The process ended.",
    Reaction.HANGS: "No answer came within the limit.",
    Reaction.ACCEPTS_SILENTLY: "Something was computed, or promised, where no answer exists.",
    Reaction.COMPUTES_ANOTHER: "An answer exists, and another one was computed.",
    Reaction.REFUSES_MISLEADINGLY: "An error that names another cause, or none.",
    Reaction.REFUSES_CLEARLY: "An error that names the faulty parameter, or its consequence.",
    Reaction.COMPUTES: "The arithmetic's answer, to the element.",
    Reaction.UNSUPPORTED: "The API has no argument for it.",
    Reaction.UNKNOWN: "Not run, unavailable, or the adapter's own fault: nothing is said of it.",
}

_PLAIN: Final = {
    "match": Reaction.COMPUTES,
    "shape": Reaction.COMPUTES_ANOTHER,
    "dtype": Reaction.COMPUTES_ANOTHER,
    "nonfinite": Reaction.COMPUTES_ANOTHER,
    "value": Reaction.COMPUTES_ANOTHER,
    "unresolved": Reaction.COMPUTES_ANOTHER,
    "nondeterministic": Reaction.COMPUTES_ANOTHER,
    "accepted_illegal": Reaction.ACCEPTS_SILENTLY,
    "unsupported": Reaction.UNSUPPORTED,
    "crashed": Reaction.CRASHES,
    "timeout": Reaction.HANGS,
}
_LACKING: Final = ("Current CPU implementations do not yet support dilation rates larger than 1",)
"""Texts by which a framework says that it lacks what the case needs beside its fault."""

_REFUSED: Final = frozenset({"rejected", "rejected_legal"})
_ALIKE: Final = {Reaction.REFUSES_CLEARLY: "refuses", Reaction.REFUSES_MISLEADINGLY: "refuses"}
_SILENT: Final = frozenset({Reaction.UNSUPPORTED, Reaction.UNKNOWN})

Row = Mapping[str, Any]


@dataclass(slots=True, kw_only=True)
class Entry:
    """One reaction of a target to a fault.

    Attributes:
        reaction: what the target did.
        count: in how many cases.
        case: id of the smallest of them.
        text: what was said of that one: the error with its type, or what was returned.
    """

    reaction: Reaction
    count: int
    case: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What a target makes of the cases with one fault.

    Attributes:
        target: the target.
        fault: name of the fault.
        entries: its reactions, the worst first; one where it treats all such cases alike.
    """

    target: str
    fault: str
    entries: tuple[Entry, ...]

    @property
    def codes(self) -> str:
        """The signs of the reactions, the worst first."""
        return "".join(entry.reaction.code for entry in self.entries)


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """Modes of one framework that treat the same cases differently.

    Attributes:
        framework: its name; Keras is one framework, whatever it computes with.
        fault: name of the fault.
        count: in how many cases they do.
        case: id of the smallest.
        sides: for that case, reaction in words (refusals of all kinds are one) to the targets.
    """

    framework: str
    fault: str
    count: int
    case: str
    sides: Mapping[str, tuple[str, ...]]

    def __str__(self) -> str:
        sides = "; ".join(f"{words}: {', '.join(them)}" for words, them in self.sides.items())
        return f"{self.framework}, {self.fault}, {self.case}: {sides}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """The cells of a run, and what they contradict.

    Attributes:
        targets: every target with a cell, sorted.
        faults: every fault with a cell, as :data:`harness.atlas.fault.FAULTS` has them.
        cells: by target and fault.
        disagreements: of modes of one framework, by framework and fault.
        faultless: number of rows whose case has no fault of the table, which are in no cell.
    """

    targets: tuple[str, ...]
    faults: tuple[str, ...]
    cells: Mapping[tuple[str, str], Cell]
    disagreements: tuple[Disagreement, ...]
    faultless: int

    @classmethod
    def from_rows(cls, rows: Iterable[Row]) -> "Acceptance":
        """Return the acceptance that rows with the columns :data:`COLUMNS` show."""
        ledger = _Ledger()
        for row in rows:
            ledger.add(row)
        names = {fault for _, fault in ledger.entries}
        return cls(
            targets=tuple(sorted({target for target, _ in ledger.entries})),
            faults=tuple(fault.name for fault in FAULTS if fault.name in names),
            cells={place: _cell(*place, found) for place, found in ledger.entries.items()},
            disagreements=tuple(_disagreements(ledger.stances)),
            faultless=ledger.faultless,
        )

    def of(self, fault: str) -> tuple[Cell, ...]:
        """Return the cells of one fault, by target."""
        return tuple(
            self.cells[target, fault] for target in self.targets if (target, fault) in self.cells
        )


@dataclass(slots=True, kw_only=True)
class _Ledger:
    """Grows row by row."""

    cases: dict[str, tuple[Case, Fault | None]] = field(default_factory=dict)
    entries: dict[tuple[str, str], dict[Reaction, Entry]] = field(default_factory=dict)
    stances: dict[tuple[str, str], dict[str, dict[str, str]]] = field(default_factory=dict)
    faultless: int = 0

    def add(self, row: Row) -> None:
        case, fault = self._known(row["case"])
        if fault is None:
            self.faultless += 1
            return
        reaction = reaction_to(fault, case, row)
        self._enter(row, fault, reaction)
        if reaction not in _SILENT:
            sides = self.stances.setdefault((_framework(row["backend"]), fault.name), {})
            words = _ALIKE.get(reaction, reaction.value)
            sides.setdefault(case.id, {})[row["target"]] = words

    def _known(self, case_id: str) -> tuple[Case, Fault | None]:
        if case_id not in self.cases:
            case = Case.from_id(case_id)
            self.cases[case_id] = case, fault_of(case)
        return self.cases[case_id]

    def _enter(self, row: Row, fault: Fault, reaction: Reaction) -> None:
        found = self.entries.setdefault((row["target"], fault.name), {})
        entry = found.get(reaction)
        if entry is None:
            found[reaction] = Entry(
                reaction=reaction, count=1, case=row["case"], text=_text(row, reaction)
            )
            return
        entry.count += 1
        if _size(row["case"]) < _size(entry.case):
            entry.case, entry.text = row["case"], _text(row, reaction)


def reaction_to(fault: Fault, case: Case, row: Row) -> Reaction:
    """Return what a row says of a target: a refusal is clear where its text names the fault."""
    verdict = row["verdict"]
    if _has_no_bias(case, row["call"] or ""):
        return Reaction.UNSUPPORTED
    if verdict in _REFUSED:
        return _refusal(fault, f"{row['error_type']}: {row['error_text']}")
    if verdict == "accepted_illegal" and _is_right_but_large(case, row):
        return Reaction.COMPUTES
    if verdict == "resolved":
        return Reaction.COMPUTES if _is_as_asked(case, row) else Reaction.COMPUTES_ANOTHER
    return _PLAIN.get(verdict, Reaction.UNKNOWN)


def _refusal(fault: Fault, text: str) -> Reaction:
    if fault.is_named_in(text):
        return Reaction.REFUSES_CLEARLY
    is_lacking = any(words in text for words in _LACKING) and not fault.others
    return Reaction.UNSUPPORTED if is_lacking else Reaction.REFUSES_MISLEADINGLY


def _has_no_bias(case: Case, call: str) -> bool:
    """Return whether the bias is at fault of a call that takes none: a sum comes after it."""
    is_added = call.endswith((" + b", " + keras.ops.add"))
    return is_added and case.malformed in OF_BIAS


def _is_right_but_large(case: Case, row: Row) -> bool:
    """Return whether a shape is the one of the formula, and illegal for its size alone."""
    is_alone = case.standing[1].startswith("the result needs")
    return is_alone and tuple(row["observed_shape"]) == case.y_shape


def _is_as_asked(case: Case, row: Row) -> bool:
    """Return whether an open case has the size that was requested, cropped at the begin by p.

    Where only a shape was promised, the size decides; where not all windows are listed, too.
    """
    if row["reading"] or tuple(row["observed_shape"][2:]) != case.o:
        return False
    listed = [Resolution.from_text(text) for text in row["resolution"] or ()]
    if not listed or len(listed) < row["resolutions"]:
        return True
    begins = [tuple(window.begin for window in each.axes) for each in listed]
    return case.p_begin in begins


def _text(row: Row, reaction: Reaction) -> str:
    if row["error_text"] or row["error_type"]:
        kind = f"{row['error_type']}: " if row["error_type"] else ""
        return normalised(f"{kind}{row['error_text'] or ''}")
    if reaction is Reaction.COMPUTES:
        return ""
    shape = row["observed_shape"]
    seen = f"shape {tuple(shape)}" if shape else ""
    return "; ".join(filter(None, (seen, row["reading"], row["reason"])))


def _cell(target: str, fault: str, found: Mapping[Reaction, Entry]) -> Cell:
    entries = tuple(found[reaction] for reaction in Reaction if reaction in found)
    return Cell(target=target, fault=fault, entries=entries)


def _disagreements(
    stances: Mapping[tuple[str, str], Mapping[str, Mapping[str, str]]],
) -> Iterator[Disagreement]:
    for (framework, fault), cases in sorted(stances.items()):
        split = [case for case, sides in cases.items() if len(set(sides.values())) > 1]
        if split:
            smallest = min(split, key=_size)
            yield Disagreement(
                framework=framework, fault=fault, count=len(split), case=smallest,
                sides=_sides(cases[smallest]),
            )  # fmt: skip


def _sides(words: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    return {
        each: tuple(sorted(target for target, said in words.items() if said == each))
        for each in sorted(set(words.values()))
    }


def _framework(backend: str) -> str:
    return backend.split("-", maxsplit=1)[0]


def _size(case_id: str) -> tuple[int, str]:
    """Return what orders cases: fewer axes and parameters first, by their id."""
    return len(case_id), case_id
