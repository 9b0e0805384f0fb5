"""Where two targets differ, and that nothing else is taken for a difference."""

from typing import Any

import pytest

from tconv.analysis.disagreements import Disagreement, disagreements

CASE = "1d-i3-k3-s2-opnone-padsame-ci2-co3-f32"
LARGER = "1d-i4-k3-s2-opnone-padsame-ci2-co3-f32"


def row(target: str, *, case: str = CASE, size: int = 6, windows: tuple[str, ...] = ("0.1",),
        **other: Any) -> dict[str, Any]:  # fmt: skip
    """Return the row of a resolved case."""
    return {
        "case": case, "target": target, "ndim": 1, "padding": "same", "output_padding": None,
        "o": None, "suite": "open", "verdict": "resolved", "observed_shape": [1, 3, size],
        "inferred_shape": None, "resolution": list(windows), "resolutions": len(windows),
        "error_text": None,
    } | other  # fmt: skip


def kinds(*rows: dict[str, Any]) -> list[str]:
    """Return the kinds of disagreement among the rows."""
    return [found.kind for found in disagreements(rows)]


def test_other_size_is_a_disagreement_of_shapes() -> None:
    assert kinds(row("a:x@cpu"), row("b:x@cpu", size=7, windows=("0.0",))) == ["shape"]


def test_other_window_of_the_same_size_is_a_disagreement_of_windows() -> None:
    assert kinds(row("a:x@cpu"), row("b:x@cpu", windows=("1.0",))) == ["window"]


def test_refusal_beside_a_result_is_a_disagreement_of_acceptance() -> None:
    refused = row("b:x@cpu", verdict="rejected", error_text="no")

    assert kinds(row("a:x@cpu"), refused) == ["acceptance"]


@pytest.mark.parametrize(
    "other",
    [
        row("b:x@cpu"),
        row("b:x@cpu", windows=("0.1", "1.0")),  # one of its windows is the other's
        row("b:x@cpu", windows=("1.0",), resolutions=40),  # not all are listed
        row("b:x@cpu", verdict="unsupported", size=7),
        row("b:x@cpu", suite="explicit", size=7),
        row("b:x@cpu", case=LARGER, size=8),
    ],
    ids=["same", "ambiguous", "cut", "unsupported", "explicit", "another case"],
)
def test_what_is_no_difference_is_none(other: dict[str, Any]) -> None:
    assert kinds(row("a:x@cpu"), other) == []


def test_two_refusals_agree() -> None:
    assert kinds(row("a:x@cpu", verdict="rejected"), row("b:x@cpu", verdict="rejected")) == []


def test_smallest_example_is_given_with_its_count() -> None:
    found = disagreements([
        row("a:x@cpu", case=LARGER, size=8), row("b:x@cpu", case=LARGER, size=9),
        row("a:x@cpu"), row("b:x@cpu", size=7),
        row("a:x@cpu", case="1d-i1-k1-opnone-padsame-ci2-co3-f32"),
        row("b:x@cpu", case="1d-i1-k1-opnone-padsame-ci2-co3-f32"),
    ])  # fmt: skip

    assert [(each.case, each.count, each.common) for each in found] == [(CASE, 2, 3)]
    assert [str(answer) for answer in found[0].answers] == ["o=6 window 0:1", "o=7 window 0:1"]


def test_disagreement_survives_json() -> None:
    found = disagreements([row("a:x@cpu"), row("b:x@cpu", verdict="rejected", error_text="no")])

    assert [Disagreement.from_dict(each.to_dict()) for each in found] == list(found)
