"""Explains a mistake in a configuration: file, table, key, what was expected and what was given."""

import difflib
from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from tconv.errors import LONGEST_VALUE, listed, quoted, shortened
from tconv.grid.schema import BackendTable, BudgetTable, Document, GridTable, LimitsTable, RunTable
from tconv.model.parameters import PARAMETERS

Path = tuple[int | str, ...]

_TABLES: Final[dict[str, type[BaseModel]]] = {"run": RunTable, "limits": LimitsTable}


def explain_mistakes(error: ValidationError, tables: Mapping[str, object], path: str) -> str:
    """Return one line per mistake in `tables`, read from `path`: the first, and how many more."""
    errors = error.errors(include_url=False, include_input=False)
    return listed(
        errors, "\n", describe=lambda each: f"{shortened(path)}: {_mistake(each, tables)}"
    )


def _mistake(details: ErrorDetails, tables: Mapping[str, object]) -> str:
    model, place, key, at = _located(details["loc"])
    got = _value_at(tables, at)
    match details["type"]:
        case "extra_forbidden":
            return f"{place}{_unknown(key, model)}"
        case "missing":
            return f"{place}{key} is missing, but should be {_expected(model, key)}; add it"
        case "required":
            return f"[run]: {details['msg']}"
        case "value_error":
            reason = f" ({shortened(details['ctx']['error'], 3 * LONGEST_VALUE)})"
        case _:
            reason = ""
    return (
        f"{place}{key}={quoted(got)}, but should be {_expected(model, key)}{reason}; fix the value"
    )


def _located(loc: Path) -> tuple[type[BaseModel], str, str, Path]:
    """Return the model, the table in words, the key, and the path of the key's value."""
    match loc:
        case ("grid", int(at), "budget", str(key), *_):
            return BudgetTable, f"[[grid]] {at + 1}: budget: ", key, loc[:4]
        case ("grid", int(at), str(key), *_):
            return GridTable, f"[[grid]] {at + 1}: ", key, loc[:3]
        case ("grid", int(at)):
            return Document, f"[[grid]] {at + 1}: ", "grid", loc
        case ("backends", str(backend), str(key), *_):
            return BackendTable, f"[backends.{shortened(backend)}]: ", shortened(key), loc[:3]
        case ("run" | "limits" as table, str(key), *_):
            return _TABLES[table], f"[{table}]: ", key, loc[:2]
    return Document, "", str(loc[0]), loc[:1]


def _value_at(tables: Any, at: Path) -> object:  # noqa: ANN401 # parsed TOML
    for step in at:
        try:
            tables = tables[step]
        except (KeyError, IndexError, TypeError):
            return None
    return tables


def _expected(model: type[BaseModel], key: str) -> str:
    return model.model_fields[key].description or ""


def _unknown(key: str, model: type[BaseModel]) -> str:
    keys = tuple(model.model_fields)
    by_letter = {each.letter: name for name, each in PARAMETERS.items() if each.letter}
    close = difflib.get_close_matches(by_letter.get(key, key), keys, n=1)
    hint = f"did you mean {close[0]!r}?" if close else "remove it or use one of these"
    return f"unknown key {quoted(key)}; the known keys are {', '.join(keys)}; {hint}"
