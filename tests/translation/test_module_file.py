"""Modules and borders as files, in NumPy: the fake module is a plain class."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.translation.ports import CASE, LAYOUTS, MODULE, port

from tconv.adapters.layout import CANONICAL, CHANNELS_LAST, Checkpoint, Layout
from tconv.adapters.snippet import ModelText, Snippet
from tconv.model.case import Case
from tconv.model.window import Resolution, Window
from tconv.oracle.formulations import conv_transpose
from tconv.translation.module_file import module_file, why_no_module
from tconv.translation.python_file import function_file


def arrays(case: Case) -> tuple[Any, Any, Any, Any]:
    """Return x, w and b, and y by the oracle."""
    rng = np.random.default_rng(1)
    x, w, b = (rng.integers(1, 9, n) * 1.0 for n in (case.x_shape, case.w_shape, case.b_shape))
    sides = list(zip(case.p_begin, case.p_end, strict=True))
    y = conv_transpose(
        x, w, b, stride=case.s, padding=sides, output_padding=case.output_padding or 0,
        dilation=case.dilation, groups=case.groups,
    )  # fmt: skip
    return x, w, b, y


@pytest.mark.parametrize("own", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("names", [("weight", "bias"), None], ids=["mapping", "list"])
def test_module_computes_with_the_checkpoint_of_the_source_and_gives_it_back(
    own: Layout, names: tuple[str, str] | None
) -> None:
    own = replace(own, checkpoint=Checkpoint(names=names, text="checkpoint"))
    case = Case.from_id(CASE)
    x, w, b, y = arrays(case)
    weights = own.checkpoint.of(own.w(w, case.groups), b)

    file = module_file(port(CASE, own))
    names_then = file.load()(x=x, weights=weights, c_in=case.c_in, c_out=case.c_out)

    assert np.array_equal(names_then["y"], y)
    assert names_then["module"].weight.shape == case.w_shape
    given = names_then["module"].to_source()
    pairs = zip(given, weights, strict=True) if names is None else (
        (given[name], weights[name]) for name in names
    )  # fmt: skip
    assert all(np.array_equal(*pair) for pair in pairs)
    assert len(given) == 2


def test_module_without_bias_takes_a_checkpoint_without_one_alone() -> None:
    case = Case.from_id(CASE)
    x, w, b, y = arrays(case)
    names = module_file(port(CASE, CANONICAL)).load()(
        x=x, weights={"weight": w, "bias": b}, c_in=case.c_in, c_out=case.c_out
    )
    module = names["ConvTranspose"](case.c_in, case.c_out, bias=False)

    module.load_source({"weight": w})

    assert np.array_equal(module(x), y - b.reshape(-1, 1, 1))
    assert set(module.to_source()) == {"weight"}
    with pytest.raises(ValueError, match="only one of the two has a bias"):
        module.load_source({"weight": w, "bias": b})


def test_function_without_bias_adds_none() -> None:
    case = Case.from_id(CASE)
    x, w, b, y = arrays(case)

    found = function_file(port(CASE, CANONICAL)).load()(x=x, w=w, b=None)["y"]

    assert np.array_equal(found, y - b.reshape(-1, 1, 1))


def test_definition_keeps_the_decorator_of_its_mode() -> None:
    plain = port(CASE, CANONICAL)
    decorated = replace(plain, snippet=replace(plain.snippet, decorator="@fast.flags(on=True)"))

    definition = function_file(decorated, "ported").definition

    assert definition.startswith("@fast.flags(on=True)\ndef ported(x, w, b=None):\n")


@pytest.mark.parametrize("writes", [function_file, module_file], ids=["function", "module"])
def test_border_in_the_source_layout_takes_and_returns_channels_where_the_source_has_them(
    writes: Any,
) -> None:
    case = Case.from_id(CASE)
    x, w, b, y = arrays(case)
    kept = CHANNELS_LAST.w(w, case.groups)

    file = writes(port(CASE, CHANNELS_LAST, keeps_layout=True))
    names = file.load()(
        x=CHANNELS_LAST.x(x), w=kept, b=b, weights=[kept, b], c_in=case.c_in, c_out=case.c_out
    )

    assert file.border is CHANNELS_LAST
    assert np.array_equal(names["y"], np.moveaxis(y, 1, -1))


def test_layer_is_used_unless_something_comes_between_its_weights_and_its_result() -> None:
    layer = replace(MODULE, call="y = self.layer(x)")
    whole = port(CASE, CANONICAL)
    whole = replace(whole, snippet=replace(whole.snippet, layer=layer))
    padded = Resolution(axes=(Window(begin=-1, end=0),) * 2)
    changes: list[dict[str, Any]] = [
        {"correction": padded},
        {"split_into": 2},
        {"dilated_by": (2, 1)},
    ]
    between = [replace(whole, candidate=replace(whole.candidate, **each)) for each in changes]
    cropped = Resolution(axes=(Window(begin=1, end=0),) * 2)
    after = replace(whole, candidate=replace(whole.candidate, correction=cropped))

    texts = [module_file(each).text for each in (whole, after, *between)]

    assert ["self.layer(x)" in text for text in texts] == [True, True, False, False, False]


def test_adapter_without_a_module_is_named_as_the_reason() -> None:
    assert why_no_module(port(CASE, CANONICAL, module=None)) == (
        "its adapter writes no module; leave out --as"
    )


def test_model_of_one_node_has_no_step_beside_it() -> None:
    model = ModelText(node="node = None", run="y = x", opset=1, ir_version=1)
    whole = port(CASE, CHANNELS_LAST)
    whole = replace(whole, snippet=replace(whole.snippet, model=model))
    padded = Resolution(axes=(Window(begin=-1, end=0),) * 2)
    stepped = replace(whole, candidate=replace(whole.candidate, correction=padded))

    assert why_no_module(whole) is None
    for each in (stepped, replace(whole, keeps_layout=True)):
        assert "needs a step beside it" in (why_no_module(each) or "")


def test_integers_are_no_weights_to_train() -> None:
    reason = why_no_module(port("1d-i3-k2-ci2-co3-i32", CANONICAL))

    assert reason == "no module trains weights of int32; leave out --as"


def test_third_party_snippet_needs_no_more_than_its_call() -> None:
    plain = replace(port(CASE, CANONICAL), snippet=Snippet(call="y = x", bias="y + 1"))

    names = function_file(plain).load()(x=1, w=np.ones(1), b=1)

    assert names["y"] == 2
