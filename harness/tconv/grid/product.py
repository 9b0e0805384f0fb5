"""All combinations of a sweep's values on one number of axes, as columns of integers.

The *codes* of a point are the position of each parameter's value in the sweep and, at the end, its
*pick*: which of the sizes that its option of `o` stands for. Points are generated in chunks, so
that memory depends on the points kept, not on the points generated.
"""

import math
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from tconv.grid.requested_sizes import ABSENT, IntArray, Requests, RequestTable
from tconv.grid.sweep import PaddingPair, Sweep
from tconv.model.parameters import PARAMETERS, Parameter, sweep_order

SWEPT: Final = tuple(each.name for each in sweep_order())
"""Every parameter that a sweep multiplies out, in the order of the codes."""

_CHUNK: Final = 1 << 17


class Product:
    """The points of one sweep on one number of axes.

    Attributes:
        ndim: number of spatial axes.
        wrong_length: points dropped because a per-axis list has another number of entries, by
            reason.
        without_candidate: points dropped so far because their option of `o` stands for no size.
        added: points that words of `o` have added so far, beyond one per option.
    """

    def __init__(self, sweep: Sweep, ndim: int) -> None:
        """Prepare the values of each parameter; :meth:`chunks` generates the points."""
        self.ndim = ndim
        self.wrong_length: Counter[str] = Counter()
        self.without_candidate = self.added = 0
        self._requests = RequestTable(sweep.options["o"], ndim)
        self._codes: list[IntArray] = []
        self._tables: dict[str, IntArray] = {}
        ndims = sweep.options["ndim"]
        points = sweep.points // len(ndims) * ndims.count(ndim)
        for name in SWEPT:
            listed = sweep.options[name]
            fitting = [code for code, option in enumerate(listed) if self._fits(name, option)]
            self._count_wrong_length(name, listed, points // len(listed))
            points = points // len(listed) * len(fitting) if name != "ndim" else points
            self._codes.append(np.array(fitting, dtype=np.int64))
            self._add_table(PARAMETERS[name], listed)

    def chunks(self) -> Iterator[IntArray]:
        """Yield the codes of all points that fit, (rows, parameters and pick), in chunks."""
        shape = tuple(len(codes) for codes in self._codes)
        total = math.prod(shape)
        for start in range(0, total, _CHUNK):
            places = np.unravel_index(np.arange(start, min(start + _CHUNK, total)), shape)
            columns = [codes[place] for codes, place in zip(self._codes, places, strict=True)]
            yield from self._with_requested_sizes(np.stack(columns, axis=1))

    def columns(self, codes: IntArray) -> dict[str, IntArray]:
        """Return the values behind `codes` (rows, parameters).

        Per-axis parameters are (rows, ndim), with `p_begin` and `p_end` for `p`; the others are
        (rows,). Names are positions in :attr:`Parameter.names`; a per-axis parameter is `ABSENT`
        where it is not given.
        """
        columns, requests = self._look_up(codes[:, : len(SWEPT)])
        return columns | {"o": requests.sizes(codes[:, len(SWEPT)])}

    def _look_up(self, codes: IntArray) -> tuple[dict[str, IntArray], Requests]:
        """Return the values behind the codes, without `o`, and the sizes that `o` requests."""
        places = dict(zip(SWEPT, codes.T, strict=True))
        columns = {
            field: self._tables[field][places[name]]
            for name in SWEPT
            for field in PARAMETERS[name].fields
            if field != "o"
        }
        return columns, self._requests.requests(places["o"], columns)

    def _with_requested_sizes(self, codes: IntArray) -> Iterator[IntArray]:
        """Yield the points once for each size that their option of `o` stands for, in chunks."""
        counts = self._look_up(codes)[1].points
        self.added += int(np.maximum(counts, 1).sum()) - len(codes)
        self.without_candidate += int((counts == 0).sum())
        rows = np.repeat(np.arange(len(codes)), counts)
        picks = np.arange(len(rows)) - np.repeat(counts.cumsum() - counts, counts)
        for start in range(0, len(rows), _CHUNK):
            part = slice(start, start + _CHUNK)
            yield np.column_stack([codes[rows[part]], picks[part]])

    def _fits(self, name: str, option: Any) -> bool:  # noqa: ANN401 # a value of any parameter
        if name == "ndim":
            return bool(option == self.ndim)
        return not isinstance(option, tuple) or len(option) == self.ndim

    def _count_wrong_length(self, name: str, listed: tuple[Any, ...], points: int) -> None:
        for option in listed:
            if name != "ndim" and not self._fits(name, option):
                axes = "axis" if self.ndim == 1 else "axes"
                reason = f"per-axis list of {len(option)} entries on {self.ndim} {axes}"
                self.wrong_length[reason] += points

    def _add_table(self, parameter: Parameter, listed: tuple[Any, ...]) -> None:
        """Add the value of each option; an option that does not fit is never looked up."""
        name = parameter.name
        if parameter.kind == "pair":
            for field, side in zip(parameter.fields, ("begin", "end"), strict=True):
                self._tables[field] = self._per_axis([_side(option, side) for option in listed])
        elif parameter.kind == "name":
            positions = [parameter.names.index(option or "none") for option in listed]
            self._tables[name] = np.array(positions, dtype=np.int64)
        elif parameter.per_axis and name != "o":
            filled = [ABSENT if option is None else option for option in listed]
            self._tables[name] = self._per_axis(filled)
        elif name != "o":
            self._tables[name] = np.array(listed, dtype=np.int64)

    def _per_axis(self, listed: list[Any]) -> IntArray:
        rows = [option if isinstance(option, tuple) else (option,) * self.ndim for option in listed]
        fitting = [row if len(row) == self.ndim else (0,) * self.ndim for row in rows]
        return np.array(fitting, dtype=np.int64).reshape(len(listed), self.ndim)


def _side(padding: PaddingPair | tuple[PaddingPair, ...], side: str) -> int | tuple[int, ...]:
    if isinstance(padding, PaddingPair):
        return int(getattr(padding, side))
    return tuple(int(getattr(entry, side)) for entry in padding)
