"""Each framework is called with converted weights: its layout is what the table says.

That of a source cannot show in a translation from it, as both sides would have the same mistake.
"""

from typing import Any, Final

import numpy as np
import pytest
from tests.packages import require

from tconv.analysis.atlas.atlas import Atlas, MeasuredRun
from tconv.cli.translate import _comments
from tconv.engine.process.worker_process import WorkerEnd
from tconv.model.target import Selection
from tconv.translation.python_file import FileStyle, Form
from tconv.translation.query import Query
from tconv.translation.source import Impossible, SourceCall
from tconv.translation.translate import Pools, Translation, difference, translate
from tconv.translation.worker import Output, TargetCall, _run

EMPTY: Final = Atlas(
    source=MeasuredRun(run="map", digest="", started="", tconv="0", versions={}), entries=()
)
NEEDED: Final = ("torch", "tensorflow", "jax", "keras-jax", "onnx", "onnxruntime")
CALLS: Final = (
    "k=3x2 s=2 p=1:0 op=1", "k=2 s=3 d=2 op=0", "k=2x1x3 s=1x3x2 p=-1:0 op=0",
    "padding=full k=2 s=3", "padding=causal k=4 s=2", "padding=circular k=4x3 s=2x3",
    "padding=reflect k=5 s=2 i=4",
)  # fmt: skip


@pytest.mark.parametrize("backend", NEEDED)
def test_target_is_given_weights_as_it_wants_them(pool: Pools, backend: str) -> None:
    require(backend)
    queries = [Query.from_texts(text.split()) for text in CALLS]
    ends = Selection(backend="numpy"), Selection(backend=backend)

    found = list(translate(EMPTY, queries, *ends, runs=True, pool=pool))

    assert [getattr(each, "differences", each) for each in found] == [()] * len(CALLS)


@pytest.mark.parametrize("backend", ["torch", "jax", "onnxruntime"])
def test_groups_are_laid_out_as_the_target_wants_them(pool: Pools, backend: str) -> None:
    require(backend)
    ends = Selection(backend="numpy"), Selection(backend=backend)

    (found,) = translate(EMPTY, [Query.from_texts(["k=3", "s=2", "op=1", "groups=2"])], *ends,
                         runs=True, pool=pool)  # fmt: skip

    assert isinstance(found, Translation)
    assert found.differences == ()


GROUPED: Final = ("k=2x2 s=2 op=0 groups=2", "k=4x4 s=2 p=1 op=0 groups=8",
                  "k=3 s=2 d=2 p=-1:0 op=0 groups=3",
                  "k=2x3x1 s=1x2x1 op=0 d=1x2x2 groups=2")  # fmt: skip


@pytest.mark.parametrize("backend", ["tensorflow", "keras-jax"])
def test_groups_have_a_call_each_where_the_target_takes_none(pool: Pools, backend: str) -> None:
    require(backend)
    queries = [Query.from_texts(text.split()) for text in GROUPED]
    ends = Selection(backend="numpy"), Selection(backend=backend)

    translations = list(translate(EMPTY, queries, *ends, runs=True, pool=pool))

    assert all(isinstance(each, Translation) for each in translations)
    assert [each.differences for each in translations if isinstance(each, Translation)] == (
        [()] * len(queries)
    )


def test_source_without_groups_is_none_of_a_call_with_groups(pool: Pools) -> None:
    require("keras-jax")
    ends = Selection(backend="keras-jax"), Selection(backend="numpy")

    (found,) = translate(
        EMPTY, [Query.from_texts(["k=3", "op=0", "groups=2"])], *ends, runs=True, pool=pool
    )

    assert isinstance(found, Impossible)
    assert found.reason.startswith("keras-jax:layer@cpu: no groups argument")


WHOLE: Final = "k=3 s=2 d=2 op=0 groups=2"
"""A call that TensorFlow takes whole with oneDNN, and in steps without it."""


@pytest.fixture(scope="module")
def whole(pool: Pools) -> Translation:
    require("tensorflow")
    ends = Selection(backend="numpy"), Selection(backend="tensorflow")
    (found,) = translate(EMPTY, [Query.from_texts(WHOLE.split())], *ends, runs=True, pool=pool)
    assert isinstance(found, Translation)
    return found


@pytest.mark.parametrize("onednn", ["0", "1"])
def test_call_that_is_printed_first_computes_on_every_machine(
    pool: Pools, whole: Translation, onednn: str
) -> None:
    assert whole.differences == ()
    assert outputs(pool, whole.target_call, whole.source, onednn) == ["equal"] * len(
        whole.source.samples
    )


def test_source_says_with_which_variable_it_ran(atlas: Atlas, pool: Pools) -> None:
    require("tensorflow")
    ends = Selection(backend="tensorflow"), Selection(backend="numpy")
    query = Query.from_texts(["padding=same", "k=3", "s=2", "o=s*i"])

    (run,) = translate(atlas, [query], *ends, runs=True, pool=pool)
    (read,) = translate(atlas, [query], *ends, runs=False)

    assert isinstance(run, Translation)
    assert isinstance(read, Translation)
    assert (run.source_settings, read.source_settings) == ("TF_ENABLE_ONEDNN_OPTS=1", "")
    assert any("ran with TF_ENABLE_ONEDNN_OPTS=1" in line for line in _comments(run))
    assert not any("ran with" in line for line in _comments(read))


def test_faster_call_is_printed_with_the_variable_that_it_needs(
    pool: Pools, whole: Translation
) -> None:
    if whole.faster is None:
        pytest.skip("this machine's TensorFlow has no oneDNN")

    refused = outputs(pool, whole.faster, whole.source, "0")

    assert whole.condition == "TF_ENABLE_ONEDNN_OPTS=1"
    assert outputs(pool, whole.faster, whole.source, "1") == ["equal"] * len(refused)
    assert all("not yet support dilation rates" in text for text in refused)


def outputs(pool: Pools, call: TargetCall, source: SourceCall, onednn: str) -> list[str]:
    """Return how the call's results compare with the source's, oneDNN on or off."""
    process = pool.worker("tensorflow", {"TF_ENABLE_ONEDNN_OPTS": onednn})
    found = process.call(run_again, call, source)
    assert not isinstance(found, WorkerEnd)
    pairs = zip(source.samples, source.outputs, found, strict=True)
    return [difference(sizes, y, other) or "equal" for sizes, y, other in pairs]


def run_again(call: TargetCall, source: SourceCall) -> list[Output]:
    return list(_run(call, source))


@pytest.mark.parametrize("backend", ["onnx", "onnxruntime"])
def test_module_for_onnx_is_a_model_that_gives_the_weights_back(pool: Pools, backend: str) -> None:
    require(backend)
    groups = (
        2 if backend == "onnxruntime" else 1
    )  # onnx's evaluator computes none, so it is in steps
    texts = (f"k=3x2 s=2 p=1:0 op=1 groups={groups}", "k=3 s=2 op=0")
    ends = Selection(backend="numpy"), Selection(backend=backend)
    queries = [Query.from_texts(text.split()) for text in texts]

    found = translate(
        EMPTY, queries, *ends, runs=True, pool=pool, style=FileStyle(form=Form.MODULE)
    )

    for each in found:
        assert isinstance(each, Translation)
        assert each.differences == ()
        case = each.target_call.candidate.case
        weights = {
            "weight": np.arange(1.0 * np.prod(case.w_shape)).reshape(case.w_shape),
            "bias": np.arange(1.0 * case.c_out),
        }
        names: dict[str, Any] = {}
        exec(compile(each.target_call.file.text, "model.py", "exec"), names)  # noqa: S102 # the harness's own text
        given = names["to_source"](names["load_source"](weights))
        assert given.keys() == weights.keys()
        assert all(np.array_equal(given[name], weights[name]) for name in weights)
