"""A matrix of targets and faults: how each target reacts to the cases that have the fault."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from tconv.analysis.acceptance.fault import FAULTS, Fault, fault_of
from tconv.analysis.acceptance.reaction import Reaction, Row, reaction_to
from tconv.model.case import Case
from tconv.store.digest import normalised

COLUMNS: Final = (
    "case", "target", "backend", "verdict", "observed_shape", "resolution", "resolutions", "reason",
    "error_type", "error_text", "reading", "call",
)  # fmt: skip
"""The columns of a row that acceptance is made of."""

_ALIKE: Final = {Reaction.REFUSES_CLEARLY: "refuses", Reaction.REFUSES_MISLEADINGLY: "refuses"}
_SILENT: Final = frozenset({Reaction.UNSUPPORTED, Reaction.UNKNOWN})


@dataclass(slots=True, kw_only=True)
class ReactionCount:
    """One reaction of a target to a fault.

    Attributes:
        reaction: what the target did.
        count: in how many cases.
        case: id of the smallest of them.
        text: what it raised, with the type of the error, or what it returned.
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
    entries: tuple[ReactionCount, ...]

    @property
    def codes(self) -> str:
        """The signs of the reactions, the worst first."""
        return "".join(entry.reaction.code for entry in self.entries)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeDisagreement:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """The cells of a run, and where modes of one framework contradict each other.

    Attributes:
        targets: every target with a cell, sorted.
        faults: every fault with a cell, ordered as :data:`tconv.analysis.acceptance.fault.FAULTS`.
        cells: by target and fault.
        disagreements: of modes of one framework, by framework and fault.
        faultless: number of rows whose case has no fault of the table, which are in no cell.
    """

    targets: tuple[str, ...]
    faults: tuple[str, ...]
    cells: Mapping[tuple[str, str], Cell]
    disagreements: tuple[ModeDisagreement, ...]
    faultless: int

    @classmethod
    def from_rows(cls, rows: Iterable[Row]) -> "Acceptance":
        """Return the acceptance that rows with the columns :data:`COLUMNS` show."""
        gatherer = _Gatherer()
        for row in rows:
            gatherer.add(row)
        names = {fault for _, fault in gatherer.entries}
        return cls(
            targets=tuple(sorted({target for target, _ in gatherer.entries})),
            faults=tuple(fault.name for fault in FAULTS if fault.name in names),
            cells={place: _cell(*place, counts) for place, counts in gatherer.entries.items()},
            disagreements=tuple(_disagreements(gatherer.answers)),
            faultless=gatherer.faultless,
        )

    def of(self, fault: str) -> tuple[Cell, ...]:
        """Return the cells of one fault, by target."""
        return tuple(
            self.cells[target, fault] for target in self.targets if (target, fault) in self.cells
        )


@dataclass(slots=True, kw_only=True)
class _Gatherer:
    """Collects the reactions of rows, one at a time."""

    cases: dict[str, tuple[Case, Fault | None]] = field(default_factory=dict)
    entries: dict[tuple[str, str], dict[Reaction, ReactionCount]] = field(default_factory=dict)
    answers: dict[tuple[str, str], dict[str, dict[str, str]]] = field(default_factory=dict)
    faultless: int = 0

    def add(self, row: Row) -> None:
        case, fault = self._case_of(row["case"])
        if fault is None:
            self.faultless += 1
            return
        reaction = reaction_to(fault, case, row)
        self._enter(row, fault, reaction)
        if reaction not in _SILENT:
            sides = self.answers.setdefault((_framework(row["backend"]), fault.name), {})
            words = _ALIKE.get(reaction, reaction.value)
            sides.setdefault(case.id, {})[row["target"]] = words

    def _case_of(self, case_id: str) -> tuple[Case, Fault | None]:
        if case_id not in self.cases:
            case = Case.from_id(case_id)
            self.cases[case_id] = case, fault_of(case)
        return self.cases[case_id]

    def _enter(self, row: Row, fault: Fault, reaction: Reaction) -> None:
        reactions = self.entries.setdefault((row["target"], fault.name), {})
        entry = reactions.get(reaction)
        if entry is None:
            reactions[reaction] = ReactionCount(
                reaction=reaction, count=1, case=row["case"], text=_text(row, reaction)
            )
            return
        entry.count += 1
        if _size(row["case"]) < _size(entry.case):
            entry.case, entry.text = row["case"], _text(row, reaction)


def _text(row: Row, reaction: Reaction) -> str:
    if row["error_text"] or row["error_type"]:
        kind = f"{row['error_type']}: " if row["error_type"] else ""
        return normalised(f"{kind}{row['error_text'] or ''}")
    if reaction is Reaction.COMPUTES:
        return ""
    shape = row["observed_shape"]
    returned = f"shape {tuple(shape)}" if shape else ""
    return "; ".join(filter(None, (returned, row["reading"], row["reason"])))


def _cell(target: str, fault: str, counts: Mapping[Reaction, ReactionCount]) -> Cell:
    entries = tuple(counts[reaction] for reaction in Reaction if reaction in counts)
    return Cell(target=target, fault=fault, entries=entries)


def _disagreements(
    answers: Mapping[tuple[str, str], Mapping[str, Mapping[str, str]]],
) -> Iterator[ModeDisagreement]:
    for (framework, fault), cases in sorted(answers.items()):
        split = [case for case, sides in cases.items() if len(set(sides.values())) > 1]
        if split:
            smallest = min(split, key=_size)
            yield ModeDisagreement(
                framework=framework, fault=fault, count=len(split), case=smallest,
                sides=_sides(cases[smallest]),
            )  # fmt: skip


def _sides(words: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    return {
        reaction: tuple(sorted(target for target, own in words.items() if own == reaction))
        for reaction in sorted(set(words.values()))
    }


def _framework(backend: str) -> str:
    return backend.split("-", maxsplit=1)[0]


def _size(case_id: str) -> tuple[int, str]:
    """Return the sort key of cases: those with short ids, of few axes and parameters, first."""
    return len(case_id), case_id
