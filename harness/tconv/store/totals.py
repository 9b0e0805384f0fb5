"""Counts the rows of one target by verdict, as a run is written and as it is read again."""

from collections import Counter
from dataclasses import dataclass, field

from tconv.model.verdict import Standpoint, Verdict
from tconv.store.columns import COUNTED
from tconv.store.rows import Columns


@dataclass(slots=True, kw_only=True)
class TargetTotals:
    """Counts of one target, added up as its rows come.

    Attributes:
        verdicts: number of rows per verdict.
        compared: number of rows with at least one element that was compared with the oracle.
        omissions: reasons why cases were not run, as keys in the order of the rows.
    """

    verdicts: Counter[Verdict] = field(default_factory=Counter)
    compared: int = 0
    omissions: dict[str, None] = field(default_factory=dict)

    def add(self, columns: Columns) -> None:
        """Count the rows of `columns`, which has at least :data:`COUNTED`."""
        verdicts, compared, reasons = (columns[name] for name in COUNTED)
        for verdict, count in Counter(verdicts).items():
            self.verdicts[Verdict(str(verdict))] += count
        self.compared += sum(map(bool, compared))
        if Verdict.NOT_RUN in self.verdicts:
            pairs = zip(verdicts, reasons, strict=True)
            self.omissions |= {str(why): None for what, why in pairs if what == Verdict.NOT_RUN}

    @property
    def rows(self) -> int:
        """Number of rows."""
        return self.verdicts.total()

    @property
    def judged(self) -> int:
        """Number of rows that say something about their target: they conform or deviate."""
        return self.count(Standpoint.CONFORMANT) + self.count(Standpoint.DEVIATION)

    def count(self, standpoint: Standpoint) -> int:
        """Return the number of rows whose verdict has this standpoint."""
        return sum(n for verdict, n in self.verdicts.items() if verdict.standpoint is standpoint)
