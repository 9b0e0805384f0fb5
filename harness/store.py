"""The run directory: a header, Parquet parts written atomically, and a footer at the very end.

reports/<run>/header.json            what was asked for, and of what
reports/<run>/parts/000-0000000.parquet   rows of a target (first number), from its case (second) on
reports/<run>/footer.json            written last: without it the run is incomplete
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import chain, count
from pathlib import Path
from typing import Any, Final, Self

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from harness.columns import COLUMNS, SCHEMA_VERSION, Kind
from harness.digest import RowsDigest
from harness.errors import StoreError
from harness.rows import Columns

_TYPES: Final[Mapping[Kind, Any]] = {
    "text": pa.string(),
    "texts": pa.list_(pa.string()),
    "integer": pa.int64(),
    "integers": pa.list_(pa.int64()),
    "number": pa.float64(),
    "boolean": pa.bool_(),
}

SCHEMA: Final = pa.schema(
    [
        pa.field(c.name, _TYPES[c.kind], metadata={"unit": c.unit, "meaning": c.meaning})
        for c in COLUMNS
    ]
)
"""The Parquet schema of a part, made from :data:`harness.columns.COLUMNS`."""


_PIECE: Final = 100_000  # rows that are read at once where all are wanted
_COUNTED: Final = ("rows", "digest")  # what a footer holds, whatever else the run adds


class RunWriter:
    """A run directory that is being written.

    Attributes:
        path: the run directory.
        digest: digest of the rows written so far.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.digest = RowsDigest()

    @classmethod
    def create(cls, path: Path, header: Mapping[str, object]) -> Self:
        """Make a new run directory with its header.

        Where `path` exists already, as two runs may begin in one second, `-2` is added to its
        name, or `-3`, and so on.

        Raises:
            StoreError: the directory cannot be written.
        """
        made = _new_directory(path)
        _write_json(made / "header.json", {"schema_version": SCHEMA_VERSION, **header})
        return cls(made)

    def write(self, target: int, first: int, columns: Columns) -> None:
        """Write the rows of a target's consecutive cases from the `first` on, all or nothing.

        Raises:
            StoreError: the directory cannot be written; what was written before stays.
        """
        table = pa.table(dict(columns), schema=SCHEMA)
        part = self.path / "parts" / f"{target:03d}-{first:07d}.parquet"
        unfinished = part.with_suffix(".unfinished")
        try:
            pq.write_table(table, unfinished)
            unfinished.replace(part)
        except OSError as error:
            raise unwritable(part, error) from error
        self.digest.add(columns)

    def finish(self, footer: Mapping[str, object]) -> None:
        """Write the footer, which makes the run complete.

        Raises:
            StoreError: the directory cannot be written.
        """
        counted = dict(zip(_COUNTED, (self.digest.rows, self.digest.hexadecimal), strict=True))
        _write_json(self.path / "footer.json", counted | dict(footer))


class RunReader:
    """A run directory that is read.

    Attributes:
        path: the run directory.
        header: its header, as :func:`harness.header.header` made it.
        footer: its footer, or None: the run is incomplete.
    """

    def __init__(self, path: Path | str) -> None:
        """Read header and footer.

        Raises:
            StoreError: the path is no run directory, its schema is not this version's, or a file
                is damaged.
        """
        self.path = Path(path)
        if not (self.path / "header.json").is_file():
            raise StoreError(
                f"run={str(path)!r}, but should be a run directory (one that holds header.json); "
                "`tconv run` prints the path of the one it makes"
            )
        self.header = _read_json(self.path / "header.json", ("schema_version",))
        complete = (self.path / "footer.json").is_file()
        self.footer = _read_json(self.path / "footer.json", _COUNTED) if complete else None
        version = self.header["schema_version"]
        if version != SCHEMA_VERSION:
            raise StoreError(
                f"schema_version={version!r} in {self.path / 'header.json'}, but should be "
                f"{SCHEMA_VERSION}; read the run with the version of the harness that wrote it"
            )

    def require(self, names: Iterable[str]) -> None:
        """Do nothing where the header has these keys.

        Raises:
            StoreError: it lacks one; the message names those it lacks.
        """
        lacking = [name for name in names if name not in self.header]
        if lacking:
            raise _damaged(self.path / "header.json", KeyError(*lacking))

    @property
    def is_complete(self) -> bool:
        """Whether the run came to its end."""
        return self.footer is not None

    def parts(self) -> Iterator[pa.Table]:
        """Yield the parts, by target and case.

        Raises:
            StoreError: a part is damaged.
        """
        for part in self._paths():
            try:
                yield pq.read_table(part, schema=SCHEMA)
            except (OSError, pa.ArrowException) as error:
                raise _damaged(part, error) from error

    def tables(self, size: int) -> Iterator[pa.Table]:
        """Yield all rows in tables in one piece: large parts are cut, small ones joined.

        Args:
            size: number of rows of a table; the last of them may have fewer, and any twice as many.

        Raises:
            StoreError: a part is damaged, or rows are missing from a complete run.
        """
        total = 0
        held = SCHEMA.empty_table()
        for batch in self._batches(size):
            held = pa.concat_tables([held, batch])
            total += batch.num_rows
            if held.num_rows >= size:
                yield held.combine_chunks()
                held = SCHEMA.empty_table()
        if held.num_rows:
            yield held.combine_chunks()
        if self.footer is not None and total != self.footer["rows"]:
            raise StoreError(
                f"{self.path} holds {total} rows, but its footer says "
                f"{self.footer['rows']}; parts are missing, so run the sweep again"
            )

    def table(self) -> pa.Table:
        """Return all rows as one table.

        Raises:
            StoreError: a part is damaged, or rows are missing from a complete run.
        """
        return pa.concat_tables([SCHEMA.empty_table(), *self.tables(_PIECE)])

    def _paths(self) -> list[Path]:
        return sorted((self.path / "parts").glob("*.parquet"))

    def _batches(self, size: int) -> Iterator[pa.Table]:
        """Yield the parts, by target and case, large ones in batches of `size` rows."""
        for part in self._paths():
            try:
                scanned = ds.dataset(part, schema=SCHEMA, format="parquet").to_batches(
                    batch_size=size, batch_readahead=1, fragment_readahead=1
                )
                for batch in scanned:
                    yield pa.table(batch)
            except (OSError, pa.ArrowException) as error:
                raise _damaged(part, error) from error


def newest(directory: Path) -> Path:
    """Return the run directory in `directory` that was begun last.

    Raises:
        StoreError: there is none.
    """
    headers = list(directory.glob("*/header.json"))
    if not headers:
        raise StoreError(f"no run in {directory}; make one with `tconv run` or name its directory")
    return max(headers, key=_begun).parent


def _begun(header: Path) -> tuple[str, float]:
    """Return when a run was begun: as it says itself, and by its file, which a copy may change."""
    said = ""
    with suppress(StoreError):
        said = str(_read_json(header).get("started", ""))
    return said, header.stat().st_mtime


def _new_directory(path: Path) -> Path:
    """Make the first directory of `path`, `path-2`, `path-3`, ... that does not exist yet."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for made in chain([path], (path.with_name(f"{path.name}-{at}") for at in count(2))):
            with suppress(FileExistsError):
                made.mkdir()
                (made / "parts").mkdir()
                return made
    except OSError as error:
        raise unwritable(path, error) from error
    raise AssertionError  # names never run out


def _write_json(path: Path, content: Mapping[str, object]) -> None:
    unfinished = path.with_suffix(".unfinished")
    try:
        unfinished.write_text(json.dumps(content, indent=1) + "\n")
        unfinished.replace(path)
    except OSError as error:
        raise unwritable(path, error) from error


def _read_json(path: Path, needed: Iterable[str] = ()) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise _damaged(path, error) from error
    if not isinstance(content, dict):
        raise _damaged(path, TypeError("not a JSON object"))
    lacking = [name for name in needed if name not in content]
    if lacking:
        raise _damaged(path, KeyError(*lacking))
    return content


def unwritable(path: Path, error: OSError) -> StoreError:
    """Return the error that says why `path` cannot be written, and what to do."""
    why = os.strerror(error.errno) if error.errno else str(error)
    return StoreError(f"cannot write {path}: {why}; choose another directory with --out")


def _damaged(path: Path, error: Exception) -> StoreError:
    return StoreError(f"{path} is damaged: {error}; run the sweep again, nothing was changed")
