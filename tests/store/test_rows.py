"""A row has everything known about a case on a target, under the declared columns."""

import pytest

from tconv.inputs.draw import draw
from tconv.judge import Judgement
from tconv.model.case import Case
from tconv.model.outcome import NotRun, Refused
from tconv.model.route import Composed, Native, Route, Unsupported
from tconv.model.target import Target
from tconv.model.verdict import Verdict
from tconv.store.columns import CASE_COLUMNS, COLUMNS, INCIDENTAL
from tconv.store.rows import columns, row

CASE = Case.from_parameters(ndim=2, i=(3, 1), k=2, s=(1, 2), p=[(1, 0), 0])
TARGET = Target(backend="fake", mode="call", device="cpu")


def made(route: Route | None = None, text: str | None = None) -> dict[str, object]:
    return row(
        case=CASE,
        target=TARGET,
        version="1.0",
        route=route,
        outcome=Refused(error_type="ValueError", error_text=text or "")
        if text
        else NotRun(reason=""),
        judgement=Judgement(verdict=Verdict.REJECTED_LEGAL, error_text=text),
    )


def test_columns_have_names_of_their_own_units_and_meanings() -> None:
    assert len({column.name for column in COLUMNS}) == len(COLUMNS)
    assert all(column.meaning for column in COLUMNS)
    assert {column.name for column in COLUMNS if column.unit == "s"} < INCIDENTAL


def test_row_has_a_value_for_each_column_in_order() -> None:
    assert set(made()) == {column.name for column in COLUMNS}
    assert list(columns([made()])) == [column.name for column in COLUMNS]


def test_case_can_be_rebuilt_from_its_columns() -> None:
    cells = made()
    given = {c.name: cells[c.name] for c in CASE_COLUMNS if c.name not in {"case", "suite"}}

    assert Case(**given) == CASE  # type: ignore[arg-type] # cells are objects
    assert cells["case"] == CASE.id


@pytest.mark.parametrize(
    ("route", "cells"),
    [
        (Native(call="f"), ("native", "f", None)),
        (Composed(call="f", addition="crop"), ("composed", "f", "crop")),
        (Unsupported(reason="no", error_pattern="no"), ("unsupported", None, None)),
        (None, (None, None, None)),
    ],
)
def test_route_has_three_columns(route: Route | None, cells: tuple[str | None, ...]) -> None:
    written = made(route)

    assert tuple(written[name] for name in ("route", "call", "addition")) == cells


def test_text_that_is_no_unicode_becomes_storable() -> None:
    assert made(text="half \ud800 pair")["error_text"] == r"half \ud800 pair"


def test_text_of_any_length_keeps_its_start_and_its_end() -> None:
    kept = str(made(text="begin" + "x" * 1_000_000 + "end")["error_text"])

    assert kept.startswith("begin")
    assert kept.endswith("end")
    assert len(kept) < 10_000


def test_readings_that_coincide_are_listed() -> None:
    drawn = draw(Case.from_parameters(ndim=1, i=1, k=1, c_in=1, c_out=1))
    written = row(
        case=CASE,
        target=TARGET,
        version=None,
        route=None,
        outcome=NotRun(reason=""),
        judgement=Judgement(verdict=Verdict.MATCH),
        draw=drawn,
    )

    assert "kernel flipped" in drawn.recipe.equivalent
    assert written["coinciding"] == drawn.recipe.equivalent + drawn.recipe.coinciding
