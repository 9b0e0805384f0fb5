"""Makes a result row from a case, its target, the route taken and the judgement."""

from collections.abc import Sequence
from operator import attrgetter, itemgetter
from typing import Any, Final

from tconv.inputs.draw import Draw
from tconv.judge import Judgement, judge
from tconv.model.case import Case
from tconv.model.outcome import Outcome, ShapeInference
from tconv.model.parameters import fields_of
from tconv.model.route import Composed, Native, Route, Unsupported
from tconv.model.target import Target
from tconv.store.columns import COLUMNS

_CASE_FIELDS: Final = fields_of()
_JUDGEMENT_FIELDS: Final = (
    "reading", "error_class", "error_units", "observed_shape", "expected_shape", "observed_dtype",
    "first_bad_index", "observed_value", "expected_value", "bad_count", "difference",
    "compared", "resolution", "resolutions", "reason", "error_type", "error_text",
)  # fmt: skip
_NAMES: Final = tuple(column.name for column in COLUMNS)

# All at once: one by one, these look-ups would cost as much as comparing a small case.
_case_values: Final = attrgetter(*_CASE_FIELDS)
_judgement_values: Final = attrgetter(*_JUDGEMENT_FIELDS)
_row_values: Final = itemgetter(*_NAMES)

_KEPT: Final = 4000
"""Characters kept of a framework's text, from its start and from its end."""

_OUTCOMES: Final = {
    "Computed": "computed",
    "InferredShape": "inferred",
    "Refused": "refused",
    "ConfirmedUnsupported": "unsupported",
    "Faulty": "faulty",
    "Crashed": "crashed",
    "TimedOut": "timed_out",
    "Unavailable": "unavailable",
    "NotRun": "not_run",
}

Columns = dict[str, list[object]]
"""Rows as columns: for each name of :data:`tconv.store.columns.COLUMNS`, one value per row."""


def row(
    *,
    case: Case,
    target: Target,
    version: str | None,
    route: Route | None,
    outcome: Outcome,
    judgement: Judgement,
    draw: Draw | None = None,
    seconds: float | None = None,
    inference: ShapeInference | None = None,
) -> dict[str, object]:
    """Return one result row, a value for each name of :data:`tconv.store.columns.COLUMNS`."""
    cells: dict[str, object] = dict(zip(_CASE_FIELDS, _case_values(case), strict=True))
    recipe = draw.recipe if draw else None
    cells.update(zip(_JUDGEMENT_FIELDS, _judgement_values(judgement), strict=True))
    cells |= {
        "case": case.id,
        "suite": case.suite,
        "target": str(target),
        "backend": target.backend,
        "mode": target.mode,
        "device": target.device,
        "backend_version": version,
        "outcome": _OUTCOMES[type(outcome).__name__],
        "verdict": judgement.verdict.value,
        "drawn": recipe.drawn if recipe else None,
        "coinciding": (
            recipe.equivalent + recipe.coinciding + judgement.coinciding if recipe else None
        ),
        "inferred_shape": inference.shape if inference else None,
        "inference": inference.compared_with(outcome) if inference else None,
        "worker_kills": None,
        "seconds": seconds,
    }
    if inference and cells["error_text"] is None:
        cells["error_text"] = inference.fault
    for name in ("reason", "error_type", "error_text"):
        cells[name] = _storable(cells[name])
    return cells | _route_fields(route)


def columns(rows: Sequence[dict[str, object]]) -> Columns:
    """Return the rows as one list per column, in the order of the store."""
    if not rows:
        return {name: [] for name in _NAMES}
    return dict(zip(_NAMES, map(list, zip(*map(_row_values, rows), strict=True)), strict=True))


def records(columns: Columns) -> list[dict[str, Any]]:
    """Return a dict for each row."""
    names = tuple(columns)
    return [dict(zip(names, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def without_result(
    cases: Sequence[Case], target: Target, version: str | None, outcome: Outcome
) -> Columns:
    """Return rows for cases of a target that all have the same outcome, without a result."""
    return columns(
        [
            row(
                case=case,
                target=target,
                version=version,
                route=None,
                outcome=outcome,
                judgement=judge(case, outcome),
            )
            for case in cases
        ]
    )


def _storable(text: object) -> str | None:
    """Return a framework's text as the store can hold it: valid Unicode, and cut if it is long.

    Frameworks put lone surrogates, and whole graphs, into the texts of their errors.
    """
    if text is None:
        return None
    whole = str(text)
    cut = whole if len(whole) <= 2 * _KEPT else f"{whole[:_KEPT]}\n[...]\n{whole[-_KEPT:]}"
    return cut.encode(errors="backslashreplace").decode()


def _route_fields(route: Route | None) -> dict[str, object]:
    match route:
        case Native(call=call):
            return {"route": "native", "call": call, "addition": None}
        case Composed(call=call, addition=addition):
            return {"route": "composed", "call": call, "addition": addition}
        case Unsupported():
            return {"route": "unsupported", "call": None, "addition": None}
        case None:
            return {"route": None, "call": None, "addition": None}
