"""Everything that lists the parameters of a case follows from the table that declares them."""

from dataclasses import MISSING, fields
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tconv.analysis.summary.breakdown import counted_columns
from tconv.cli.run import grid_help
from tconv.errors import PredicateError
from tconv.grid.case_table import layout_of
from tconv.grid.schema import grid_table
from tconv.grid.sweep import Sweep
from tconv.model.case import Case
from tconv.model.case_id import IdFormat
from tconv.model.parameters import PARAMETERS, Parameter, Table, fields_of, markdown, sweep_order
from tconv.model.predicate.evaluator import evaluate, parse
from tconv.model.predicate.names import Names, Vocabulary
from tconv.store.columns import case_columns

DOCUMENT = Path(__file__).parents[2] / "docs" / "parameters.md"
CASE = Case.from_parameters(ndim=2, i=(5, 4), k=3)
MADE: Table = {
    **PARAMETERS,
    "quantity": Parameter(name="quantity", letter="q", kind="name", default="forward",
                          choices={"forward": "forward", "vjp_x": "vjpx"},
                          meaning="what is computed"),
    "slope": Parameter(name="slope", per_axis=True, default=None, absent="flat", prefix="sl",
                       unit="elements", meaning="slope per axis"),
}  # fmt: skip
"""The parameters, and two invented ones."""


def made_case(**values: object) -> Any:
    """Return an object with the fields of a case, and the invented ones."""
    return SimpleNamespace(**vars(CASE), **{"quantity": "forward", "slope": None, **values})


def test_case_has_the_fields_of_the_table_and_their_defaults() -> None:
    assert {field.name for field in fields(Case)} == set(fields_of())
    for field in fields(Case):
        if field.default is not MISSING:
            assert field.default == PARAMETERS[field.name].default


def test_new_parameter_leaves_the_old_ids_and_has_a_token_elsewhere() -> None:
    made = IdFormat(MADE)
    case = made_case(quantity="vjp_x", slope=(1, -2))

    assert made.write(made_case()) == CASE.id
    assert made.write(case) == f"{CASE.id}-vjpx-sl1xm2"
    assert made.read(made.write(case))["quantity"] == "vjp_x"
    assert made.read(made.write(case))["slope"] == (1, -2)


def test_new_parameter_has_a_column() -> None:
    columns = {column.name: column for column in case_columns(MADE)}

    assert columns["quantity"].kind == "text"
    assert (columns["slope"].kind, columns["slope"].unit) == ("integers", "elements")
    assert columns["slope"].meaning == "slope per axis; none: flat"


def test_new_parameter_is_a_key_of_a_grid() -> None:
    given = {"ndim": 1, "i": 3, "k": 2, "quantity": ["vjp_x"], "slope": ["none", [1], 2]}
    table = grid_table(MADE).model_validate(given)
    sweep = table.to_sweep("made.toml", 1)

    assert (sweep.options["quantity"], sweep.options["slope"]) == (("vjp_x",), (None, (1,), 2))
    assert Sweep.from_options(MADE, ndim=(1,), i=(1,), k=(1,)).options["quantity"] == ("forward",)


def test_new_parameter_is_multiplied_out_and_those_that_may_be_absent_stay_last() -> None:
    names = [parameter.name for parameter in sweep_order(MADE)]

    assert names[-5:] == ["quantity", "padding", "o", "malformed", "slope"]
    assert layout_of(MADE)[-1] == ("slope", True)


@pytest.mark.parametrize(
    ("condition", "held"),
    [("quantity == 'vjp_x'", [True, False]), ("q != 'vjp_x'", [False, True]),
     ("slope > 1", [False, True]), ("slope < 3", [False, True])],
)  # fmt: skip
def test_new_parameter_is_a_name_in_predicates(condition: str, held: list[bool]) -> None:
    columns = {"quantity": ["vjp_x", "forward"], "slope": [None, (1, 2)]}
    tree = parse(condition, "predicate", "a condition")
    truth = evaluate(tree, Names(columns, vocabulary=Vocabulary(MADE)))

    assert truth.values.any(axis=-1).tolist() == held
    with pytest.raises(PredicateError, match=r"name='(quantity|q|slope)', but should be one of"):
        evaluate(tree, Names(columns))


def test_new_parameter_is_in_breakdowns_in_help_and_in_the_documentation() -> None:
    assert {"quantity", "slope"} <= set(counted_columns(MADE))
    assert "quantity, slope, where and budget" in grid_help(MADE)
    assert "| `quantity` or `q` | `vjpx` |  | `forward` | what is computed: " in markdown(MADE)


def test_documentation_is_made_from_the_table() -> None:
    assert DOCUMENT.read_text(encoding="utf-8").endswith(f"\n\n{markdown()}")
