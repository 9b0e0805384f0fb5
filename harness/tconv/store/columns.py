"""The columns of a result row, declared once: the store, the frames and the reports read this."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from tconv.model.parameters import PARAMETERS, Table

Kind = Literal["text", "texts", "integer", "integers", "number", "boolean"]
Row = Mapping[str, object]

SCHEMA_VERSION: Final = 4
"""Raised when a column changes its name, kind or meaning, or a part its name; not for new columns.

2: a part is named after its first case and carries the digest of its rows.
3: `inferred_shape`, `inference` and `coinciding` got these names.
4: header and footer carry a checksum, and the footer the digests of the header and of each part."""

READABLE: Final = (3, SCHEMA_VERSION)
"""The versions that are read; damage is noticed less often in runs older than 4."""

SEALED: Final = 4
"""The first version whose files carry checksums."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a result row.

    Attributes:
        name: the name in the store, in frames and in CSV.
        kind: `integers` and `texts` are lists; in CSV they are joined by `x` and `; `.
        unit: unit of the values, empty where there is none.
        meaning: one line for people.
    """

    name: str
    kind: Kind
    unit: str
    meaning: str


def _columns(rows: Iterable[tuple[str, Kind, str, str]]) -> tuple[Column, ...]:
    return tuple(
        Column(name=name, kind=kind, unit=unit, meaning=meaning)
        for name, kind, unit, meaning in rows
    )


def case_columns(table: Table = PARAMETERS) -> tuple[Column, ...]:
    """Return the columns of a case with the parameters of a table."""
    kinds: dict[str, Kind] = {"integer": "integer", "name": "text", "flag": "boolean"}
    own: list[tuple[str, Kind, str, str]] = [
        ("case", "text", "", "case id: seed of the inputs, and what --case takes"),
        ("suite", "text", "", "explicit, open, extended or illegal"),
    ]
    for parameter in table.values():
        kind = "integers" if parameter.per_axis else kinds[parameter.kind]
        own += [
            (name, kind, parameter.unit, meaning)
            for name, meaning in zip(parameter.fields, parameter.meanings, strict=True)
        ]
    return _columns(own)


CASE_COLUMNS: Final = case_columns()

TARGET_COLUMNS: Final = _columns(
    (
        ("target", "text", "", "backend:mode@device"),
        ("backend", "text", "", "name of the adapter"),
        ("mode", "text", "", "how the framework is called"),
        ("device", "text", "", "where it computes"),
        ("backend_version", "text", "", "version of the framework"),
    )
)

RESULT_COLUMNS: Final = _columns(
    (
        ("route", "text", "", "native, composed or unsupported; none: the case was not run"),
        ("call", "text", "", "the call of the framework that was used"),
        ("addition", "text", "", "the step that a composed route adds"),
        ("outcome", "text", "", "what the target did, before it is judged"),
        ("verdict", "text", "", "the judgement, see tconv.model.verdict"),
        (
            "reading",
            "text",
            "",
            "readings that reproduce the output; none: it is right, or nothing does",
        ),
        ("error_class", "text", "", "exact, within, reduced, transformed or wrong"),
        ("error_units", "number", "bounds", "largest error in units of the elementwise bound"),
        ("observed_shape", "integers", "elements", "shape that was returned, (n, c_out, *o)"),
        ("expected_shape", "integers", "elements", "shape of the oracle's answer"),
        ("observed_dtype", "text", "", "dtype that was returned"),
        ("first_bad_index", "integers", "", "first index, in C order, where the values differ"),
        ("observed_value", "text", "", "the value returned there; unresolved: the first values"),
        ("expected_value", "text", "", "the oracle's value there"),
        ("bad_count", "integer", "elements", "number of elements that differ"),
        (
            "difference",
            "text",
            "",
            "map of |y - ref|, lines separated by /: 0 equal, 9 largest, x not finite",
        ),
        ("compared", "integer", "elements", "number of elements compared with the oracle"),
        ("drawn", "text", "", "kind of inputs: exact; exact, sparse; or normal"),
        (
            "coinciding",
            "texts",
            "",
            "readings that give the right answer here too, so that a match does not rule them out",
        ),
        (
            "resolution",
            "texts",
            "elements",
            "of an open case: every window begin.end of the full result that explains the output",
        ),
        ("resolutions", "integer", "", "how many windows explain it; 1: the resolution is unique"),
        (
            "inferred_shape",
            "integers",
            "elements",
            "shape that the framework inferred before it computed",
        ),
        (
            "inference",
            "text",
            "",
            "kept, broken, none if none was inferred, or failed if the adapter failed when asked",
        ),
        (
            "reason",
            "text",
            "",
            "why the verdict was given, where other columns do not say it",
        ),
        ("error_type", "text", "", "class of the framework's error"),
        (
            "error_text",
            "text",
            "",
            "text of the error, what a crash printed, or how an inference failed",
        ),
        (
            "worker_kills",
            "integer",
            "",
            "how often somebody outside killed the worker of the case, which was then run again",
        ),
        ("seconds", "number", "s", "time in the framework's call, conversions included"),
    )
)

COLUMNS: Final = CASE_COLUMNS + TARGET_COLUMNS + RESULT_COLUMNS
"""Every column, in the order of the store."""

COUNTED: Final = ("verdict", "compared", "reason")
"""The columns that the totals of a run are counted from."""

INCIDENTAL: Final = frozenset({"seconds", "worker_kills"})
"""Columns that differ between two runs of the same cases; a run's digest leaves them out."""
