"""Each framework is called with converted weights: its layout is what the table says.

That of a source cannot show in a translation from it, as both sides would have the same mistake.
"""

from typing import Final

import pytest

from tconv.analysis.atlas.atlas import Atlas, MeasuredRun
from tconv.model.target import Selection
from tconv.translation.query import Query
from tconv.translation.source import Impossible
from tconv.translation.translate import Translation, translate

EMPTY: Final = Atlas(
    source=MeasuredRun(run="map", digest="", started="", tconv="0", versions={}), entries=()
)
NEEDED: Final = {
    "torch": ("torch",),
    "tensorflow": ("tensorflow",),
    "jax": ("jax",),
    "keras-jax": ("keras", "jax"),
    "onnx": ("onnx",),
    "onnxruntime": ("onnx", "onnxruntime"),
}
CALLS: Final = (
    "k=3x2 s=2 p=1:0 op=1", "k=2 s=3 d=2 op=0", "k=2x1x3 s=1x3x2 p=-1:0 op=0",
    "padding=full k=2 s=3", "padding=causal k=4 s=2", "padding=circular k=4x3 s=2x3",
    "padding=reflect k=5 s=2 i=4",
)  # fmt: skip


@pytest.mark.parametrize("backend", NEEDED)
def test_target_is_given_weights_as_it_wants_them(backend: str) -> None:
    for package in NEEDED[backend]:
        pytest.importorskip(package, reason=f"{package} is not installed")
    queries = [Query.from_texts(text.split()) for text in CALLS]
    ends = Selection(backend="numpy"), Selection(backend=backend)

    found = list(translate(EMPTY, queries, *ends, runs=True))

    assert [getattr(each, "differences", each) for each in found] == [()] * len(CALLS)


@pytest.mark.parametrize("backend", ["torch", "jax", "onnxruntime"])
def test_groups_are_laid_out_as_the_target_wants_them(backend: str) -> None:
    for package in NEEDED[backend]:
        pytest.importorskip(package, reason=f"{package} is not installed")
    ends = Selection(backend="numpy"), Selection(backend=backend)

    (found,) = translate(EMPTY, [Query.from_texts(["k=3", "s=2", "op=1", "groups=2"])], *ends,
                         runs=True)  # fmt: skip

    assert isinstance(found, Translation)
    assert found.differences == ()


GROUPED: Final = ("k=2x2 s=2 op=0 groups=2", "k=4x4 s=2 p=1 op=0 groups=8",
                  "k=3 s=2 d=2 p=-1:0 op=0 groups=3",
                  "k=2x3x1 s=1x2x1 op=0 d=1x2x2 groups=2")  # fmt: skip


@pytest.mark.parametrize("backend", ["tensorflow", "keras-jax"])
def test_groups_have_a_call_each_where_the_target_takes_none(backend: str) -> None:
    for package in NEEDED[backend]:
        pytest.importorskip(package, reason=f"{package} is not installed")
    queries = [Query.from_texts(text.split()) for text in GROUPED]
    ends = Selection(backend="numpy"), Selection(backend=backend)

    translations = list(translate(EMPTY, queries, *ends, runs=True))

    assert all(isinstance(each, Translation) for each in translations)
    assert [each.differences for each in translations if isinstance(each, Translation)] == (
        [()] * len(queries)
    )


def test_source_without_groups_is_none_of_a_call_with_groups() -> None:
    pytest.importorskip("keras", reason="keras is not installed")
    pytest.importorskip("jax", reason="jax is not installed")
    ends = Selection(backend="keras-jax"), Selection(backend="numpy")

    (found,) = translate(EMPTY, [Query.from_texts(["k=3", "op=0", "groups=2"])], *ends, runs=True)

    assert isinstance(found, Impossible)
    assert found.reason.startswith("keras-jax:layer@cpu: no groups argument")
