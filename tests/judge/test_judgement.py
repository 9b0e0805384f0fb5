"""The judge, judged: fakes with one deliberate fault each, and what each of them must get."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from numpy.typing import NDArray

from tconv.adapters.guard import outcome_from
from tconv.inputs.draw import Draw, DrawRecipe, draw
from tconv.judge import Judgement, judge
from tconv.judge.expected import Expected, expect
from tconv.model.case import Case
from tconv.model.dtypes import PRECISIONS
from tconv.model.outcome import (
    Computed,
    ConfirmedUnsupported,
    Crashed,
    Faulty,
    NotRun,
    Outcome,
    Refused,
    TimedOut,
    Unavailable,
)
from tconv.model.tensors import Tensors
from tconv.model.verdict import Verdict
from tconv.oracle.case_answer import parameters
from tconv.oracle.formulations import conv_transpose

Array = NDArray[Any]

FULL = "2d-i4x3-k3x3-s2x2-p1.0x0.1-op1x1-n2-ci4-co4-f32"
GROUPED = "2d-i4x3-k3x3-s2x2-p1.0x0.1-op1x1-g2-n2-ci4-co8-f32"
NORMAL = f"{FULL}-normal"
CIRCULAR = "1d-i7-k4-s2-padcircular-ci2-co4-f32"
REFLECT = CIRCULAR.replace("circular", "reflect")
CAUSAL = CIRCULAR.replace("circular", "causal")


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What a fake is given: the case, its tensors, and the right answer to spoil."""

    case: Case
    given: Tensors
    expected: Expected

    @property
    def y(self) -> Array:
        """The right answer in the dtype of the case, a copy that a fake may change."""
        assert self.expected.y is not None
        return self.expected.y.astype(self.expected.precision.dtype)

    @property
    def b(self) -> Array:
        """The bias of a case that has one."""
        assert self.given.b is not None
        return self.given.b

    def compute(self, x: Array | None = None, w: Array | None = None, **changed: Any) -> Array:
        """Return the right formula on other tensors, or with other parameters."""
        work = (self.given.x if x is None else x, self.given.w if w is None else w)
        keywords: dict[str, Any] = {**parameters(self.case), **changed}
        b = keywords.pop("b", self.given.b)
        wide_x, wide_w = (v.astype(self.expected.precision.work) for v in work)
        y = conv_transpose(
            wide_x, wide_w, None if b is None else b.astype(wide_x.dtype), **keywords
        )
        return y.astype(self.expected.precision.dtype)


def _scene(case_id: str) -> Scene:
    case = Case.from_id(case_id)
    drawn = draw(case)
    return Scene(case=case, given=drawn.tensors, expected=expect(case, drawn))


def _changed(y: Array, index: tuple[int, ...], value: Any) -> Array:
    y[index] = value
    return y


def _off_by(scene: Scene, units: float) -> Array:
    """Return float32 values one of which is `units` of the bound away from the reference."""
    expected = scene.expected
    assert expected.y is not None
    y = scene.y
    n = np.broadcast_to(expected.products, expected.bound.shape)
    at = np.unravel_index(np.argmax(n * expected.bound), y.shape)
    y[at] = expected.y[at] + units * (n[at] + 1) * 2.0**-24 * expected.bound[at]
    return y


def _rounded(values: Array, bits: int) -> Array:
    """Return values rounded to `bits` of significand."""
    fraction, exponent = np.frexp(values.astype(np.float64))
    return np.asarray(np.ldexp(np.rint(np.ldexp(fraction, bits)), exponent - bits))


def _to_format(scene: Scene, bits: int) -> Array:
    given = scene.given
    return scene.compute(_rounded(given.x, bits), _rounded(given.w, bits))


def _padded_input(scene: Scene) -> Array:
    pads = [(0, 0), (0, 0), *zip(scene.case.p_begin, scene.case.p_end, strict=True)]
    return scene.compute(np.pad(scene.given.x, pads), padding=0)


def _zero_tail(scene: Scene) -> Array:
    y = scene.y
    y[:, :, -1, :] = 0
    y[:, :, :, -1] = 0
    return y


def _nan_tail(scene: Scene) -> Array:
    y = scene.y
    y[:, :, -1, :] = np.nan
    return y


def _on_padded_input(scene: Scene, mode: str, shift: int = 0) -> Array:
    """Return 14 elements of the result of x padded by two elements, from element 1 of x's own."""
    widths: Any = [(0, 0), (0, 0), (2, 2)]
    x = np.pad(scene.given.x, widths, mode)  # type: ignore[call-overload] # a mode of NumPy
    y = conv_transpose(x, scene.given.w, scene.b, stride=2)
    return y[..., 5 + shift : 19 + shift].astype(np.float32)


Fake = Callable[[Scene], Any]

# name, case, fake, verdict, reading, error class
FAULTS: list[tuple[str, str, Fake, str, str | None, str | None]] = [
    ("none", FULL, lambda s: s.y, "match", None, "exact"),
    ("none, normal values", NORMAL, lambda s: s.y, "match", None, "exact"),
    ("negative zeros", FULL, lambda s: np.where(s.y == 0, -0.0, s.y).astype(np.float32),
     "match", None, "exact"),
    ("Fortran order", FULL, lambda s: np.asfortranarray(s.y), "match", None, "exact"),
    # shape
    ("batch axis lost", FULL, lambda s: s.y[0], "shape", None, None),
    ("one row short", FULL, lambda s: s.y[:, :, :-1], "shape",
     "output padding ignored on axis 0", None),
    ("broadcastable", FULL, lambda s: s.y[:, :, :1, :1], "shape", None, None),
    ("a scalar", FULL, lambda s: np.array(s.y.flat[0]), "shape", None, None),
    ("channels last", FULL, lambda s: np.moveaxis(s.y, 1, -1), "shape", "channels last", None),
    ("padding ignored", FULL, lambda s: s.compute(padding=0), "shape", "padding ignored", None),
    ("padding applied to the input", FULL, _padded_input, "shape",
     "padding applied to the input", None),
    ("output padding ignored", FULL, lambda s: s.compute(output_padding=0), "shape",
     "output padding ignored", None),
    ("groups ignored", GROUPED,
     lambda s: s.compute(groups=1, b=s.b[:4]),
     "shape", "groups ignored", None),
    # dtype
    ("float64 for float32", FULL, lambda s: s.y.astype(np.float64), "dtype", None, None),
    ("float16 for float32", NORMAL, lambda s: s.y.astype(np.float16), "dtype", None, None),
    ("bool for float32", FULL, lambda s: s.y.astype(bool), "dtype", None, None),
    ("float16 for bfloat16", FULL.replace("f32", "bf16"), lambda s: s.y.astype(np.float16),
     "dtype", None, None),
    # finiteness
    ("NaN tail", FULL, _nan_tail, "nonfinite", None, None),
    ("one infinity", FULL, lambda s: _changed(s.y, (1, 2, 3, 4), np.inf), "nonfinite", None, None),
    ("NaN for a zero", "1d-i2-k1-s2-op1-ci1-co1-f32-nobias",
     lambda s: np.where(s.y == 0, np.nan, s.y).astype(np.float32), "nonfinite", None, None),
    ("NaN of normal values", NORMAL, _nan_tail, "nonfinite", None, None),
    # values
    ("one unit in the last place", FULL,
     lambda s: _changed(s.y, (1, 2, 3, 4), np.nextafter(s.y[1, 2, 3, 4], np.float32(np.inf))),
     "value", None, "transformed"),
    ("one index wrong", FULL, lambda s: _changed(s.y, (1, 2, 3, 4), s.y[1, 2, 3, 5] + 4000),
     "value", None, "wrong"),
    ("kernel flipped", FULL, lambda s: s.compute(w=s.given.w[:, :, ::-1, ::-1]),
     "value", "kernel flipped", "wrong"),
    ("kernel flipped, normal values", NORMAL, lambda s: s.compute(w=s.given.w[:, :, ::-1, ::-1]),
     "value", "kernel flipped", "wrong"),
    ("kernel flipped on an axis", FULL, lambda s: s.compute(w=s.given.w[:, :, ::-1]),
     "value", "kernel flipped on axis 0", "wrong"),
    ("kernel transposed", FULL, lambda s: s.compute(w=s.given.w.swapaxes(2, 3)),
     "value", "kernel axes exchanged", "wrong"),
    ("channels exchanged", FULL, lambda s: s.compute(w=s.given.w.swapaxes(0, 1)),
     "value", "input and output channels exchanged | weight read as (c_out/groups, c_in, *k)",
     "wrong"),
    ("crop on the other side", FULL, lambda s: s.compute(padding=((0, 1), (1, 0))),
     "value", "crop on the other side | padding of the axes exchanged", "wrong"),
    ("crop on the other side of one axis", "1d-i4-k3-s2-p2.1-ci2-co2-f32",
     lambda s: s.compute(padding=((1, 2),)), "value",
     "crop on the other side | crop starts one too early", "wrong"),
    ("bias missing", FULL, lambda s: s.compute(b=None), "value", "bias missing", "wrong"),
    ("bias twice", FULL, lambda s: s.compute(b=2 * s.b), "value", "bias twice", "wrong"),
    ("zeros in the tail", FULL, _zero_tail, "value", "output padding filled with zeros", "wrong"),
    ("group permutation dropped", GROUPED,
     lambda s: (s.compute(b=None).reshape(2, 2, 4, 9, 7).swapaxes(1, 2).reshape(2, 8, 9, 7)
                + s.b.reshape(-1, 1, 1)),
     "value", "output channels of the groups interleaved", "wrong"),
    ("groups in reverse order", GROUPED,
     lambda s: s.compute(w=np.roll(s.given.w, 2, axis=0)), "value", "groups in reverse order",
     "wrong"),
    ("all of the groups", GROUPED,
     lambda s: (np.tile(s.compute(b=None).reshape(2, 2, 4, 9, 7).sum(1), (1, 2, 1, 1))
                + s.b.reshape(-1, 1, 1)),
     "value", "every input channel for every group", "wrong"),
    ("batch reversed", FULL, lambda s: s.y[::-1], "value", "batch in reverse order", "wrong"),
    ("output transposed", "2d-i4x4-k3x3-s2x2-ci2-co2-f32", lambda s: s.y.swapaxes(2, 3),
     "value", "axes of the output exchanged", "wrong"),
    ("stride and dilation exchanged", "1d-i3-k3-s2-ci2-co2-f32",
     lambda s: s.compute(stride=1, dilation=2), "value", "stride and dilation exchanged", "wrong"),
    ("all zero", FULL, lambda s: np.zeros_like(s.y), "value", "zeros", "wrong"),
    ("integers flipped", FULL.replace("f32", "i32"),
     lambda s: s.compute(w=s.given.w[:, :, ::-1, ::-1]), "value", "kernel flipped", "wrong"),
    ("integers off by one", FULL.replace("f32", "i64"), lambda s: s.y + 1, "value", None, "wrong"),
    # defined policies
    ("circular", CIRCULAR, lambda s: _on_padded_input(s, "wrap"), "match", None, "exact"),
    ("circular with zeros", CIRCULAR, lambda s: _on_padded_input(s, "constant"), "value",
     "input padded with zeros", "wrong"),
    ("circular by reflection", CIRCULAR, lambda s: _on_padded_input(s, "reflect"), "value",
     "input reflected without its outermost elements", "wrong"),
    ("circular turned", CIRCULAR, lambda s: np.roll(s.y, -1, axis=-1), "value",
     "crop starts one too late | result of the padded input starts one too late", "wrong"),
    ("circular of the padded size", CIRCULAR, lambda s: np.pad(s.y, [(0, 0), (0, 0), (1, 1)]),
     "shape", None, None),
    ("reflect", REFLECT, lambda s: _on_padded_input(s, "reflect"), "match", None, "exact"),
    ("reflect with the edge twice", REFLECT, lambda s: _on_padded_input(s, "symmetric"), "value",
     "input padded with its outermost elements | input reflected with its outermost elements",
     "wrong"),
    ("reflect too early", REFLECT, lambda s: _on_padded_input(s, "reflect", -1), "value",
     "crop starts one too early | result of the padded input starts one too early", "wrong"),
    ("causal cropped at the start", CAUSAL,
     lambda s: conv_transpose(s.given.x, s.given.w, s.b, stride=2)[..., 2:].astype(np.float32),
     "value", "all of the crop at the start | crop on the other side", "wrong"),
    ("causal not cropped", CAUSAL,
     lambda s: conv_transpose(s.given.x, s.given.w, s.b, stride=2).astype(np.float32),
     "shape", "end not cropped | padding ignored", None),
    ("conjugated", FULL.replace("f32", "c64"), lambda s: s.compute(w=s.given.w.conj()),
     "value", "weight conjugated", "wrong"),
    ("imaginary part dropped", FULL.replace("f32", "c128"), lambda s: s.y.real.astype(s.y.dtype),
     "value", "imaginary part dropped", "wrong"),
    # rounding
    ("0.9 of the bound", NORMAL, lambda s: _off_by(s, 0.9), "match", None, "within"),
    ("1.5 of the bound", NORMAL, lambda s: _off_by(s, 1.5), "value", None, "transformed"),
    ("TF32", NORMAL, lambda s: _to_format(s, 11), "value", None, "reduced"),
    ("bfloat16", NORMAL, lambda s: _to_format(s, 8), "value", None, "reduced"),
    ("too coarse", NORMAL, lambda s: _to_format(s, 3), "value", None, "wrong"),
    ("TF32 on exact values", FULL, lambda s: _to_format(s, 11), "match", None, "exact"),
    ("float32 for float64", NORMAL.replace("f32", "f64"),
     lambda s: _to_format(s, 24), "value", None, "reduced"),
    # extended
    ("right where it may refuse", "1d-i4-k2-s3-p3-ci2-co2-f32", lambda s: s.y, "match", None,
     "exact"),
    ("wrong where it may refuse", "1d-i4-k2-s3-p3-ci2-co2-f32", lambda s: s.y + 1, "value", None,
     "wrong"),
    ("bias of an empty input", "1d-i0-k4-s2-ci2-co2-f32", lambda s: s.y, "match", None, "exact"),
    ("zeros for the bias of an empty input", "1d-i0-k4-s2-ci2-co2-f32",
     lambda s: np.zeros_like(s.y), "value", None, "wrong"),
    ("empty batch", "1d-i4-k2-n0-ci2-co2-f32", lambda s: s.y, "match", None, "exact"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("case_id", "fake", "verdict", "reading", "error_class"),
    [row[1:] for row in FAULTS],
    ids=[row[0] for row in FAULTS],
)
def test_fake_with_one_fault_gets_its_verdict(
    case_id: str, fake: Fake, verdict: str, reading: str | None, error_class: str | None
) -> None:
    scene = _scene(case_id)

    found = judge(scene.case, outcome_from(fake(scene)), scene.expected)

    assert (found.verdict, found.reading, found.error_class) == (verdict, reading, error_class)


@pytest.mark.parametrize(
    ("declared", "bits", "verdict"),
    [
        ((), 11, "value"),
        (("tf32",), 11, "match"),
        (("reduced",), 11, "match"),
        (("bfloat16",), 8, "match"),
        (("tf32",), 8, "value"),
        (("transformed",), 11, "value"),
        (("reduced",), 3, "value"),
    ],
)
def test_reduced_inputs_match_only_where_the_mode_declares_them(
    declared: tuple[str, ...], bits: int, verdict: str
) -> None:
    scene = _scene(NORMAL)

    found = judge(
        scene.case, Computed(y=_to_format(scene, bits)), scene.expected, declared=declared
    )

    assert found.verdict == verdict
    assert bits == 3 or found.error_class == "reduced"


def test_declared_transform_matches_where_a_sum_would_not() -> None:
    scene = _scene(NORMAL)
    outcome = Computed(y=_off_by(scene, 1.5))

    found = judge(scene.case, outcome, scene.expected, declared=("transformed",))

    assert (found.verdict, found.error_class) == (Verdict.MATCH, "transformed")


@pytest.mark.parametrize("declared", [(), ("reduced",), ("tf32",)])
def test_off_by_one_is_wrong_in_exact_mode_however_large_the_sums(
    declared: tuple[str, ...],
) -> None:
    scene = _scene("2d-i6x6-k5x5-ci16-co2-f32")
    y = scene.y
    y[0, 1, 4, 4] += 1

    judged = judge(scene.case, Computed(y=y), scene.expected, declared=declared)

    assert (judged.verdict, judged.error_class, judged.reason) == (Verdict.VALUE, "wrong", None)


@pytest.mark.parametrize("declared", ["reduced", "transformed"])
def test_declaration_excuses_no_known_reading(declared: str) -> None:
    scene = _scene(FULL)
    outcome = Computed(y=scene.compute(b=None))

    found = judge(scene.case, outcome, scene.expected, declared=(declared,))

    assert (found.verdict, found.reading) == (Verdict.VALUE, "bias missing")


def test_subnormal_results_flushed_to_zero_differ() -> None:
    scene = _scene("1d-i2-k2-ci1-co1-f32-nobias-normal")
    tiny = Tensors(
        x=(scene.given.x * np.float32(1e-20)).astype(np.float32),
        w=(scene.given.w * np.float32(1e-20)).astype(np.float32),
        b=None,
    )
    work = Tensors(x=tiny.x.astype(float), w=tiny.w.astype(float), b=None)
    small = Draw(tensors=tiny, work=work, recipe=DrawRecipe(drawn="normal"))

    found = judge(scene.case, Computed(y=np.zeros_like(scene.y)), expect(scene.case, small))

    assert found.verdict == Verdict.VALUE


RETURNED = [
    ("a list", [[1.0]]),
    ("None", None),
    ("a number", 1.5),
    ("objects", np.array([[[1.5]]], object)),
    ("text", np.array([[["1.5"]]])),
    ("dates", np.array([[["2026-01-01"]]], "M8[D]")),
    ("records", np.zeros((1, 1, 1), [("a", "f4")])),
    ("raw bytes", np.zeros((1, 1, 1), "V4")),
    ("a masked array", np.ma.masked_array(np.ones((1, 1, 1)))),
]


@pytest.mark.parametrize("returned", [row[1] for row in RETURNED], ids=[row[0] for row in RETURNED])
def test_result_that_is_no_array_of_numbers_is_an_error_of_the_adapter(returned: object) -> None:
    scene = _scene(FULL)

    found = judge(scene.case, outcome_from(returned), scene.expected)

    assert found.verdict == Verdict.ADAPTER_ERROR
    assert found.reason is not None
    assert "but should be" in found.reason


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "c8", "i4", "u1", "?", ml_dtypes.bfloat16])
def test_array_of_numbers_is_a_result_whatever_its_dtype(dtype: Any) -> None:
    assert isinstance(outcome_from(np.zeros((1, 1, 1), dtype)), Computed)


LEGAL, EXTENDED, ILLEGAL, OPEN = (
    "1d-i4-k3-s2-ci2-co4-f32", "1d-i4-k2-s3-p3-ci2-co2-f32", "1d-i4-k3-g3-ci2-co4-f32",
    "1d-i4-k3-padsame-ci2-co4-f32",
)  # fmt: skip
ERROR = {"error_type": "ValueError", "error_text": "no"}
TABLE: list[tuple[str, Outcome, str]] = [
    (LEGAL, Refused(**ERROR), "rejected_legal"),
    (EXTENDED, Refused(**ERROR), "rejected"),
    (ILLEGAL, Refused(**ERROR), "rejected"),
    (OPEN, Refused(**ERROR), "rejected"),
    (ILLEGAL, Computed(y=np.zeros((1, 4, 6), np.float32)), "accepted_illegal"),
]  # fmt: skip


SILENCES: list[tuple[Outcome, str]] = [
    (ConfirmedUnsupported(reason="no groups", **ERROR), "unsupported"),
    (Faulty(offence="a list", **ERROR), "adapter_error"),
    (Crashed(exit_code=-11, stderr="boom"), "crashed"),
    (TimedOut(limit=10.0), "timeout"),
    (Unavailable(reason="not installed"), "unavailable"),
    (NotRun(reason="interrupted"), "not_run"),
]


@pytest.mark.parametrize(
    ("exit_code", "said"),
    [(3, "exit code 3"), (0, "exit code 0"), (-8, "signal 8 (SIGFPE)"), (-90, "signal 90")],
)
@pytest.mark.parametrize("is_reproduced", [True, False])
def test_crash_says_what_ended_the_process_and_whether_it_came_back(
    exit_code: int, said: str, *, is_reproduced: bool
) -> None:
    crashed = Crashed(exit_code=exit_code, stderr="", is_reproduced=is_reproduced)

    judgement = judge(Case.from_id(LEGAL), crashed)

    again = (
        "" if is_reproduced else ", not reproduced: the case did not crash when it was run again"
    )
    assert judgement.reason == f"the worker ended with {said}{again}"
    assert judgement.reading is None


@pytest.mark.parametrize("case_id", [LEGAL, EXTENDED, ILLEGAL, OPEN])
@pytest.mark.parametrize(("outcome", "verdict"), SILENCES)
def test_outcome_without_answer_gets_its_verdict_whatever_the_case(
    case_id: str, outcome: Outcome, verdict: str
) -> None:
    case = Case.from_id(case_id)
    drawn = draw(case)

    assert judge(case, outcome, expect(case, drawn)).verdict == verdict


@pytest.mark.parametrize(("case_id", "outcome", "verdict"), TABLE)
def test_outcome_gets_the_verdict_of_the_table(
    case_id: str, outcome: Outcome, verdict: str
) -> None:
    case = Case.from_id(case_id)
    drawn = draw(case)

    assert judge(case, outcome, expect(case, drawn)).verdict == verdict


def test_error_of_the_framework_is_kept() -> None:
    case = Case.from_id(LEGAL)
    drawn = draw(case)

    found = judge(case, Refused(**ERROR), expect(case, drawn))

    assert (found.error_type, found.error_text) == ("ValueError", "no")


def test_evidence_names_the_first_bad_element_and_counts_them() -> None:
    scene = _scene(FULL)
    y = scene.y
    right = y[0, 1, 2, 3]
    y[0, 1, 2, 3] += 4096
    y[1, 0, 0, 0] += 4096

    found = judge(scene.case, Computed(y=y), scene.expected)

    assert found == Judgement(
        verdict=Verdict.VALUE,
        error_class="wrong",
        error_units=found.error_units,
        observed_shape=(2, 4, 9, 7),
        expected_shape=(2, 4, 9, 7),
        observed_dtype="float32",
        expected_dtype="float32",
        first_bad_index=(0, 1, 2, 3),
        observed_value=str(right + 4096),
        expected_value=str(right),
        bad_count=2,
        difference="/".join(["0" * 7] * 2 + ["0009000"] + ["0" * 7] * 6),
        compared=504,
    )


def test_error_is_given_in_units_of_the_bound() -> None:
    scene = _scene(NORMAL)

    found = judge(scene.case, Computed(y=_off_by(scene, 0.9)), scene.expected)

    assert found.error_units == pytest.approx(0.9, abs=0.02)


def test_element_without_products_must_be_the_bias_exactly() -> None:
    scene = _scene("1d-i2-k1-s2-op1-ci1-co1-f32-normal")
    y = scene.y
    y[0, 0, -1] = np.nextafter(y[0, 0, -1], np.float32(np.inf))

    found = judge(scene.case, Computed(y=y), scene.expected)

    assert (found.verdict, found.error_units) == (Verdict.VALUE, np.inf)


# --- a correct backend that sums in another order ---


def _in_another_order(case: Case, given: Tensors) -> Array:
    """Return the right answer, each product and each sum rounded to the dtype of the case.

    Taps and channels are taken backwards, one at a time, starting from the bias.
    """
    per_group, outputs = case.c_in // case.groups, case.w_shape[1]
    full = [
        max(s * (i - 1) + d * (k - 1) + 1, o + begin)
        for s, i, d, k, o, begin in zip(
            case.s, case.i, case.dilation, case.k, case.y_shape[2:], case.p_begin, strict=True
        )
    ]
    y = np.zeros((case.n, case.c_out, *full), given.x.dtype)
    if given.b is not None:
        y += given.b.reshape(-1, *(1,) * case.ndim)
    taps = list(product(*map(range, case.k)))[::-1]
    for c, j, u in product(reversed(range(case.c_in)), range(outputs), taps):
        at: tuple[Any, ...] = tuple(
            slice(d * v, d * v + s * (i - 1) + 1, s)
            for d, v, s, i in zip(case.dilation, u, case.s, case.i, strict=True)
        )
        y[:, c // per_group * outputs + j][(slice(None), *at)] += (
            given.x[:, c] * given.w[(c, j, *u)]
        )
    cut = [slice(b, b + o) for b, o in zip(case.p_begin, case.y_shape[2:], strict=True)]
    window: tuple[slice, ...] = (slice(None), slice(None), *cut)
    return np.ascontiguousarray(y[window])


def _some_cases(dtype: str, values: str, count: int) -> list[Case]:
    """Return legal cases with small sizes, the same ones every time."""
    chance = random.Random(f"{dtype} {values}")  # noqa: S311 # no secret
    found: list[Case] = []
    while len(found) < count:
        ndim, groups = chance.randint(1, 3), chance.randint(1, 2)
        sizes = {
            name: tuple(chance.randint(low, high) for _ in range(ndim))
            for name, low, high in (
                ("i", 1, 4), ("k", 1, 3), ("s", 1, 3), ("dilation", 1, 2), ("output_padding", 0, 1),
            )
        }  # fmt: skip
        case = Case.from_parameters(
            ndim=ndim,
            p=[(chance.randint(0, 2), chance.randint(0, 2)) for _ in range(ndim)],
            groups=groups,
            c_in=groups * chance.choice([1, 2, 8]),
            c_out=groups * chance.randint(1, 2),
            bias=chance.random() < 0.7,
            dtype=dtype,
            values=values,
            **sizes,
        )
        found += [case] if case.suite == "explicit" else []
    return found


DTYPES = ["float16", "bfloat16", "float32", "float64", "complex64", "complex128"]


@pytest.mark.parametrize("values", ["exact", "normal"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_correct_backend_with_another_order_of_sums_is_never_blamed(
    dtype: str, values: str
) -> None:
    blamed = []
    for case in _some_cases(dtype, values, 40):
        drawn = draw(case)
        y = _in_another_order(case, drawn.tensors)
        found = judge(case, outcome_from(y), expect(case, drawn))
        if found.verdict != Verdict.MATCH or (values == "exact" and found.error_class != "exact"):
            blamed.append((case.id, found))

    assert blamed == []


PLANTED: list[Callable[[Scene], Array]] = [
    lambda s: s.compute(w=np.flip(s.given.w, tuple(range(2, s.given.w.ndim)))),
    lambda s: s.compute(b=None),
    lambda s: s.compute(x=s.given.x[..., ::-1]),
    lambda s: s.compute(w=s.given.w[:, ::-1]),
]


@pytest.mark.parametrize("fake", PLANTED, ids=["flip", "bias", "mirrored input", "channels"])
@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
@pytest.mark.parametrize("values", ["exact", "normal"])
def test_planted_fault_is_found_wherever_it_changes_anything(
    dtype: str, values: str, fake: Fake
) -> None:
    missed = []
    for case in _some_cases(dtype, values, 30):
        drawn = draw(case)
        scene = Scene(case=case, given=drawn.tensors, expected=expect(case, drawn))
        y = fake(scene)
        found = judge(case, outcome_from(y), scene.expected)
        if (found.verdict == Verdict.MATCH) != bool((y == scene.y).all()):
            missed.append((case.id, found))

    assert missed == []


def test_reference_of_float64_has_a_higher_precision_than_float64() -> None:
    scene = _scene(NORMAL.replace("f32", "f64"))

    assert scene.expected.residue is not None
    assert scene.expected.y is not None
    assert (
        0
        < np.abs(scene.expected.residue).max()
        <= PRECISIONS["float64"].u * np.abs(scene.expected.y).max()
    )
