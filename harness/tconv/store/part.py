"""One file of rows: consecutive cases of one target, with the digest of what it holds."""

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
from tconv.store.errors import damaged_part

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
        """Return the part in a file, of which no row is read.

        Raises:
            StoreError: the file is damaged, or its name is no part's.
        """
        named = _NAME.fullmatch(path.stem)
        if named is None:
            raise StoreError(
                f"{path} is not named as a part, as 000-0000000, so it is none of this run; "
                "move it elsewhere"
            )
        try:
            metadata = pq.read_metadata(path)
            digest = metadata.metadata[_DIGEST.encode()].decode()
        except (OSError, KeyError, TypeError, pa.ArrowException) as error:
            raise damaged_part(path, error) from error
        first = int(named[2])
        return cls(
            path=path,
            target=int(named[1]),
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
            # Neither ahead nor in threads: what they hold is several times what a batch takes.
            with pq.ParquetFile(self.path, pre_buffer=False) as stored:
                held = set(stored.schema_arrow.names) & set(schema.names)
                for batch in stored.iter_batches(size, columns=sorted(held), use_threads=False):
                    yield _shaped(batch, schema)
        except (OSError, pa.ArrowException) as error:
            raise damaged_part(self.path, error) from error


def _shaped(batch: pa.RecordBatch, schema: pa.Schema) -> pa.Table:
    """Return a batch with the columns of a schema; one that its file lacks is absent throughout."""
    held = dict(zip(batch.schema.names, batch.columns, strict=True))
    columns = [
        held[each.name] if each.name in held else pa.nulls(batch.num_rows, each.type)
        for each in schema
    ]
    return pa.table(columns, schema=schema)


def path(run: Path, target: int, first: int) -> Path:
    """Return the file of the part of a run that begins with this case of this target."""
    return run / "parts" / f"{target:03d}-{first:07d}.parquet"


def marked(digests: Iterable[str]) -> pa.Schema:
    """Return the schema of a file whose rows have these digests in sum."""
    total = RowsDigest()
    for each in digests:
        total.join(each, 0)
    return SCHEMA.with_metadata({_DIGEST: total.hexadecimal})


def stored(run: Path) -> tuple[list[StoredPart], list[StoredPart]]:
    """Return the parts of a run by target and case, and those that compaction has left over.

    A compacted part replaces the first of the parts that it holds; the others begin inside of its
    span until they are removed, which a kill may keep from happening.

    Raises:
        StoreError: a part is damaged, or two of them hold some of the same cases and others.
    """
    parts = [StoredPart.from_path(each) for each in (run / "parts").glob("*.parquet")]
    live: list[StoredPart] = []
    spare: list[StoredPart] = []
    for each in sorted(parts, key=lambda part: (part.target, part.span.start)):
        last = live[-1] if live and live[-1].target == each.target else None
        if last is None or each.span.start >= last.span.stop:
            live.append(each)
        elif each.span.stop <= last.span.stop:
            spare.append(each)
        else:
            raise StoreError(
                f"{last.path} and {each.path.name} hold some of the same cases, but should hold "
                "the same ones or different ones; run the sweep again"
            )
    return live, spare


def joined(
    parts: Iterable[StoredPart], size: int, columns: Sequence[str] | None = None
) -> Iterator[pa.Table]:
    """Yield the rows of the parts in tables in one piece: large parts are cut, small ones joined.

    Args:
        parts: whose rows, in this order.
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
    """Return the spans of 0..`count` - 1 that none of the disjoint `spans` covers, rising."""
    bounds = sorted((span.start, span.stop) for span in spans)
    begins = [0, *(stop for _, stop in bounds)]
    ends = [*(start for start, _ in bounds), count]
    return tuple(range(begin, end) for begin, end in zip(begins, ends, strict=True) if begin < end)
