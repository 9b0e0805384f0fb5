"""How much of what a target computes takes one call of its framework alone, by parameter."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

_PLAIN: Final[Mapping[str, int]] = {"s": 1, "p_begin": 0, "p_end": 0, "output_padding": 0,
                                    "dilation": 1}  # fmt: skip
"""The value of each per-axis parameter at which it does nothing."""

_ROUTES: Final = ["native", "composed"]
_COLUMNS: Final = ("target", "route", "ndim", *_PLAIN, "groups", "bias")


@dataclass(kw_only=True)
class Usage:
    """Counts of the rows that a target was asked to compute; grows table by table.

    Attributes:
        reached: (target, use) -> rows that use a parameter, on whichever route.
        native: the same for those on a native route.
    """

    reached: Counter[tuple[str, str]] = field(default_factory=Counter)
    native: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, table: pa.Table) -> None:
        """Count the rows of a table with the columns of the store."""
        rows = table.select(_COLUMNS).filter(pc.field("route").isin(_ROUTES)).combine_chunks()
        if not rows.num_rows:
            return
        targets = rows["target"].combine_chunks().dictionary_encode()
        codes = targets.indices.to_numpy()
        is_native = pc.equal(rows["route"], "native").to_numpy()
        for use, mask in _uses(rows).items():
            for counter, chosen in ((self.reached, mask), (self.native, mask & is_native)):
                counts = np.bincount(codes[chosen], minlength=len(targets.dictionary))
                for target, count in zip(targets.dictionary.to_pylist(), counts, strict=True):
                    counter[target, use] += int(count)

    def shares(self, target: str) -> dict[str, float | None]:
        """Return the native share of each use, in 0..1; None where no row of the target has it."""
        uses = dict.fromkeys(use for _, use in sorted(self.reached, key=_order))
        return {
            use: self.native[target, use] / count if (count := self.reached[target, use]) else None
            for use in uses
        }


def _uses(rows: pa.Table) -> dict[str, Mask]:
    """Return for each parameter which rows use it: where it is not at its plain value."""
    used = {name: _differs(rows[name], plain) for name, plain in _PLAIN.items()}
    ndim = rows["ndim"].to_numpy()
    return {
        **{f"{axes}d": ndim == axes for axes in np.unique(ndim).tolist()},
        "s > 1": used["s"],
        "p > 0": used["p_begin"] | used["p_end"],
        "p_begin != p_end": _unequal(rows["p_begin"], rows["p_end"]),
        "output_padding > 0": used["output_padding"],
        "dilation > 1": used["dilation"],
        "groups > 1": rows["groups"].to_numpy() > 1,
        "bias": rows["bias"].to_numpy().astype(bool),
    }


def _differs(column: pa.ChunkedArray, plain: int) -> Mask:
    """Return which lists have an entry that is not `plain`; an absent list has none."""
    lists = column.combine_chunks()
    return _marked(lists, lists.flatten().to_numpy() != plain)


def _unequal(one: pa.ChunkedArray, other: pa.ChunkedArray) -> Mask:
    """Return which rows have two different lists; both have an entry per axis, or both none."""
    lists = one.combine_chunks()
    return _marked(lists, lists.flatten().to_numpy() != other.combine_chunks().flatten().to_numpy())


def _marked(lists: Any, entries: Mask) -> Mask:  # noqa: ANN401 # an array of lists
    marked = np.zeros(len(lists), dtype=bool)
    marked[pc.list_parent_indices(lists).to_numpy()[entries]] = True
    return marked


def _order(key: tuple[str, str]) -> str:
    """Put the numbers of axes first, as tables may bring new ones late; the rest stays in order."""
    use = key[1]
    return use if use.endswith("d") else "other"
