"""An adapter meets a defined policy as an explicit case, its input padded by it or by NumPy."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from tconv.adapters import lowering
from tconv.adapters.base import Adapter, Mode
from tconv.adapters.numpy import NumpyAdapter
from tconv.inputs.draw import draw
from tconv.model.case import Case
from tconv.model.policies import InputPadding
from tconv.model.route import Composed, Native, Route, Unsupported
from tconv.model.tensors import Tensors
from tconv.testing import assert_conforms

CASES = tuple(
    Case.from_parameters(ndim=2, i=(5, 4), k=(4, 3), s=(2, 1), padding=policy)
    for policy in ("full", "causal", "circular", "reflect")
)


class Old(Adapter):
    """An adapter written before there were such policies: it knows same and valid."""

    name: ClassVar[str] = "old"
    modes: ClassVar[tuple[Mode, ...]] = (Mode(name="call", meaning="the oracle's scatter"),)
    words: ClassVar[Mapping[str | None, str]] = {None: "pads", "same": "SAME", "valid": "VALID"}

    def versions(self) -> Mapping[str, str]:
        return {"old": "1"}

    def route(self, case: Case, mode: str, device: str) -> Route:
        del mode, device
        if case.k == (1, 1):
            return Unsupported(reason="no kernel of one tap", error_pattern="one tap")
        return Native(call=f"old({self.words[case.padding]})")

    def compute(self, case: Case, tensors: Tensors, mode: str, device: str) -> NDArray[Any]:
        assert self.words[case.padding] == "pads"
        return NumpyAdapter().compute(case, tensors, "scatter", device)


class Cropping(Old):
    """One whose call takes no crop."""

    def route(self, case: Case, mode: str, device: str) -> Route:
        del case, mode, device
        return Composed(call="old()", addition="crop the start and end")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.padding)
@pytest.mark.parametrize("adapter", [Old(), NumpyAdapter()], ids=lambda adapter: adapter.name)
def test_every_adapter_conforms_on_defined_policies(adapter: Adapter, case: Case) -> None:
    assert_conforms(adapter, case)


@pytest.mark.parametrize(
    ("adapter", "policy", "addition"),
    [
        (Old(), "circular", "pad the input circularly with NumPy"),
        (Old(), "reflect", "pad the input by reflection with NumPy"),
        (NumpyAdapter(), "reflect", "pad the input by reflection"),
        (Cropping(), "circular",
         "pad the input circularly with NumPy, crop the start and end"),
    ],
)  # fmt: skip
def test_route_names_the_padding_before_the_call_and_the_crop_after_it(
    adapter: Adapter, policy: str, addition: str
) -> None:
    case = replace(CASES[0], padding=policy)

    route = lowering.route(adapter, case, adapter.modes[0].name, "cpu")

    assert isinstance(route, Composed)
    assert route.addition == addition


@pytest.mark.parametrize("policy", ["full", "causal"])
def test_policy_that_pads_no_input_has_the_route_of_its_explicit_case(policy: str) -> None:
    case = replace(CASES[0], padding=policy)

    assert lowering.route(Old(), case, "call", "cpu") == Native(call="old(pads)")


def test_unsupported_explicit_case_is_unsupported_under_a_policy() -> None:
    case = Case.from_parameters(ndim=2, i=4, k=1, padding="circular")

    assert isinstance(lowering.route(Old(), case, "call", "cpu"), Unsupported)


def test_adapter_that_pads_gets_x_as_it_is_and_others_get_it_padded() -> None:
    case = CASES[2]
    tensors = draw(case).tensors

    lowered, to_pad = lowering.call(NumpyAdapter(), case, tensors)
    _, padded = lowering.call(Old(), case, tensors)

    assert lowered == case.lowered
    assert to_pad.padding == InputPadding(fill="wrap", sides=((1, 1), (1, 1)))
    assert to_pad.x is tensors.x
    assert padded.padding is None
    np.testing.assert_array_equal(padded.x[..., 1:-1, 1:-1], tensors.x)
    np.testing.assert_array_equal(padded.x[..., 0, 1:-1], tensors.x[..., -1, :])


def test_case_without_such_a_policy_passes_unchanged() -> None:
    case = Case.from_parameters(ndim=2, i=4, k=3, padding="same")
    tensors = draw(case).tensors

    assert lowering.call(Old(), case, tensors) == (case, tensors)
    assert lowering.route(Old(), case, "call", "cpu") == Native(call="old(SAME)")
