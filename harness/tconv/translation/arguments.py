"""What a target's call is given for a case, taken from the module in which its adapter says it."""

from collections.abc import Mapping
from typing import Any, Final

from tconv.adapters.jax.calls import dilated_padding
from tconv.adapters.keras import calls as keras_calls
from tconv.adapters.onnx import model
from tconv.adapters.tensorflow import calls as tensorflow_calls
from tconv.adapters.torch import calls as torch_calls
from tconv.model.case import Case
from tconv.model.geometry import output_size
from tconv.model.route import Native

Arguments = Mapping[str, Any]

_LACKING: Final = ((), ("dilation",), ("explicit dilation",), ("explicit groups",))


def template(backend: str, mode: str) -> str:
    """Return the name of the template for a mode; one may not exist."""
    if backend in {"torch", "numpy"}:
        return backend
    return f"{backend.partition('-')[0]}_{mode}"


def arguments(case: Case, backend: str, route: Native) -> Arguments:
    """Return the arguments of the target's call by name; those that are defaults are left out.

    Args:
        case: the call, which the target takes natively.
        backend: the target's.
        route: the adapter's route for it.
    """
    match backend.partition("-")[0]:
        case "torch":
            return _torch(case)
        case "keras":
            return _keras(case, route)
        case "tensorflow":
            return _tensorflow(case, route)
        case "jax":
            return _jax(case)
        case "onnx" | "onnxruntime":
            return _onnx(case)
        case _:
            return {}


def excess(case: Case) -> tuple[int, ...] | None:
    """Return by how much the output size passes s i, per axis; None beside a policy."""
    if case.padding is not None:
        return None
    return tuple(output_size(axis) - axis.s * axis.i for axis in case.axes)


def _torch(case: Case) -> Arguments:
    call = torch_calls.call_for(case)
    found = {
        "stride": _plain(case.s),
        "padding": _plain(call.padding),
        "output_padding": _plain(call.output_padding),
        "groups": case.groups,
        "dilation": _plain(case.dilation),
    }
    defaults = {"stride": 1, "padding": 0, "output_padding": 0, "groups": 1, "dilation": 1}
    return _unless(found, defaults)


def _keras(case: Case, route: Native) -> Arguments:
    """Return the arguments of the call that the route names: they depend on Keras's backend."""
    made = [keras_calls.call_for(case, inverts=inverts) for inverts in (True, False)]
    call = next((each for each in made if f"{each.padding!r}" in route.call), made[0])
    found = {
        "strides": _plain(case.s),
        "padding": call.padding,
        "output_padding": call.output_padding and _plain(call.output_padding),
        "dilation_rate": _plain(case.dilation),
    }
    return _unless(found, {"output_padding": None, "dilation_rate": 1})


def _tensorflow(case: Case, route: Native) -> Arguments:
    """Return the arguments of the call that the route names: they depend on the kernels here."""
    made = [tensorflow_calls.call_for(case, frozenset(lacking)) for lacking in _LACKING]
    call = next((each for each in made if each.route(case) == route), made[0])
    found = call.arguments(case) | {"name": call.name, "lifted": call.is_lifted}
    return {key: value for key, value in found.items() if key != "output_shape"}


def _jax(case: Case) -> Arguments:
    """Return the arguments that both calls share; the padding is that of the dilated input."""
    padding = dilated_padding(case)
    return {"padding": padding.upper() if isinstance(padding, str) else padding}


def _onnx(case: Case) -> Arguments:
    found = model.attributes(case)
    ones, none = (1,) * case.ndim, (0,) * case.ndim
    defaults = {"strides": ones, "dilations": ones, "group": 1, "output_padding": none}
    return _unless(found, defaults | {"pads": none * 2})


def _plain(values: tuple[int, ...]) -> int | tuple[int, ...]:
    """Return one value per axis as users give it: a number where all are the same."""
    return values[0] if len(set(values)) == 1 else values


def _unless(found: Arguments, defaults: Arguments) -> Arguments:
    """Return the arguments that are not their defaults."""
    absent = object()
    return {name: value for name, value in found.items() if value != defaults.get(name, absent)}
