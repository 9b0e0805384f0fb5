"""The digest is the same for the same result, and for no other."""

from collections.abc import Callable
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tconv.store.columns import COLUMNS, INCIDENTAL
from tconv.store.digest import RowsDigest, normalised
from tconv.store.rows import Columns

MakeRows = Callable[..., Columns]
OTHER: Final[dict[str, object]] = {
    "text": "another",
    "texts": ("another",),
    "integer": 99,
    "integers": (9, 9),
    "number": 0.25,
    "boolean": False,
}


def digest(*batches: Columns) -> str:
    made = RowsDigest()
    for batch in batches:
        made.add(batch)
    return made.hexadecimal


def taken(rows: Columns, *positions: int) -> Columns:
    """Return the rows at these positions."""
    return {name: [values[at] for at in positions] for name, values in rows.items()}


def test_digest_is_64_hexadecimal_digits_even_of_no_rows() -> None:
    assert digest() == "0" * 64


def test_order_and_batches_do_not_matter(make_rows: MakeRows) -> None:
    rows = make_rows(4)

    assert digest(rows) == digest(taken(rows, 3, 1), taken(rows, 2), taken(rows, 0))


def test_seconds_do_not_matter(make_rows: MakeRows) -> None:
    assert digest(make_rows(1)) == digest(make_rows(1, seconds=[9.0]))


@pytest.mark.parametrize(
    "column", [c for c in COLUMNS if c.name not in INCIDENTAL], ids=lambda c: c.name
)
def test_any_other_column_matters(make_rows: MakeRows, column: Any) -> None:
    other = make_rows(1, **{column.name: [OTHER[column.kind]]})

    assert digest(make_rows(1)) != digest(other)


def test_row_that_comes_twice_matters(make_rows: MakeRows) -> None:
    rows = make_rows(1)

    assert digest(rows) != digest(rows, rows)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("object at 0x7f00aa", "object at 0x12bc"),
        ("in /usr/lib/a.py", "in /home/me/x/lib/a.py"),
        ("a.cc:586: bad", "a.cc:12: bad"),
        ("worker pid 12 died", "worker pid 31415 died"),
        ("worker (pid=12) died", "worker (pid=31415) died"),
        ("node __inference_f_17 failed", "node __inference_f_2017 failed"),
    ],
    ids=["address", "path", "line", "pid", "pid with sign", "traced function"],
)
@pytest.mark.parametrize("column", ["error_text", "reason"])
def test_what_differs_by_process_does_not_matter(
    make_rows: MakeRows, column: str, one: str, other: str
) -> None:
    rows, others = make_rows(1, **{column: [one]}), make_rows(1, **{column: [other]})

    assert digest(rows) == digest(others)


@pytest.mark.parametrize(
    ("outcome", "column"), [("crashed", "error_text"), ("unavailable", "reason")]
)
def test_captured_output_does_not_matter(make_rows: MakeRows, outcome: str, column: str) -> None:
    one, other = (
        make_rows(1, outcome=[outcome], **{column: [said]}) for said in ("last words", "others")
    )

    assert digest(one) == digest(other)


@pytest.mark.parametrize("text", ["ratio 3/4", "shape (1, 2, 3)", "stride: 2", "0 < p", "a/b"])
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert normalised(text) == text


@given(st.permutations(range(5)), st.integers(0, 5))
def test_any_split_of_any_order_gives_one_digest(order: list[int], cut: int) -> None:
    rows: Columns = {c.name: [OTHER[c.kind]] * 5 for c in COLUMNS} | {
        "i": [(at,) for at in range(5)]
    }

    assert digest(rows) == digest(taken(rows, *order[:cut]), taken(rows, *order[cut:]))
