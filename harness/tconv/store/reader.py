"""Reads a run directory, complete or not."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from tconv.errors import StoreError, quoted, shortened
from tconv.store import arrow, json_file, part, shape
from tconv.store.columns import READABLE, SEALED
from tconv.store.errors import (
    FOOTER,
    damaged,
    foreign,
    miscounted,
    require_no_links,
    require_unicode,
)
from tconv.store.part import SCHEMA, StoredPart
from tconv.store.rows import records
from tconv.text_file import is_file

FOOTER_KEYS: Final = ("rows", "digest")
"""The keys that every footer has; a run adds others."""

_PIECE: Final = 2**16  # rows that are joined at a time
_RECORDS: Final = 2**14  # rows that are Python objects at once


class RunReader:
    """A run directory, opened for reading.

    Attributes:
        path: the run directory.
        header: its header, as :func:`tconv.runs.header.header` makes it.
        footer: its footer, or None: the run is incomplete.
    """

    def __init__(self, path: Path | str) -> None:
        """Read header and footer.

        Raises:
            StoreError: the path is not a run directory, was written with another version of the
                schema, or a file is damaged.
        """
        self.path = Path(path)
        require_unicode(self.path)
        if not is_file(self.path / "header.json"):
            raise StoreError(
                f"run={quoted(str(path))}, but should be a run directory (one that holds "
                "header.json); `tconv run` prints the path of the one it makes"
            )
        require_no_links(self.path)
        self._is_checked = False
        header = self.path / "header.json"
        version = json_file.read(header, {}, ("schema_version",))["schema_version"]
        if version not in READABLE:
            raise StoreError(
                f"schema_version={quoted(version)} in {header}, but should be "
                f"{' or '.join(map(str, READABLE))}; read the run with the version of the harness "
                "that wrote it"
            )
        checksum = (json_file.CHECKSUM,) if version >= SEALED else ()
        self.header = json_file.read(header, shape.HEADER, checksum)
        self.footer = self._footer(checksum) if (self.path / FOOTER).is_file() else None

    def _footer(self, checksum: tuple[str, ...]) -> dict[str, Any]:
        """Return the footer, which names the header and, by their digests, the parts."""
        needed = (*FOOTER_KEYS, *checksum, *(("parts", "header") if checksum else ()))
        footer = json_file.read(self.path / FOOTER, shape.FOOTER, needed)
        if checksum and footer["header"] != self.header[json_file.CHECKSUM]:
            raise foreign(self.path / "header.json", "header")
        return footer

    def require(self, names: Iterable[str]) -> None:
        """Check that the header has these keys.

        Raises:
            StoreError: it lacks one; the message names those it lacks.
        """
        lacking = [name for name in names if name not in self.header]
        if lacking:
            raise damaged(self.path / "header.json", KeyError(*lacking))

    @property
    def is_complete(self) -> bool:
        """Whether the run has a footer."""
        return self.footer is not None

    def require_complete(self) -> dict[str, Any]:
        """Return the footer.

        Raises:
            StoreError: there is none, because the run is incomplete.
        """
        if self.footer is None:
            raise StoreError(
                f"{self.path} is incomplete: it has no footer.json; complete it with "
                f"`tconv run --resume {self.path}`"
            )
        return self.footer

    def parts(self) -> list[StoredPart]:
        """Return the parts, by target and case; no row is read.

        Raises:
            StoreError: a part is damaged.
        """
        return part.live_and_leftover(self.path)[0]

    def checked_parts(self) -> list[StoredPart]:
        """Return the parts, after checking that those of a complete run are what was written.

        Their number of rows and their digests are held against the footer. A footer older than
        schema version 4 has a digest of all rows only, so swapped names go unnoticed there.

        Raises:
            StoreError: a part is damaged, or a complete run lacks one, or has another's.
        """
        parts = self.parts()
        if self.footer is not None and not self._is_checked:
            total = sum(len(each.span) for each in parts)
            if total != self.footer["rows"]:
                raise miscounted(self.path, total, self.footer["rows"])
            part.require_digests(parts, self.footer)
            self._is_checked = True
        return parts

    def tables(self, size: int, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """Yield all rows as contiguous tables: large parts are cut, small ones joined.

        Args:
            size: number of rows of a table; the last of them may have fewer, and any twice as many.
            columns: names of the columns, all where None.

        Raises:
            StoreError: a part is damaged, or rows are missing from a complete run.
        """
        yield from part.joined(self.checked_parts(), size, columns)

    def records(self, columns: Sequence[str] | None = None) -> Iterator[dict[str, Any]]:
        """Yield all rows as mappings of columns; lists are tuples, absent values None.

        Args:
            columns: names of the columns, all where None.

        Raises:
            StoreError: a part is damaged, or rows are missing from a complete run.
        """
        for table in self.tables(_RECORDS, columns):
            yield from records(arrow.columns(table))

    def table(self) -> pa.Table:
        """Return all rows as one table.

        Raises:
            StoreError: a part is damaged, or rows are missing from a complete run.
        """
        return pa.concat_tables([SCHEMA.empty_table(), *self.tables(_PIECE)])


def newest_run(directory: Path) -> Path:
    """Return the run directory in `directory` that was started last.

    Raises:
        StoreError: there is none.
    """
    headers = list(directory.glob("*/header.json"))
    if not headers:
        raise StoreError(f"no run in {directory}; make one with `tconv run` or name its directory")
    return max(headers, key=_started).parent


def incomplete_run(path: Path) -> Path:
    """Return `path` if it is a run directory, else the incomplete run in it that was started last.

    Raises:
        StoreError: it is not a run directory and holds no incomplete run.
    """
    if is_file(path / "header.json"):
        return path
    headers = [each for each in path.glob("*/header.json") if not each.with_name(FOOTER).exists()]
    if not headers:
        raise StoreError(
            f"{shortened(path)} is not a run directory and holds no incomplete run; `tconv run` "
            "starts a new one"
        )
    return max(headers, key=_started).parent


def _started(header: Path) -> tuple[str, float]:
    """Return when a run was started: by its header, then by its file, which copies may change."""
    started = ""
    with suppress(StoreError):
        started = str(json_file.read(header, {}).get("started", ""))
    return started, header.stat().st_mtime
