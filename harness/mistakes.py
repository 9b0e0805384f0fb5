"""The words for a mistake in a configuration: file, table, key, what was expected, what was got."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from harness.schema import BudgetTable, Document, GridTable, LimitsTable, RunTable

_TABLES: dict[str, type[BaseModel]] = {"run": RunTable, "limits": LimitsTable, "grid": GridTable}


def explained(error: ValidationError, tables: Mapping[str, object], path: str) -> Iterator[str]:
    """Yield one line per mistake in `tables`, which were read from `path`."""
    for details in error.errors():
        yield f"{path}: {_mistake(details, tables)}"


def _mistake(details: ErrorDetails, tables: Mapping[str, object]) -> str:
    model, place, key, at = _located(details["loc"])
    got = _value_at(tables, at)
    match details["type"]:
        case "extra_forbidden":
            return f"{place}{_unknown(key, model)}"
        case "missing":
            return f"{place}{key} is missing, but should be {_expected(model, key)}; add it"
        case "open":
            return f"{place}{key}={got!r}: {details['msg']}"
        case "required":
            return f"{place}{details['msg']}"
        case "value_error":
            reason = f" ({details['ctx']['error']})"
        case _:
            reason = ""
    return f"{place}{key}={got!r}, but should be {_expected(model, key)}{reason}; mend the value"


def _located(
    loc: Sequence[int | str],
) -> tuple[type[BaseModel], str, str, tuple[int | str, ...]]:
    """Return the model, the table in words, the key, and the path of the key's value."""
    table = str(loc[0])
    depth = 2 if table == "grid" and len(loc) > 1 else 1
    if len(loc) <= depth and depth == 1 and (len(loc) == 1 and table not in _TABLES):
        return Document, "", table, tuple(loc)
    place = f"[[grid]] {int(loc[1]) + 1}: " if depth == 2 else f"[{table}]: "
    if len(loc) == depth:
        return Document, place if depth == 2 else "", table, tuple(loc)
    key, model, end = str(loc[depth]), _TABLES[table], depth + 1
    if key == "budget" and len(loc) > end:
        return BudgetTable, f"{place}budget: ", str(loc[end]), tuple(loc[: end + 1])
    return model, place, key, tuple(loc[:end])


def _value_at(tables: Any, at: tuple[int | str, ...]) -> object:  # noqa: ANN401 # parsed TOML
    for step in at:
        try:
            tables = tables[step]
        except (KeyError, IndexError, TypeError):
            return None
    return tables


def _expected(model: type[BaseModel], key: str) -> str:
    return model.model_fields[key].description or ""


def _unknown(key: str, model: type[BaseModel]) -> str:
    known = tuple(model.model_fields)
    close = difflib.get_close_matches(key, known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else "remove it or use one of these"
    return f"unknown key {key!r}; the known keys are {', '.join(known)}; {hint}"
