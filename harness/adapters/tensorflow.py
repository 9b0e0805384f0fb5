"""TensorFlow: `tf.nn.conv{1,2,3}d_transpose`, which take the size of the result.

TensorFlow names the crops by a kind of padding: none (VALID), those of SAME, or, in two dimensions
only, one by one. Where none of them says what the case says, VALID computes the full result and a
slice cuts it. Which kernels take a dilation or groups depends on the dtype, on the device and on
oneDNN, so small calls find it out when the adapter is made.
"""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from harness.adapters.base import Adapter, Case, Mode, Route, Tensors
from harness.geometry import Axis, full_size, output_size, preimages
from harness.route import Composed, Native, Unsupported

Ints = tuple[int, ...]

_DTYPES: Final = ("float16", "bfloat16", "float32", "float64", "int32")
_DILATION: Final = Unsupported(
    reason="no dilation in this dtype's kernel",
    proof=r"Current CPU implementations? do(es)? not yet support dilation rates larger than 1",
)
_GROUPS: Final = Unsupported(
    reason="no groups in this dtype's kernel",
    proof=r"Gradients for grouped convolutions are not supported on CPU"
    r"|input and filter(_sizes)? must have the same (depth|number of channels)",
)
_DTYPE: Final = Unsupported(
    reason="no kernel of this dtype",
    proof=r"(Value for attr 'T' of \w+ is|DataType \w+) not in (the )?list of allowed values",
)
_RANK: Final = Unsupported(
    reason="no transposed convolution of more than 3 axes",
    proof=r"ValueError: `output_shape` must be of length 3, 4 or 5",
)
_NO_SIZE: Final = Unsupported(
    reason="no default for the output size",
    proof=r"(?s)TypeError: .*[Mm]issing (a )?required (positional )?argument",
)
_NO_GROUPS: Final = Unsupported(
    reason="no groups argument",
    proof=r"(?s)TypeError: .*unexpected keyword argument 'groups'",
)
_NO_OUTPUT_PADDING: Final = Unsupported(
    reason="no output_padding argument",
    proof=r"(?s)TypeError: .*unexpected keyword argument 'output_padding'",
)
_SAME_LOWER: Final = Unsupported(
    reason="no padding policy same_lower",
    proof=r"SAME_LOWER. (is )?not in|`padding` must be either .*SAME_LOWER",
)
_EXPLICIT: Final = Unsupported(
    reason="no explicit padding in 3 dimensions",
    proof=r"(?s)TypeError: .*Expected string for argument 'padding'",
)


# What a kernel may lack, alone or together with explicit padding.
_FEATURES: Final = MappingProxyType(
    {
        "dilation": _DILATION,
        "groups": _GROUPS,
        "explicit dilation": _DILATION,
        "explicit groups": _GROUPS,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What is asked of TensorFlow, and what is cut off afterwards; one entry per spatial axis.

    Attributes:
        name: of the function, in `tf.nn`.
        padding: kind of the padding, VALID, SAME or EXPLICIT.
        pads: (begin, end) of each axis where the kind is EXPLICIT.
        size: the output size asked for, or None: none is.
        dilation: the dilation asked for.
        begin: positions cut off the begin.
        end: positions cut off the end.
    """

    name: str
    padding: str
    pads: tuple[tuple[int, int], ...] = ()
    size: tuple[int, ...] | None
    dilation: tuple[int, ...]
    begin: tuple[int, ...] = ()
    end: tuple[int, ...] = ()


class TensorflowAdapter(Adapter):
    """TensorFlow, eager, as a graph, and as a graph compiled by XLA.

    x is (n, *i, c_in), w is (*k, c_out/groups, c_in), the kernel is not flipped. The bias is added
    by `tf.nn.bias_add`, as TensorFlow's users and Keras do: no call takes one.
    """

    name: ClassVar[str] = "tensorflow"
    modes: ClassVar[tuple[Mode, ...]] = (
        Mode(name="eager", meaning="tf.nn.conv{1,2,3}d_transpose, then tf.nn.bias_add"),
        Mode(name="function", meaning="the same as one graph, in a tf.function", sample=10),
        Mode(name="xla", meaning="the same in a tf.function with jit_compile=True", sample=20),
    )
    environment: ClassVar[Mapping[str, str]] = {
        "OMP_NUM_THREADS": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_NUM_INTEROP_THREADS": "1",
        "TF_NUM_INTRAOP_THREADS": "1",
    }

    def __init__(self) -> None:
        import tensorflow as tf

        self._tf: Any = tf
        self._lacking = {device: _lacking(tf, device) for device in self.devices()}

    def versions(self) -> Mapping[str, str]:
        """Return the version of TensorFlow."""
        return {"tensorflow": self._tf.__version__}

    def devices(self) -> tuple[str, ...]:
        """Return `cpu`, and `gpu` where TensorFlow finds one."""
        return ("cpu", "gpu") if self._tf.config.list_physical_devices("GPU") else ("cpu",)

    def settings(self, mode: str, device: str) -> Mapping[str, str]:  # noqa: ARG002 # the same in every mode
        """Return what decides the kernels: oneDNN's variable, and what its kernels lack here."""
        lacking = self._lacking.get(device, frozenset())
        names = sorted(f"{feature} {rank}d {dtype}" for rank, dtype, feature in lacking)
        return {
            "TF_ENABLE_ONEDNN_OPTS": os.environ.get("TF_ENABLE_ONEDNN_OPTS", "not set"),
            "TF_NUM_INTRAOP_THREADS": os.environ.get("TF_NUM_INTRAOP_THREADS", "not set"),
            "tf32": str(self._tf.config.experimental.tensor_float_32_execution_enabled()),
            "eager_kernels_without": ", ".join(names),
        }

    @contextmanager
    def session(self, mode: str, device: str) -> Iterator[None]:  # noqa: ARG002 # the same in every mode
        """Hold TF32, which keeps 10 of 23 fraction bits, off, and the device; restore both."""
        experimental = self._tf.config.experimental
        before = experimental.tensor_float_32_execution_enabled()
        experimental.enable_tensor_float_32_execution(False)
        try:
            with self._tf.device(f"/{device}:0"):
                yield
        finally:
            experimental.enable_tensor_float_32_execution(before)

    def route(self, case: Case, mode: str, device: str) -> Route:
        """Return how TensorFlow reaches the case."""
        lacking = self._lacks(case, mode, device)
        call = _call(case, lacking)
        if missing := _missing(case, lacking, call):
            return missing
        kind = "[(begin, end), ...]" if call.pads else repr(call.padding)
        text = f"tf.nn.{call.name}(padding={kind})"
        text += " on a unit axis" if _is_lifted(case, call) else ""
        text += " + tf.nn.bias_add" if case.bias else ""
        addition = _addition(call)
        return Composed(call=text, addition=addition) if addition else Native(call=text)

    def compute(self, case: Case, tensors: Tensors, mode: str, device: str) -> NDArray[Any]:
        """Return TensorFlow's y (n, c_out, *o), in the dtype that TensorFlow gave."""
        call = _call(case, self._lacks(case, mode, device))
        x = np.moveaxis(tensors.x, 1, -1)
        w = tensors.w.transpose(*range(2, tensors.w.ndim), 1, 0)
        if _is_lifted(case, call):
            x, w = x[:, None], w[None]
        given = [x, w] if tensors.b is None else [x, w, tensors.b]

        def compute(*arrays: Any) -> Any:
            return self._run(case, call, *arrays)

        if mode != "eager":
            compute = self._tf.function(compute, autograph=False, jit_compile=mode == "xla")
        y = compute(*[self._tf.convert_to_tensor(np.ascontiguousarray(a)) for a in given]).numpy()
        return np.ascontiguousarray(np.moveaxis(y, -1, 1))

    def _run(self, case: Case, call: Call, x: Any, w: Any, b: Any = None) -> Any:
        """Return (n, *o, c_out) by TensorFlow's operations alone."""
        y = getattr(self._tf.nn, call.name)(x, w, **_arguments(case, call))
        if _is_lifted(case, call):
            y = self._tf.squeeze(y, 1)
        if any(call.begin) or any(call.end):
            y = self._cropped(y, call)
        return y if b is None else self._tf.nn.bias_add(y, b)

    def _cropped(self, y: Any, call: Call) -> Any:
        """Return the window of y (n, *size, c_out) that is left after the cuts."""
        begin = (0, *call.begin, 0)
        size = [n - b - e for n, b, e in zip(y.shape, begin, (0, *call.end, 0), strict=True)]
        return self._tf.slice(y, begin, size)

    def _lacks(self, case: Case, mode: str, device: str) -> frozenset[str]:
        """Return what the kernels of the case's rank and dtype lack."""
        if mode == "xla":
            return frozenset()
        rank = max(case.ndim, 2)
        found = self._lacking.get(device, frozenset())
        return frozenset(f for r, dtype, f in found if (r, dtype) == (rank, case.dtype))


def _lacking(tf: Any, device: str) -> frozenset[tuple[int, str, str]]:
    """Return (rank, dtype, feature) of the kernels that raise their not-implemented error."""
    with tf.device(f"/{device}:0"):
        return frozenset(
            (rank, dtype, feature)
            for rank in (2, 3)
            for dtype in _DTYPES
            for feature in _FEATURES
            if _is_lacking(tf, rank, dtype, feature)
        )


def _is_lacking(tf: Any, rank: int, dtype: str, feature: str) -> bool:
    """Return whether a small call that needs `feature` raises the not-implemented error."""
    d, g, explicit = 1 + ("dilation" in feature), 1 + ("groups" in feature), "explicit" in feature
    x = tf.ones((1, *(2,) * rank, 2), dtype)
    w = tf.ones((*(2,) * rank, 2 // g, 2), dtype)
    padding = [(0, 0), *((1, 0),) * rank, (0, 0)] if explicit else "VALID"
    shape = (1, *(2 + d - explicit,) * rank, 2)
    call = tf.nn.conv2d_transpose if rank == 2 else tf.nn.conv3d_transpose
    try:
        call(x, w, shape, 1, padding, dilations=d)
    except Exception as error:  # noqa: BLE001 # TensorFlow raises classes of its own and Python's
        return re.search(_FEATURES[feature].proof, str(error)) is not None
    return False


def _size(case: Case) -> Ints | None:
    """Return the output size to ask for, or None: the case leaves it to TensorFlow."""
    if case.o is not None:
        return case.o
    if case.padding is not None or case.output_padding is None:
        return None
    sizes = map(output_size, case.axes)
    # An axis without elements has max(0, o) positions; TensorFlow has no negative sizes.
    return tuple(max(o, 0) if i == 0 else o for o, i in zip(sizes, case.i, strict=True))


def _call(case: Case, lacking: frozenset[str]) -> Call:
    """Return the call that expresses the case, or else VALID and what is to be cut off."""
    name, d = _function(case, lacking)
    o = _size(case)
    if o is not None and not _has_kernel(case):
        return Call(name=name, padding="VALID", size=o, dilation=d)
    if o is None or case.padding is not None:
        return Call(name=name, padding=(case.padding or "valid").upper(), size=o, dilation=d)
    if case.o is not None and not any(case.p_begin + case.p_end):
        return Call(name=name, padding="VALID", size=o, dilation=d)
    for kind in ("VALID", "SAME") if case.o is None else ():
        if all(_expresses(kind, axis, size) for axis, size in zip(case.axes, o, strict=True)):
            return Call(name=name, padding=kind, size=o, dilation=d)
    only_explicit = case.o is not None or min(case.p_begin + case.p_end) < 0
    if only_explicit or _takes_explicit(case, name, d, lacking):
        pads = tuple(_pads(axis) for axis in case.axes)
        lifted = "conv2d_transpose" if case.ndim == 1 else name
        return Call(name=lifted, padding="EXPLICIT", pads=pads, size=o, dilation=d)
    return _cut(case, Call(name=name, padding="VALID", size=o, dilation=d))


def _function(case: Case, lacking: frozenset[str]) -> tuple[str, Ints]:
    """Return the function of `tf.nn` for the case, and the dilation to ask it for.

    Where the kernel takes no dilation, that of a single tap, which says nothing, is left out, and
    `atrous_conv2d_transpose` serves one rate for both axes at stride 1.
    """
    plain = f"conv{case.ndim}d_transpose" if case.ndim <= 3 else "conv_transpose"
    if "dilation" not in lacking:
        return plain, case.dilation
    rates = {d for d, k in zip(case.dilation, case.k, strict=True) if k > 1}
    if rates <= {1} and min(case.dilation) >= 1:
        return plain, (1,) * case.ndim
    if case.ndim <= 2 and len(rates) == 1 and set(case.s) == {1} and case.groups == 1:
        return "atrous_conv2d_transpose", (*rates,) * case.ndim
    return plain, case.dilation


def _expresses(kind: str, axis: Axis, o: int) -> bool:
    """Return whether VALID or SAME, asked for the size o, crops this axis as the case says.

    Both take o for the size of a direct convolution's input and demand that its output has size i.
    SAME gives that convolution s(i-1) + K - o zeros (or none), the smaller half at the begin.
    """
    full = full_size(axis.i, axis.k, axis.s, axis.d)
    if kind == "VALID":
        return axis.p_begin == 0 and 0 <= o - full < axis.s
    return axis.s > 0 and -(-o // axis.s) == axis.i and axis.p_begin == max(full - o, 0) // 2


def _takes_explicit(case: Case, name: str, d: Ints, lacking: frozenset[str]) -> bool:
    """Return whether the kernel takes explicit padding with what else the case has."""
    return (
        case.ndim <= 2
        and name != "atrous_conv2d_transpose"
        and not ("explicit dilation" in lacking and set(d) != {1})
        and not ("explicit groups" in lacking and case.groups != 1)
    )


def _pads(axis: Axis) -> tuple[int, int]:
    """Return explicit padding; what the output padding has beyond s-1 is taken off its end."""
    beyond = max(axis.op - axis.s + 1, 0)
    return axis.p_begin, axis.p_end - min(beyond, max(axis.p_end, 0))


def _cut(case: Case, call: Call) -> Call:
    """Return the call for the full result, at least, and the cuts that leave the case's window."""
    assert call.size is not None
    if min(call.size) < 1 or min(case.i) < 1:  # nothing to cut: TensorFlow is asked for just this
        return call
    full = [full_size(axis.i, axis.k, axis.s, axis.d) for axis in case.axes]
    stop = [begin + o for begin, o in zip(case.p_begin, call.size, strict=True)]
    size = tuple(max(pair) for pair in zip(full, stop, strict=True))
    end = tuple(n - last for n, last in zip(size, stop, strict=True))
    return replace(call, size=size, begin=case.p_begin, end=end)


def _missing(case: Case, lacking: frozenset[str], call: Call) -> Unsupported | None:
    """Return what TensorFlow has no argument or no kernel for: the first thing it says."""
    known = (
        (case.groups < 1, _NO_GROUPS),
        (_asks_output_padding(case), _NO_OUTPUT_PADDING),
        (call.size is None, _NO_SIZE),
        (case.ndim > 3, _RANK),
        (not _has_kernel(case), _DTYPE),
        (case.ndim == 3 and call.padding == "EXPLICIT", _EXPLICIT),
        (call.padding == "SAME_LOWER", _SAME_LOWER),
    )
    if reason := next((reason for holds, reason in known if holds), None):
        return reason
    sound = case.standing[0] == "legal" and _is_preimage(case, call)
    return _lacking_feature(case, lacking, call) if sound else None


def _asks_output_padding(case: Case) -> bool:
    """Return whether the case says an output padding that no output size can stand for."""
    if case.output_padding is None or case.o is not None:
        return False
    return case.padding is not None or min(case.output_padding) < 0


def _has_kernel(case: Case) -> bool:
    """Return whether a kernel of the case's rank and dtype exists: int32 has two axes at most."""
    return case.ndim <= 3 and case.dtype in (_DTYPES[:-1] if case.ndim == 3 else _DTYPES)


def _is_preimage(case: Case, call: Call) -> bool:
    """Return whether a direct convolution takes the wanted size to i; if not, that comes first."""
    if case.o is None:
        return True
    if call.padding == "SAME":
        return all(-(-o // s) == i for o, s, i in zip(case.o, case.s, case.i, strict=True))
    return all(
        o in preimages(axis.i, axis.k, axis.s, axis.p_begin, axis.p_end, axis.d)
        for o, axis in zip(case.o, case.axes, strict=True)
    )


def _lacking_feature(case: Case, lacking: frozenset[str], call: Call) -> Unsupported | None:
    """Return the feature that the call needs and its kernel lacks; the first that it checks."""
    prefix = "explicit " if call.padding == "EXPLICIT" else ""
    plain = not call.name.startswith("atrous")
    if plain and prefix + "dilation" in lacking and set(call.dilation) != {1}:
        return _DILATION
    return _GROUPS if prefix + "groups" in lacking and case.groups != 1 else None


def _is_lifted(case: Case, call: Call) -> bool:
    """Return whether a case of one dimension gets a second axis of size 1, before its own."""
    return case.ndim == 1 and "2d" in call.name


def _arguments(case: Case, call: Call) -> dict[str, Any]:
    """Return the keyword arguments of the call."""
    unit = (1,) * _is_lifted(case, call)
    padding: Any = call.padding
    if call.pads:
        padding = [(0, 0), *((0, 0),) * len(unit), *call.pads, (0, 0)]
    found: dict[str, Any] = {"padding": padding}
    if call.size is not None:
        found["output_shape"] = (case.n, *unit, *call.size, case.c_out)
    if _asks_output_padding(case):
        found["output_padding"] = case.output_padding
    if case.groups < 1:
        found["groups"] = case.groups
    if call.name.startswith("atrous"):
        return found | {"rate": call.dilation[0]}
    return found | {"strides": (*unit, *case.s), "dilations": (*unit, *call.dilation)}


def _addition(call: Call) -> str:
    """Return the words for what is done after the call; empty where nothing is."""
    cuts = (("begin", any(call.begin)), ("end", any(call.end)))
    sides = " and ".join(side for side, cut in cuts if cut)
    return sides and f"crop the {sides}"
