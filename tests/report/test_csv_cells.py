"""No cell is a formula, and no number becomes a text."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tconv.report.csv_cells import neutral, neutralized

FORMULAS = [
    "=1+1", "+1+HYPERLINK(A1)", "-2+cmd|' /C calc'!A0", "@SUM(A1)", "\t=1",
    "\r=1", "=", "-x", "--1=2",
]  # fmt: skip
PLAIN = ["", "a=b", "'=1", "-1", "-1.5e-07", "-inf", "-nan", "-1x0", "-1.0x2.-3; 0.0x1.0", "-1-2j",
         "+1", "1d-i2-k3", "keras-jax"]  # fmt: skip


@pytest.mark.parametrize("text", FORMULAS)
def test_formula_starts_with_an_apostrophe(text: str) -> None:
    assert neutral(text) == f"'{text}"


@pytest.mark.parametrize("text", PLAIN)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert neutral(text) == text


@given(st.lists(st.none() | st.sampled_from([*FORMULAS, *PLAIN]) | st.text(max_size=6)))
def test_column_is_as_each_of_its_cells(texts: list[str | None]) -> None:
    column = pa.chunked_array([pa.array(texts, pa.string())])

    expected = [None if text is None else neutral(text) for text in texts]
    assert neutralized(column).to_pylist() == expected
