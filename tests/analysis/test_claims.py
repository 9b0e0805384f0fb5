"""Published statements: what becomes of each, and that a perturbed one is caught."""

import re
from dataclasses import replace
from functools import lru_cache
from importlib.metadata import packages_distributions, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tconv.analysis.claims.arithmetic import QUANTITIES, computed
from tconv.analysis.claims.assessment import (
    Fails,
    Holds,
    HoldsOnlyWhere,
    assess,
    restricted,
    smallest_condition,
)
from tconv.analysis.claims.claim import Claim, ComputedQuantity, MeasuredQuantity
from tconv.analysis.claims.document import Law, from_mapping, load_claims
from tconv.analysis.claims.results import claim_results
from tconv.errors import ClaimError, PredicateError
from tconv.model.predicate.expression import Expression, Points

ROOT = Path(__file__).parents[2]
DOCUMENT = load_claims()
COMPUTED = [claim for claim in DOCUMENT.claims if isinstance(claim.about, ComputedQuantity)]
CLAIM = {
    "name": "mine",
    "title": "Mine",
    "quotation": "few words",
    "source": "me",
    "quantity": "transposed size",
    "formula": "i",
    "domain": {"i": "1..3", "k": 1, "s": 1, "p": 0},
}


def held(claim: Claim) -> tuple[Points, np.ndarray]:
    """Return the points of a claim and the true values there."""
    assert isinstance(claim.about, ComputedQuantity)
    points = restricted(claim, claim.about.points())
    return points, computed(claim.about.quantity, points)


def perturbed(claim: Claim) -> Claim:
    """Return the claim with a formula that is larger by one."""
    return replace(claim, formula=Expression.from_text(f"({claim.formula}) + 1"))


@pytest.mark.parametrize("claim", COMPUTED, ids=lambda claim: claim.name)
def test_verdict_changes_when_the_formula_is_off_by_one(claim: Claim) -> None:
    points, true = held(claim)
    before, after = assess(claim, points, true), assess(perturbed(claim), points, true)

    match before:
        case Holds():
            assert isinstance(after, Fails)
        case HoldsOnlyWhere(condition=condition):
            assert not (isinstance(after, HoldsOnlyWhere) and after.condition == condition)
        case Fails(instead=instead):
            assert after != before
            if instead:
                right = replace(claim, formula=Expression.from_text(instead))
                assert isinstance(assess(right, points, true), Holds)
                assert isinstance(assess(perturbed(right), points, true), Fails)


@pytest.mark.parametrize("claim", COMPUTED, ids=lambda claim: claim.name)
def test_claim_speaks_of_more_than_its_example_unless_it_is_one(claim: Claim) -> None:
    _, true = held(claim)

    assert len(true) >= 20 or claim.formula.text.isdecimal()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("guide-8", Holds), ("guide-9", Holds), ("guide-10", Holds), ("guide-11", Holds),
        ("guide-12", Holds), ("guide-13", Holds), ("guide-14", Holds), ("guide-15", Holds),
        ("post-case-2-padding", HoldsOnlyWhere), ("post-case-2-size", Fails),
        ("post-figure-1", Fails), ("post-no-zeros", HoldsOnlyWhere),
        ("torch-inverses", HoldsOnlyWhere),
    ],
)  # fmt: skip
def test_known_statement_gets_its_verdict(name: str, kind: type) -> None:
    claim = next(claim for claim in COMPUTED if claim.name == name)

    assert isinstance(assess(claim, *held(claim)), kind)


def test_output_padding_leaves_nothing_empty_only_within_the_crop() -> None:
    claim = next(claim for claim in COMPUTED if claim.name == "post-no-zeros")
    verdict = assess(claim, *held(claim))

    assert isinstance(verdict, HoldsOnlyWhere)
    assert verdict.condition == "op <= p"
    assert str(verdict.counterexample) == ("at i=1 k=1 s=2 p=0 op=1 it gives 0, but 1 is true")


def test_formula_that_holds_is_found_where_one_fails() -> None:
    claim = next(claim for claim in COMPUTED if claim.name == "post-case-2-size")
    verdict = assess(claim, *held(claim))

    assert isinstance(verdict, Fails)
    assert verdict.instead == "i"


def test_few_points_tell_no_condition() -> None:
    points = {"i": np.arange(1, 6), "k": np.array([3, 1, 2, 2, 1])}
    claim = from_mapping({"claim": [CLAIM | {"formula": "i"}]}).claims[0]

    assert isinstance(assess(claim, points, np.array([1, 2, 3, 4, 9])), Fails)


@pytest.mark.parametrize("law", DOCUMENT.laws, ids=lambda law: law.name)
def test_law_names_a_test_that_exists(law: Law) -> None:
    path, _, function = law.test.partition("::")

    assert f"\ndef {function}(" in (ROOT / path).read_text()


DOCUMENTED = {
    "PyTorch": ("torch", ["torch/nn/modules/conv.py"]),
    "TensorFlow": (
        "tensorflow",
        ["tensorflow/python/ops/nn.py", "tensorflow/python/ops/nn_ops.py"],
    ),
    "Keras": ("keras", ["keras/src/backend/common/backend_utils.py", "keras/src/ops/nn.py"]),
    "JAX": ("jax", ["jax/_src/lax/convolution.py"]),
}
OF_FRAMEWORKS = [
    claim for claim in DOCUMENT.claims if claim.source.split()[0] in {*DOCUMENTED, "ONNX"}
]


def words(text: str) -> str:
    """Return a text without layout: the marks of TeX, comments and reStructuredText, and spaces."""
    plain = text.replace("\\text", "").replace("\\times", "x")
    return re.sub(r"[\s#`{}\\\\]", "", plain)


@lru_cache
def documentation(name: str) -> tuple[str, str]:
    """Return the version of a framework that is installed, and what it says of its sizes."""
    if name == "ONNX":
        onnx = pytest.importorskip("onnx")
        schema = onnx.defs.get_schema("ConvTranspose", 22)
        said = [schema.doc, *(each.description for each in schema.attributes.values())]
        return onnx.__version__, words(" ".join(said))
    package, files = DOCUMENTED[name]
    found = find_spec(package)  # reads nothing of the framework: loading it takes seconds
    if found is None or found.origin is None:
        pytest.skip(f"{package} is not installed")
    root = Path(found.origin).parent.parent
    (installed, *_) = packages_distributions()[package]
    return version(installed), words(" ".join((root / each).read_text("utf-8") for each in files))


@pytest.mark.framework
@pytest.mark.parametrize("claim", OF_FRAMEWORKS, ids=lambda claim: claim.name)
def test_quotation_is_what_the_framework_says(claim: Claim) -> None:
    name, known = claim.source.replace(",", " ").split()[:2]
    installed, said = documentation(name)

    assert installed.startswith(f"{known}.")
    assert words(claim.quotation) in said


def test_direct_size_counts_positions() -> None:
    # (4 + 2 - 3) / 2 + 1 = 2.5: kernels at -1 and 1 fit, one at 3 does not.
    assert QUANTITIES["direct size"](i=4, k=3, s=2, p=1) == 2


def test_emulation_is_that_of_the_guide() -> None:
    # Figure 4.6 of arXiv:1603.07285: i = 6, k = 3, s = 2, p = 1 has i' = 3, p' = 1 and a = 1.
    begin, end, zeros = (
        QUANTITIES[name](i=3, k=3, s=2, p=1, op=1)
        for name in (
            "zeros before the stretched input",
            "zeros behind the stretched input",
            "zeros between two pixels",
        )
    )

    assert (begin, end, zeros) == (1, 2, 1)


def test_smallest_condition_prefers_one_comparison_to_two() -> None:
    points = {name: grid.ravel() for name, grid in zip("ks", np.mgrid[1:6, 1:6], strict=True)}

    assert smallest_condition(points, points["k"] < points["s"]) == "k < s"


def test_smallest_condition_joins_two_comparisons() -> None:
    points = {name: grid.ravel() for name, grid in zip("ks", np.mgrid[1:6, 1:6], strict=True)}
    holds = (points["k"] < points["s"]) & (points["s"] % 2 == 0)

    assert smallest_condition(points, holds) == "k < s and s % 2 == 0"


def test_smallest_condition_admits_that_it_knows_none() -> None:
    points = {"k": np.arange(1, 30)}

    assert smallest_condition(points, np.isin(points["k"], (3, 7, 8, 20))) is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"formula": "i +"}, "expression='i +', but should be one such as"),
        ({"quantity": "weight"}, "quantity is one of direct size"),
        ({"domain": None}, "either a domain or a target"),
        ({"target": "torch"}, "either a domain or a target"),
        ({"quotation": "a " * 16}, "15 words at most"),
        ({"colour": "red"}, "Extra inputs are not permitted"),
        ({"domain": {"i": "1..x"}}, "is not a range"),
    ],
)
def test_mistake_in_a_claim_is_named_with_its_place(
    change: dict[str, object], message: str
) -> None:
    with pytest.raises(ClaimError, match=r"\[\[claim\]\] mine: ") as error:
        from_mapping({"claim": [CLAIM | change]}, "c.toml")

    assert message in str(error.value)


def test_two_claims_of_one_name_are_refused() -> None:
    with pytest.raises(ClaimError, match="names=mine, but each should be there once"):
        from_mapping({"claim": [CLAIM, CLAIM]})


def test_missing_file_of_claims_is_named(tmp_path: Path) -> None:
    with pytest.raises(ClaimError, match="No such file"):
        load_claims(tmp_path / "none.toml")


def test_claim_without_points_is_refused() -> None:
    claim = from_mapping({"claim": [CLAIM | {"where": ["i > 9"]}]}).claims[0]

    with pytest.raises(ClaimError, match="points of claim mine=0, but should be 1 or more"):
        held(claim)


def test_letter_that_the_quantity_needs_is_named() -> None:
    claim = from_mapping({"claim": [CLAIM | {"domain": {"i": "1..3"}}]}).claims[0]

    with pytest.raises(ClaimError, match="name the letters it needs"):
        held(claim)


def test_unknown_letter_of_a_formula_is_named() -> None:
    claim = from_mapping({"claim": [CLAIM | {"formula": "i + q"}]}).claims[0]

    with pytest.raises(PredicateError, match="name='q', but should be one of"):
        assess(claim, *held(claim))


def test_claim_about_a_target_is_read() -> None:
    measured = {"target": "torch", "quantity": "size", "asked": {"o": "none"}}
    table = {name: value for name, value in CLAIM.items() if name != "domain"}

    assert from_mapping({"claim": [table | measured]}).claims[0].about == MeasuredQuantity(
        target="torch", quantity="size", arguments={"o": "none"}
    )


ROW: dict[str, Any] = {
    "target": "mine:call@cpu", "i": [3], "k": [3], "s": [2], "dilation": [1], "p_begin": [0],
    "p_end": [0], "output_padding": None, "o": None, "padding": "same",
    "observed_shape": [1, 4, 6], "inferred_shape": None, "resolution": ["0.1"], "resolutions": 1,
    "verdict": "resolved",
}  # fmt: skip
MEASURED: dict[str, Any] = {
    **{name: value for name, value in CLAIM.items() if name != "domain"},
    "target": "mine:call", "quantity": "size", "formula": "i*s", "asked": {"padding": "same"},
}  # fmt: skip


def verdict_on(claim: dict[str, Any], *rows: dict[str, Any]) -> tuple[str, str]:
    """Return what becomes of one claim, given these rows."""
    record = claim_results(from_mapping({"claim": [claim]}), rows)[0]
    return record.verdict, record.evidence


def test_size_is_measured() -> None:
    assert verdict_on(MEASURED, ROW) == ("holds", "at the only point")


@pytest.mark.parametrize(("quantity", "formula"), [("begin", "0"), ("end", "1")])
def test_crop_is_measured(quantity: str, formula: str) -> None:
    claim = MEASURED | {"quantity": quantity, "formula": formula}

    assert verdict_on(claim, ROW) == ("holds", "at the only point")


def test_wrong_size_is_a_counterexample() -> None:
    verdict, evidence = verdict_on(MEASURED | {"formula": "i*s + op"}, ROW | {"output_padding": [0],
                                   "observed_shape": [1, 4, 5]})  # fmt: skip

    assert verdict == "fails"
    assert "op=0" in evidence
    assert "it gives 6, but 5 is true" in evidence


@pytest.mark.parametrize(
    "change",
    [{"padding": "valid"}, {"target": "other:call@cpu"}, {"verdict": "rejected"}],
)
def test_row_of_another_kind_measures_nothing(change: dict[str, object]) -> None:
    assert verdict_on(MEASURED, ROW | change)[0] == "not measured"


def test_crop_that_is_not_unique_measures_nothing() -> None:
    ambiguous = ROW | {"resolution": ["0.1", "1.0"], "resolutions": 2}

    assert verdict_on(MEASURED | {"quantity": "begin"}, ambiguous)[0] == "not measured"


def test_rows_that_contradict_each_other_are_named() -> None:
    with pytest.raises(ClaimError, match="was measured as 6 and as 7; name one target"):
        verdict_on(MEASURED, ROW, ROW | {"observed_shape": [1, 4, 7]})


def test_letter_that_only_some_rows_give_is_left_out() -> None:
    given = ROW | {"i": [4], "output_padding": [0], "observed_shape": [1, 4, 8]}

    assert verdict_on(MEASURED, ROW, given) == ("holds", "at all 2 points")


def test_restriction_that_no_row_meets_measures_nothing() -> None:
    assert verdict_on(MEASURED | {"where": ["s == 1"]}, ROW)[0] == "not measured"
