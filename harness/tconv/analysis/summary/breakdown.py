"""Verdicts by target and value of a parameter: where in the grid do deviations lie?"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tconv.model.parameters import PARAMETERS, Table, sweep_order
from tconv.model.verdict import Standpoint, Verdict


def counted_columns(table: Table = PARAMETERS) -> tuple[str, ...]:
    """Return the columns of a case that deviations are counted by."""
    parameters = (each for each in sweep_order(table) if each.in_breakdown)
    return (*(field for each in parameters for field in each.fields), "suite")


_COUNTED: Final = counted_columns()

SHOWN: Final = 24
"""Values of one parameter that are shown; of more, those with most deviations."""

TELLING: Final = 1.5
"""Times by which the share of one value must pass that of another, for it to be shown unasked."""

_JUDGED: Final = [
    v.value for v in Verdict if v.standpoint in {Standpoint.CONFORMANT, Standpoint.DEVIATION}
]
_DEVIATING: Final = Verdict.deviations()
_ABSENT: Final = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How many of the judged rows of one target with one value of a parameter deviate."""

    judged: int
    deviating: int

    @property
    def share(self) -> float:
        """The share that deviates, 0..1; 0 where nothing was judged."""
        return self.deviating / self.judged if self.judged else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Marginal:
    """One parameter's table.

    Attributes:
        name: the parameter.
        values: the values shown, in order, each with the shares of the targets, in their order.
        left_out: number of values that are not shown.
    """

    name: str
    values: tuple[tuple[str, tuple[Share, ...]], ...]
    left_out: int

    @property
    def tells(self) -> bool:
        """Whether the value matters: for some target one value's share is TELLING of another's."""
        columns = zip(*(shares for _, shares in self.values), strict=True)
        judged = ([each.share for each in column if each.judged] for column in columns)
        return any(max(shares) > TELLING * min(shares) for shares in judged if shares)


@dataclass(kw_only=True)
class Breakdown:
    """Counts that grow table by table.

    A row counts once for each value that a per-axis parameter has on some axis.

    Attributes:
        judged: (parameter, value, target) -> rows that conform or deviate.
        deviating: the same for those that deviate.
    """

    judged: Counter[tuple[str, Any, str]] = field(default_factory=Counter)
    deviating: Counter[tuple[str, Any, str]] = field(default_factory=Counter)

    def add(self, table: pa.Table) -> None:
        """Count the rows of a table with the columns of the store."""
        judged = table.filter(pc.field("verdict").isin(_JUDGED)).combine_chunks()
        if not judged.num_rows:
            return
        targets, names = _codes(judged["target"])
        deviates = pc.is_in(judged["verdict"], pa.array(_DEVIATING)).to_numpy()
        for parameter in _COUNTED:
            rows, values, meanings = _values(judged[parameter])
            shape = len(meanings), len(names)
            at = np.ravel_multi_index((values, targets[rows]), shape)
            for counter, chosen in ((self.judged, at), (self.deviating, at[deviates[rows]])):
                counts = np.bincount(chosen, minlength=shape[0] * shape[1]).reshape(shape)
                for value, target in np.argwhere(counts).tolist():
                    key = parameter, meanings[value], names[target]
                    counter[key] += int(counts[value, target])

    def marginals(self, targets: tuple[str, ...]) -> tuple[Marginal, ...]:
        """Return a table of these targets for each parameter that has more than one value."""
        made = (self._marginal(parameter, targets) for parameter in _COUNTED)
        return tuple(each for each in made if len(each.values) > 1)

    def _marginal(self, parameter: str, targets: tuple[str, ...]) -> Marginal:
        worst = Counter({value: 0 for name, value, _ in self.judged if name == parameter})
        for (name, value, _), count in self.deviating.items():
            if name == parameter:
                worst[value] += count
        shown = sorted((value for value, _ in worst.most_common(SHOWN)), key=_order)
        return Marginal(
            name=parameter,
            values=tuple(
                (_text(value), tuple(self._share(parameter, value, target) for target in targets))
                for value in shown
            ),
            left_out=len(worst) - len(shown),
        )

    def _share(self, parameter: str, value: object, target: str) -> Share:
        key = parameter, value, target
        return Share(judged=self.judged[key], deviating=self.deviating[key])


def _codes(column: pa.ChunkedArray) -> tuple[NDArray[np.int64], list[Any]]:
    """Return each entry as a number, and what the numbers mean; an absent entry is _ABSENT."""
    encoded = column.combine_chunks().dictionary_encode(null_encoding="encode")
    meanings = [_ABSENT if value is None else value for value in encoded.dictionary.to_pylist()]
    return encoded.indices.to_numpy().astype(np.int64), meanings


def _values(column: pa.ChunkedArray) -> tuple[NDArray[np.int64], NDArray[np.int64], list[Any]]:
    """Return distinct pairs of a row and a value, values as numbers, and what the numbers mean."""
    if not pa.types.is_list(column.type):
        codes, meanings = _codes(column)
        return np.arange(len(codes)), codes, meanings
    lists = column.combine_chunks()
    codes, meanings = _codes(pa.chunked_array([lists.flatten()]))
    absent = np.flatnonzero(lists.is_null().to_numpy(zero_copy_only=False))
    rows = np.concatenate([pc.list_parent_indices(lists).to_numpy(), absent])
    codes = np.concatenate([codes, np.full(len(absent), len(meanings))])
    pairs = np.unique(rows * (len(meanings) + 1) + codes)
    return *np.divmod(pairs, len(meanings) + 1), [*meanings, _ABSENT]


def _order(value: object) -> tuple[bool, float, str]:
    number = isinstance(value, int | float)
    return not number, float(value) if isinstance(value, int | float) else 0.0, str(value)


def _text(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
