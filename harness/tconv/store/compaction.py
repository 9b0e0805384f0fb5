"""Joins the small parts of a run into large ones, so that reading a long run is quick.

The large part takes the place of the first that it holds, in one step; those it holds besides are
removed afterwards. A kill at any moment leaves every row, and readers pass over what is left over.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq

from tconv.store import json_file, part
from tconv.store.part import StoredPart

GROUP: Final = 2**14
"""Rows of a row group. Whoever joins or reads parts holds several times that many in memory."""


def compact(run: Path) -> None:
    """Join the parts of each target that follow each other; where there is no room, join fewer.

    Raises:
        StoreError: a part is damaged.
    """
    live, _ = part.stored(run)
    for group in successive(live):
        if len(group) > 1:
            with suppress(OSError):  # the parts are as good, only slower to read
                _join(group)


def successive(parts: Sequence[StoredPart]) -> Iterator[list[StoredPart]]:
    """Yield the parts in groups, each of one span of one target without a gap."""
    group: list[StoredPart] = []
    for each in parts:
        if group and (each.target, each.span.start) != (group[-1].target, group[-1].span.stop):
            yield group
            group = []
        group.append(each)
    if group:
        yield group


def _join(group: Sequence[StoredPart]) -> None:
    first, *others = (each.path for each in group)
    unfinished = first.with_suffix(".unfinished")
    try:
        with pq.ParquetWriter(unfinished, part.marked(each.digest for each in group)) as writer:
            for table in part.joined(group, GROUP):
                writer.write_table(table, row_group_size=GROUP)
        json_file.settle(unfinished, first)
    finally:
        unfinished.unlink(missing_ok=True)
    for path in others:
        path.unlink()
