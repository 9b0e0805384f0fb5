"""From rows to what targets accept: every reaction, the faults of cases, the words of errors."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from tconv.analysis.acceptance.fault import FAULTS, fault_of
from tconv.analysis.acceptance.matrix import COLUMNS, Acceptance
from tconv.analysis.acceptance.reaction import Reaction
from tconv.grid import Cases, expand
from tconv.grid.config import load_config
from tconv.model.case import Case

CONFIG = Path(__file__).parents[2] / "configs" / "acceptance.toml"
ZERO_STRIDE = Case.from_parameters(ndim=1, i=3, k=2, s=0)
ABOVE = Case.from_parameters(ndim=1, i=3, k=3, s=2, p=1, output_padding=None, o=9)

Row = Mapping[str, Any]


def row(case: Case = ZERO_STRIDE, target: str = "fake:call@cpu", **given: Any) -> dict[str, Any]:
    """Return a row with what a store has of a case on a target."""
    made = dict.fromkeys(COLUMNS) | {
        "case": case.id, "target": target, "backend": target.split(":", maxsplit=1)[0],
    }  # fmt: skip
    return made | given


def refusal(text: str, case: Case = ZERO_STRIDE, target: str = "fake:call@cpu") -> dict[str, Any]:
    return row(case, target, verdict="rejected", error_type="ValueError", error_text=text)


def resolved(*begins: int, size: int = 9, **given: Any) -> dict[str, Any]:
    """Return a row of ABOVE, whose full result has 7 elements, explained by these begins."""
    windows = [f"{begin}.{7 - begin - size}" for begin in begins]
    made: dict[str, Any] = {
        "verdict": "resolved", "observed_shape": [1, 4, size], "resolution": windows,
        "resolutions": len(windows),
    }  # fmt: skip
    return row(ABOVE, **(made | given))


def reaction(of: Row) -> Reaction:
    """Return what acceptance makes of a single row."""
    (cell,) = Acceptance.from_rows([of]).cells.values()
    (entry,) = cell.entries
    return entry.reaction


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (row(verdict="match"), Reaction.COMPUTES),
        (row(verdict="shape"), Reaction.COMPUTES_ANOTHER),
        (row(verdict="value"), Reaction.COMPUTES_ANOTHER),
        (row(verdict="dtype"), Reaction.COMPUTES_ANOTHER),
        (row(verdict="nonfinite"), Reaction.COMPUTES_ANOTHER),
        (row(verdict="unresolved"), Reaction.COMPUTES_ANOTHER),
        (row(verdict="accepted_illegal"), Reaction.ACCEPTS_SILENTLY),
        (refusal("stride must be positive"), Reaction.REFUSES_CLEARLY),
        (refusal("strides must be positive") | {"verdict": "rejected_legal"},
         Reaction.REFUSES_CLEARLY),
        (refusal("could not create a primitive"), Reaction.REFUSES_MISLEADINGLY),
        (refusal("dilation must be positive"), Reaction.REFUSES_MISLEADINGLY),
        (row(verdict="crashed"), Reaction.CRASHES),
        (row(verdict="timeout"), Reaction.HANGS),
        (row(verdict="unsupported"), Reaction.UNSUPPORTED),
        (row(verdict="not_run"), Reaction.UNKNOWN),
        (row(verdict="unavailable"), Reaction.UNKNOWN),
        (row(verdict="adapter_error"), Reaction.UNKNOWN),
    ],
    ids=lambda value: value if isinstance(value, str) else value.get("verdict"),
)  # fmt: skip
def test_each_verdict_is_a_reaction(given: Row, expected: Reaction) -> None:
    assert reaction(given) is expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (resolved(1), Reaction.COMPUTES),
        (resolved(0, 1), Reaction.COMPUTES),
        (resolved(0), Reaction.COMPUTES_ANOTHER),
        (resolved(1, size=8), Reaction.COMPUTES_ANOTHER),
        (resolved(1, reading="kernel flipped"), Reaction.COMPUTES_ANOTHER),
        (resolved(), Reaction.COMPUTES),
        (resolved(size=8), Reaction.COMPUTES_ANOTHER),
        (resolved(0, resolutions=40), Reaction.COMPUTES),
    ],
    ids=["asked", "one of two", "crop", "size", "flipped", "shape", "wrong shape", "cut list"],
)
def test_requested_size_is_computed_where_size_and_crop_are_as_asked(
    given: Row, expected: Reaction
) -> None:
    assert reaction(given) is expected


@pytest.mark.parametrize(
    "text",
    [
        "{{function_node __wrapped__Conv2D_stride}} bad argument [Op:stride]",
        "conv_transpose1d() received an invalid combination of arguments - got (int stride)",
        "/src/stride/attributes.h:57 bad argument",
        'Detected at node f (most recent call last):\n  File "stride.py", in stride\n\nbad\n',
        "Dimensions differ for '{{node f}} = F[strides=[1]](x)' with input shapes: [1]",
        'wrong result\n at loc("stride"(callsite("stride")))',
        "mystrides are wrong",
    ],
    ids=["node", "signatures", "path", "traceback", "graph", "source", "part of a word"],
)
def test_word_that_a_framework_adds_names_no_cause(text: str) -> None:
    assert reaction(refusal(text)) is Reaction.REFUSES_MISLEADINGLY


def test_text_that_says_the_contrary_is_misleading() -> None:
    given = case(dilation=0)

    assert reaction(refusal("dilation rates must be positive", case=given)) is (
        Reaction.REFUSES_CLEARLY
    )
    assert reaction(refusal("no support of dilation rates larger than 1", case=given)) is (
        Reaction.REFUSES_MISLEADINGLY
    )


def test_refusal_for_a_feature_beside_the_fault_says_nothing_of_it() -> None:
    text = "Current CPU implementations do not yet support dilation rates larger than 1."
    given = case(s=1, dilation=3, output_padding=2)

    assert reaction(refusal(text, case=given)) is Reaction.UNSUPPORTED


@pytest.mark.parametrize("call", ["jax.lax.conv_transpose + b", "f + keras.ops.add"])
def test_fault_of_a_bias_that_the_call_does_not_take_is_no_fault_of_the_call(call: str) -> None:
    given = case(malformed="bias_dtype")

    assert reaction(row(given, verdict="accepted_illegal", call=call)) is Reaction.UNSUPPORTED
    assert reaction(row(given, verdict="accepted_illegal", call="f + tf.nn.bias_add")) is (
        Reaction.ACCEPTS_SILENTLY
    )


def test_shape_that_is_right_is_no_fault_though_nobody_could_compute_it() -> None:
    given = case(output_padding=2**62)
    right, wrapped = [1, 4, 2**62 + 7], [1, 4, 7]

    assert reaction(row(given, verdict="accepted_illegal", observed_shape=right)) is (
        Reaction.COMPUTES
    )
    assert reaction(row(given, verdict="accepted_illegal", observed_shape=wrapped)) is (
        Reaction.ACCEPTS_SILENTLY
    )


def test_cell_keeps_each_reaction_worst_first_with_its_smallest_case() -> None:
    larger = Case.from_parameters(ndim=2, i=3, k=2, s=0)
    found = Acceptance.from_rows([
        refusal("stride larger", case=larger),
        refusal("stride smaller"),
        row(larger, verdict="crashed", error_text="core dumped"),
    ])  # fmt: skip
    (cell,) = found.of("stride of 0")

    assert cell.codes == "Xr"
    assert [(e.count, e.case, e.text) for e in cell.entries] == [
        (1, larger.id, "core dumped"),
        (2, ZERO_STRIDE.id, "ValueError: stride smaller"),
    ]


def test_modes_that_differ_are_a_disagreement_and_texts_alone_are_not() -> None:
    found = Acceptance.from_rows([
        refusal("stride", target="keras-jax:layer@cpu"),
        refusal("no cause", target="keras-torch:layer@cpu"),
        row(target="keras-torch:ops@cpu", verdict="accepted_illegal"),
        row(target="keras-numpy:ops@cpu", verdict="unsupported"),
        refusal("stride", target="torch:eager@cpu"),
        refusal("no cause", target="torch:eager+no_onednn@cpu"),
    ])  # fmt: skip
    (only,) = found.disagreements

    assert (only.framework, only.fault, only.count) == ("keras", "stride of 0", 1)
    assert only.sides == {
        "accepts silently": ("keras-torch:ops@cpu",),
        "refuses": ("keras-jax:layer@cpu", "keras-torch:layer@cpu"),
    }


def test_row_without_a_fault_is_counted_and_in_no_cell() -> None:
    found = Acceptance.from_rows([row(Case.from_parameters(ndim=1, i=3, k=2), verdict="match")])

    assert (found.faultless, found.cells, found.targets) == (1, {}, ())


def case(**given: Any) -> Case:
    return Case.from_parameters(**({"ndim": 1, "i": 3, "k": 3, "s": 2} | given))


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (case(malformed="weight_dtype"), "w has another dtype than x"),
        (case(i=1, s=2**31), "stride of 2^31-1 or more"),
        (case(p=2**32), "padding beyond 32 bits"),
        (case(k=1, dilation=2**63 - 1), "dilation of 2^31-1 or more"),
        (case(output_padding=2**33), "output padding beyond 32 bits"),
        (case(output_padding=None, o=2**32), "requested size beyond 32 bits"),
        (case(groups=0), "groups below 1"),
        (case(c_in=0), "no input channels"),
        (case(c_out=0), "no output channels"),
        (case(c_in=3, groups=2), "groups that do not divide c_in"),
        (case(c_out=3, groups=2), "groups that do not divide c_out"),
        (case(s=0), "stride of 0"),
        (case(s=-1), "stride below 0"),
        (case(k=0), "kernel of 0"),
        (case(dilation=0), "dilation of 0"),
        (case(dilation=-1), "dilation below 0"),
        (case(output_padding=-1), "output padding below 0"),
        (case(i=0), "input of size 0"),
        (case(n=0), "batch of size 0"),
        (case(output_padding=None, o=0), "requested size below 1"),
        (case(ndim=2, s=1, i=2, p=2), "no output, every axis"),
        (case(ndim=2, s=1, i=2, p=[2, 0]), "no output, one axis of several"),
        (case(s=1, dilation=3, output_padding=2), "output padding s <= op < d"),
        (case(output_padding=2), "output padding op >= s, d"),
        (case(p=-1), "padding below 0"),
        (case(i=5, p=3), "padding above K-1"),
        (case(output_padding=None, o=6), "requested size below the candidates"),
        (case(output_padding=None, o=7), "requested size among the candidates"),
        (case(output_padding=None, o=9), "requested size above the candidates"),
        (case(output_padding=None, o=16), "requested size far above the candidates"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_fault_of_a_case_is_the_one_it_is_there_for(given: Case, name: str) -> None:
    fault = fault_of(given)

    assert fault is not None
    assert fault.name == name


def test_legal_case_has_no_fault() -> None:
    assert fault_of(case(p=1, output_padding=1)) is None


def test_faults_have_names_and_words_of_their_own() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
    assert all(fault.words for fault in FAULTS)


@lru_cache
def swept() -> Cases:
    config = load_config(CONFIG)
    return expand(config.grids, config.values).cases


def test_every_fault_is_swept_and_every_case_has_one() -> None:
    found = [fault_of(each) for each in swept()]

    assert None not in found
    assert {fault.name for fault in found if fault} == {fault.name for fault in FAULTS}
