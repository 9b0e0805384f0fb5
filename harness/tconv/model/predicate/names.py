"""What the names in a predicate mean: columns of case parameters, as cells.

They are the fields of a case and the short letters of :data:`~tconv.model.parameters.PARAMETERS`,
with the meanings stated there, and three that are derived:

- `K` = d(k-1)+1;
- `o`: the requested output size where there is one, else the explicit size (Dumoulin & Visin,
  arXiv:1603.07285, relationship 14), absent where a padding policy leaves it open;
- `p`: the crop of an axis whose two sides agree, absent on an axis where they differ: use
  `p_begin` or `p_end` there. All three are absent where a padding policy is given.

`padding` is "none" where no policy is given; `output_padding` is absent where it is not given.
"""

import difflib
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tconv.errors import PredicateError, quoted
from tconv.model.parameters import PARAMETERS, Table
from tconv.model.predicate.cells import Cells

Columns = Mapping[str, Any]
"""Parameter name -> one entry per row: an array, or a sequence of integers, tuples, texts..."""


class Vocabulary:
    """The names of the language.

    Attributes:
        fields: the parameter behind each field of a case.
        letters: the name that each short letter stands for.
        names: every name of the language.
    """

    def __init__(self, table: Table = PARAMETERS) -> None:
        """Take the names from the parameters of a table."""
        self.fields = {field: each for each in table.values() for field in each.fields}
        self.letters = {each.letter: name for name, each in table.items() if each.letter}
        self.names = (*self.fields, *self.letters, "p", "K")


_VOCABULARY: Final = Vocabulary()
KNOWN: Final = _VOCABULARY.names
"""Every name of the language."""


class Names(Mapping[str, Cells]):
    """The cells of each name, made when it is asked for."""

    def __init__(
        self, columns: Columns, texts: Collection[str] = (), vocabulary: Vocabulary = _VOCABULARY
    ) -> None:
        """Read the parameters from `columns`; `texts` names further columns of text."""
        self._columns = columns
        self._texts = texts
        self._vocabulary = vocabulary

    def __iter__(self) -> Iterator[str]:
        return iter((*self._vocabulary.names, *self._texts))

    def __len__(self) -> int:
        return len(self._vocabulary.names) + len(self._texts)

    def __getitem__(self, name: str) -> Cells:
        """Return the cells of `name`.

        Raises:
            PredicateError: the name is unknown, or its column is missing.
        """
        name = self._vocabulary.letters.get(name, name)
        if name in _DERIVED:
            return _DERIVED[name](self)
        if name not in self._vocabulary.fields and name not in self._texts:
            raise PredicateError(_unknown(name, tuple(self)))
        return self.column(name)

    def column(self, name: str) -> Cells:
        """Return the cells of a column as it stands.

        Raises:
            PredicateError: there is no such column.
        """
        if name not in self._columns:
            columns = ", ".join(self._columns)
            raise PredicateError(
                f"column={quoted(name)}, but should be one of those given: {columns}"
            )
        column = self._columns[name]
        if name in self._texts:
            return Cells.of("text", _texts(column)[:, None])
        parameter = self._vocabulary.fields[name]
        if parameter.per_axis:
            return _axis_cells(column)
        if parameter.kind == "name":
            return Cells.of("text", _texts(column)[:, None])
        if parameter.kind == "flag":
            return Cells.of("truth", np.asarray(column, dtype=np.bool_)[:, None])
        return Cells.of("number", np.asarray(column, dtype=np.int64)[:, None])

    def explicit(self) -> NDArray[np.bool_]:
        """Return where no padding policy is given, (rows, 1) or (1, 1)."""
        if "padding" not in self._columns:
            return np.ones((1, 1), dtype=np.bool_)
        return np.asarray(self.column("padding").values == "none")


def _effective_kernel(names: Names) -> Cells:
    k, d = names["k"], names["d"]
    return Cells.of("number", d.values * (k.values - 1) + 1)


def _side(name: str) -> Callable[[Names], Cells]:
    def cells(names: Names) -> Cells:
        return Cells("number", names.column(name).values, names.explicit())

    return cells


def _padding(names: Names) -> Cells:
    begin, end = names["p_begin"], names["p_end"]
    return Cells("number", begin.values, (begin.values == end.values) & begin.present)


def _output_size(names: Names) -> Cells:
    s, begin, end, op = (names[name] for name in ("s", "p_begin", "p_end", "op"))
    full = s.values * (names["i"].values - 1) + names["K"].values
    size = Cells("number", full - begin.values - end.values + op.values, begin.present & op.present)
    if "o" not in names._columns:  # noqa: SLF001 # one concept with the class
        return size
    requested = names.column("o")
    return Cells("number", np.where(requested.present, requested.values, size.values),
                 requested.present | size.present)  # fmt: skip


_DERIVED: Final[dict[str, Callable[[Names], Cells]]] = {
    "K": _effective_kernel,
    "p": _padding,
    "p_begin": _side("p_begin"),
    "p_end": _side("p_end"),
    "o": _output_size,
}


def _axis_cells(column: Any) -> Cells:  # noqa: ANN401 # a frame's column or an array
    """Return cells (rows, axes) of a per-axis column; what an array masks is absent.

    Rows with fewer axes than others repeat their first axis, which no `any` and no `all` over the
    axes can tell from its original.
    """
    if isinstance(column, np.ndarray) and column.ndim == 2:
        return Cells("number", np.ma.filled(column, 0), ~np.ma.getmaskarray(column))
    rows = [tuple(row) if hasattr(row, "__len__") else () for row in column]
    width = max(map(len, rows), default=1) or 1
    filled = [row + (row[:1] or (0,)) * (width - len(row)) for row in rows]
    present = np.array([bool(row) for row in rows], dtype=np.bool_)[:, None]
    return Cells("number", np.array(filled, dtype=np.int64).reshape(len(rows), width), present)


def _texts(column: Any) -> NDArray[Any]:  # noqa: ANN401 # as above
    if isinstance(column, np.ndarray) and column.dtype.kind == "U":
        return column
    return np.array([text if isinstance(text, str) else "none" for text in column], dtype=np.str_)


def _unknown(name: str, names: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(name, names, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return f"name={quoted(name)}, but should be one of {', '.join(names)}{hint}"
