"""Encodes the rows of the interactive table as JSON: compact, bounded, and inert inside HTML."""

import json
from collections.abc import Mapping
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from tconv.analysis.summary.examples import KEPT, Examples
from tconv.model.parameters import fields_of
from tconv.report.markdown import error_line
from tconv.store.columns import COLUMNS, Column

MOST_BYTES: Final = 6_000_000
"""Bytes that the rows may take in the file; of many findings, fewer rows each."""

_LIMITS: Final = (KEPT, 100, 50, 20, 10, 5, 2, 1)
_PARAMETERS: Final = set(fields_of())
_SPOKEN: Final = {"reading", "reason", "error_type", "error_text", "call", "addition"}


def inert(content: object) -> str:
    r"""Return JSON that no HTML parser and no script can mistake for anything else.

    Every `<`, `>` and `&`, and whatever is not ASCII, is written as `\u....`, so that neither
    `</script>` nor `<!--` nor a line separator can occur.
    """
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def rows_json(examples: Examples) -> tuple[str, int]:
    """Return the example rows as JSON, and the most rows of one finding that it holds."""
    for limit in _LIMITS:
        text = inert(_content(examples.rows(limit)))
        if len(text) <= MOST_BYTES:
            break
    return text, limit


def _content(table: pa.Table) -> Mapping[str, Any]:
    """Return columns with values; of a text column the values are numbers into `texts`."""
    return {
        "columns": [_column(column, table[column.name]) for column in COLUMNS],
        "findings": [number + 1 for number in table["cluster"].to_pylist()],
    }


def _column(column: Column, values: pa.ChunkedArray) -> dict[str, Any]:
    head: dict[str, Any] = {"name": column.name, "kind": column.kind, "meaning": column.meaning}
    if column.name in _PARAMETERS:
        head["is_parameter"] = True
    if column.kind not in {"text", "integers", "texts"}:
        return head | {"values": [_number(value) for value in values.to_pylist()]}
    spoken = column.name in _SPOKEN
    texts = [_text(value, spoken=spoken) for value in values.to_pylist()]
    encoded = pc.dictionary_encode(pa.array(texts, pa.string()))
    return head | {"texts": encoded.dictionary.to_pylist(), "values": encoded.indices.to_pylist()}


def _text(value: object, *, spoken: bool) -> str | None:
    if value is None:
        return None
    if isinstance(value, list):
        is_words = bool(value) and isinstance(value[0], str)
        return ("; " if is_words else "x").join(map(str, value))
    return error_line(str(value)) if spoken else str(value)


def _number(value: object) -> object:
    """Return a number as JSON can hold it: what is not finite becomes text."""
    if isinstance(value, float) and value - value != 0:
        return str(value)
    return f"{value:.3g}" if isinstance(value, float) else value
