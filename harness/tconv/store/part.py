"""A part: one file with the rows of consecutive cases of one target, and their digest."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Final, Self

import pyarrow as pa
import pyarrow.parquet as pq

from tconv.errors import StoreError
from tconv.store.columns import COLUMNS, Kind
from tconv.store.digest import RowsDigest
from tconv.store.errors import damaged_part, foreign

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
"""The Parquet schema of a part, made from :data:`tconv.store.columns.COLUMNS`."""

_NAME: Final = re.compile(r"(\d{3,})-(\d{7,})")
_DIGEST: Final = "digest"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPart:
    """A part as it lies in its file.

    Attributes:
        path: the file.
        target: number of the target among the run's.
        span: indices of its cases among those planned for the target.
        digest: digest of its rows, 64 hexadecimal digits.
    """

    path: Path
    target: int
    span: range
    digest: str

    @classmethod
    def from_path(cls, path: Path) -> Self:
        """Return the part in a file, without reading its rows.

        Raises:
            StoreError: the file is damaged, or does not have the name of a part.
        """
        match = _NAME.fullmatch(path.stem)
        if match is None:
            raise StoreError(
                f"{path} is not named like a part of a run (000-0000000.parquet); move it elsewhere"
            )
        try:
            metadata = pq.read_metadata(path)
            digest = metadata.metadata[_DIGEST.encode()].decode()
            int(digest, 16)
            schema = metadata.schema.to_arrow_schema()
        except (OSError, KeyError, TypeError, ValueError, pa.ArrowException) as error:
            raise damaged_part(path, error) from error
        _require_types(path, schema)
        first = int(match[2])
        return cls(
            path=path,
            target=int(match[1]),
            span=range(first, first + metadata.num_rows),
            digest=digest,
        )

    def batches(self, size: int, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """Yield its rows, at most `size` at a time, with all columns or those that are named.

        Raises:
            StoreError: the file is damaged.
        """
        schema = pa.schema([SCHEMA.field(name) for name in columns or SCHEMA.names])
        try:
            # Reading ahead or in threads would hold several times the memory of a batch.
            with pq.ParquetFile(
                self.path, pre_buffer=False, page_checksum_verification=True
            ) as stored:
                held = set(stored.schema_arrow.names) & set(schema.names)
                for batch in stored.iter_batches(size, columns=sorted(held), use_threads=False):
                    yield _shaped(batch, schema)
        except (OSError, ValueError, TypeError, pa.ArrowException) as error:
            raise damaged_part(self.path, error) from error


def require_digests(parts: Sequence[StoredPart], footer: Mapping[str, Any]) -> None:
    """Check that the parts are those that a run was finished with.

    Raises:
        StoreError: one of them is not, or a part is missing.
    """
    digests = footer.get("parts")
    if digests is None:
        total = RowsDigest()
        for part in parts:
            total.join(part.digest, len(part.span))
        if total.hexadecimal != footer["digest"]:
            raise foreign(parts[0].path, "digest")
        return
    for part in parts:
        if file_digest(part.path) != digests.get(part.path.name):
            raise foreign(part.path, f"parts.{part.path.name}")


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file, 64 hexadecimal digits.

    Raises:
        StoreError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise damaged_part(path, error) from error


def _require_types(path: Path, schema: pa.Schema) -> None:
    """Check that the columns of the store that a part holds have the store's types."""
    for field in SCHEMA:
        if field.name in schema.names and schema.field(field.name).type != field.type:
            kind = schema.field(field.name).type
            raise damaged_part(
                path, TypeError(f"column {field.name} is {kind}, but should be {field.type}")
            )


def _shaped(batch: pa.RecordBatch, schema: pa.Schema) -> pa.Table:
    """Return a batch with the columns of a schema; those that its file lacks hold no value."""
    held = dict(zip(batch.schema.names, batch.columns, strict=True))
    columns = [
        held[each.name] if each.name in held else pa.nulls(batch.num_rows, each.type)
        for each in schema
    ]
    return pa.table(columns, schema=schema)


def path_of(run: Path, target: int, first: int) -> Path:
    """Return the file of the part of a run that starts with this case of this target."""
    return run / "parts" / f"{target:03d}-{first:07d}.parquet"


def schema_with(digests: Iterable[str]) -> pa.Schema:
    """Return the schema of a file of rows, with the sum of their digests."""
    total = RowsDigest()
    for digest in digests:
        total.join(digest, 0)
    return SCHEMA.with_metadata({_DIGEST: total.hexadecimal})


def live_and_leftover(run: Path) -> tuple[list[StoredPart], list[StoredPart]]:
    """Return the parts of a run by target and case, and the leftovers of an interrupted compaction.

    A compacted part replaces the first of the parts that it holds. The others, whose spans lie
    inside its own, are left over where the process was killed before it removed them.

    Raises:
        StoreError: a part is damaged, or two of them overlap in part.
    """
    parts = [StoredPart.from_path(each) for each in (run / "parts").glob("*.parquet")]
    live: list[StoredPart] = []
    leftover: list[StoredPart] = []
    for part in sorted(parts, key=lambda part: (part.target, part.span.start)):
        last = live[-1] if live and live[-1].target == part.target else None
        if last is None or part.span.start >= last.span.stop:
            live.append(part)
        elif part.span.stop <= last.span.stop:
            leftover.append(part)
        else:
            raise StoreError(
                f"{last.path} and {part.path.name} overlap in part, but should hold the same "
                "cases or none in common; run the sweep again"
            )
    return live, leftover


def joined(
    parts: Iterable[StoredPart], size: int, columns: Sequence[str] | None = None
) -> Iterator[pa.Table]:
    """Yield the rows of the parts as contiguous tables: large parts are cut, small ones joined.

    Args:
        parts: the parts, in this order.
        size: number of rows of a table; the last of them may have fewer, and any twice as many.
        columns: names of the columns, all where None.

    Raises:
        StoreError: a part is damaged.
    """
    held: list[pa.Table] = []
    for batch in chain.from_iterable(each.batches(size, columns) for each in parts):
        held.append(batch)
        if sum(each.num_rows for each in held) >= size:
            yield pa.concat_tables(held).combine_chunks()
            held = []
    if held:
        yield pa.concat_tables(held).combine_chunks()


def gaps(spans: Iterable[range], count: int) -> tuple[range, ...]:
    """Return the spans of 0..`count` - 1 that none of the disjoint `spans` covers, in order."""
    bounds = sorted((span.start, span.stop) for span in spans)
    starts = [0, *(stop for _, stop in bounds)]
    ends = [*(start for start, _ in bounds), count]
    return tuple(range(start, end) for start, end in zip(starts, ends, strict=True) if start < end)
