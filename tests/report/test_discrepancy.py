"""A deviating row in words."""

from typing import Any

import pytest

from tconv.report.discrepancy import Discrepancy
from tconv.store.columns import COLUMNS

CASE = "1d-i3-k2-ci1-co1-f32"


def told(**fields: Any) -> Discrepancy:
    row = dict.fromkeys((column.name for column in COLUMNS), None)
    return Discrepancy.from_row(
        {**row, "case": CASE, "target": "torch:eager@cpu", "dtype": "float32", **fields}, "a b.toml"
    )


@pytest.mark.parametrize(
    ("fields", "got", "should_be"),
    [
        (
            {"verdict": "shape", "observed_shape": (1, 1, 5), "expected_shape": (1, 1, 4)},
            "shape (1, 1, 5)",
            "shape (1, 1, 4)",
        ),
        ({"verdict": "dtype", "observed_dtype": "float64"}, "dtype float64", "dtype float32"),
        (
            {"verdict": "value", "observed_value": "3.0", "expected_value": "4.0",
             "first_bad_index": (0, 0, 2), "bad_count": 2, "compared": 4},
            "3.0 at (0, 0, 2); 2 of 4 differ",
            "4.0",
        ),
        (
            {"verdict": "rejected_legal", "error_type": "ValueError", "error_text": "no\nsquares"},
            "ValueError: no",
            "a result of shape (1, 1, 4)",
        ),
        (
            {"verdict": "accepted_illegal", "observed_shape": (1, 0), "reason": "o < 1"},
            "a result of shape (1, 0)",
            "an error: o < 1",
        ),
        (
            {"verdict": "timeout", "reason": "no answer within 2 s"},
            "no answer within 2 s",
            "a result, or the framework's own error",
        ),
        (
            {"verdict": "adapter_error", "reason": "route raised", "error_type": "KeyError",
             "error_text": "'map'"},
            "route raised: KeyError: 'map'",
            "what tconv.adapters.base.Adapter requires",
        ),
    ],
    ids=lambda value: value["verdict"] if isinstance(value, dict) else "",
)  # fmt: skip
def test_verdict_says_what_was_got_and_what_should_be(
    fields: dict[str, Any], got: str, should_be: str
) -> None:
    found = told(**fields)

    assert (found.got, found.should_be) == (got, should_be)


def test_command_is_quoted_for_a_shell() -> None:
    found = told(verdict="timeout", reason="late")

    assert found.rerun == f"tconv run 'a b.toml' --case {CASE} --target torch:eager@cpu"


def test_reading_is_named_where_there_is_one() -> None:
    with_reading = told(verdict="dtype", observed_dtype="float64", reading="kernel flipped")
    without = told(verdict="dtype", observed_dtype="float64")

    assert "  reading    kernel flipped" in with_reading.lines()
    assert len(with_reading.lines()) == len(without.lines()) + 1
