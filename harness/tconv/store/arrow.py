"""Columns of Python values as an Arrow table, and back.

A table is made buffer by buffer, because Arrow's own conversion of Python objects imports pandas,
which costs each worker a quarter of a second and 45 MB.
"""

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike

from tconv.store.rows import Columns


def table(columns: Columns, schema: pa.Schema) -> pa.Table:
    """Return rows as a table with the columns of a schema of the store."""
    arrays = [_array(columns[field.name], field.type) for field in schema]
    return pa.Table.from_arrays(arrays, schema=schema)


def columns(table: pa.Table) -> Columns:
    """Return the values of each column of a table; lists are tuples, absent values None."""
    return {
        name: [tuple(value) if isinstance(value, list) else value for value in values]
        for name, values in table.to_pydict().items()
    }


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """Return an array of a type of the store; None is an absent value."""
    absent = sum(value is None for value in values)
    if absent == len(values):
        return pa.nulls(absent, kind)
    valid = _bits([value is not None for value in values]) if absent else None
    if pa.types.is_list(kind):
        lists = [value or () for value in values]
        entries = _array(list(chain.from_iterable(lists)), kind.value_type)
        buffers, children = [valid, _offsets(lists)], [entries]
    elif pa.types.is_string(kind):
        texts = [(value or "").encode() for value in values]
        buffers, children = [valid, _offsets(texts), pa.py_buffer(b"".join(texts))], None
    else:
        numbers = [value or 0 for value in values] if absent else values
        buffers, children = [valid, _numbers(numbers, kind)], None
    return pa.Array.from_buffers(kind, len(values), buffers, children=children)


def _numbers(values: ArrayLike, kind: pa.DataType) -> pa.Buffer:
    if pa.types.is_boolean(kind):
        return _bits(values)
    array = np.array(values)
    return pa.py_buffer(array.astype(kind.to_pandas_dtype(), casting="same_kind", copy=False))


def _bits(values: ArrayLike) -> pa.Buffer:
    return pa.py_buffer(np.packbits(np.array(values, dtype=bool), bitorder="little"))


def _offsets(values: Sequence[Sequence[Any]]) -> pa.Buffer:
    """Return where each of the values starts, and where the last ends."""
    return pa.py_buffer(np.cumsum([0, *map(len, values)], dtype=np.int32))
