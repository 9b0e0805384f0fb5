"""Joins the small parts of a run into large ones, so that reading a long run is quick.

The large part replaces the first of the parts that it holds in one atomic step; the others are
removed afterwards. So no row is lost if the process is killed, and readers skip leftover parts.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq

from tconv.store import json_file, part
from tconv.store.part import StoredPart

GROUP: Final = 2**14
"""Rows of a row group. Joining or reading parts holds several times that many in memory."""


def compact(run: Path) -> None:
    """Join consecutive parts of each target; where the disk is full, leave them as they are.

    Raises:
        StoreError: a part is damaged.
    """
    live, _ = part.live_and_leftover(run)
    for group in _consecutive(live):
        if len(group) > 1:
            with suppress(OSError):  # small parts hold the same rows, only slower to read
                _join(group)


def _consecutive(parts: Sequence[StoredPart]) -> Iterator[list[StoredPart]]:
    """Yield the parts in groups that cover a span of one target without a gap."""
    group: list[StoredPart] = []
    for stored in parts:
        if group and (stored.target, stored.span.start) != (group[-1].target, group[-1].span.stop):
            yield group
            group = []
        group.append(stored)
    if group:
        yield group


def _join(group: Sequence[StoredPart]) -> None:
    first, *further = (stored.path for stored in group)
    unfinished = first.with_suffix(".unfinished")
    try:
        with pq.ParquetWriter(
            unfinished,
            part.schema_with(stored.digest for stored in group),
            write_page_checksum=True,
        ) as writer:
            for table in part.joined(group, GROUP):
                writer.write_table(table, row_group_size=GROUP)
        json_file.move_into_place(unfinished, first)
    finally:
        unfinished.unlink(missing_ok=True)
    for path in further:
        path.unlink()
