"""Which call of PyTorch expresses a case.

PyTorch takes one padding per axis for both ends, and an output padding below the stride or the
dilation. Unequal padding is still one call where the difference fits into the output padding, which
is also applied before the end crop; otherwise a slice crops the rest. A requested size is an
argument of the modules alone. What no argument expresses is passed all the same, so that PyTorch
refuses it.
"""

from dataclasses import dataclass, replace
from typing import Any, Final

from tconv.adapters.crop import Crop, crop_of, route_with
from tconv.adapters.snippet import (
    ModuleText,
    Operations,
    Pads,
    Snippet,
    keywords,
    plain,
    source_text,
    written_call,
)
from tconv.model.case import Case
from tconv.model.geometry import Axis, output_size, preimages
from tconv.model.policies import Fill
from tconv.model.route import Composed, Native, Route, Unsupported

_POLICY: Final = Unsupported(
    reason="no padding policy",
    error_pattern=r"TypeError: conv_transpose\dd\(\): argument 'padding'.*must be tuple of ints",
)
_SIDES: Final = Unsupported(
    reason="no separate padding for start and end where output_size is given",
    error_pattern=_POLICY.error_pattern,
)
INT32: Final = Unsupported(
    reason="no int32 kernel on the CPU",
    error_pattern=r"NotImplementedError: .*not implemented for 'Int'",
)
_RANK: Final = Unsupported(
    reason="no transposed convolution of more than 3 axes",
    error_pattern=r"RuntimeError: Expected 4D \(unbatched\) or 5D \(batched\) "
    r"input to conv_transpose3d",
)


_TENSORS: Final = "x, w, b = (a if a is None else torch.as_tensor(a) for a in (x, w, b))"
_BFLOAT16: Final = """\
x, w, b = (
    a
    if a is None or torch.is_tensor(a)
    else torch.tensor(np.array(a, "float32")).bfloat16()
    for a in (x, w, b)
)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A call of `torch.nn.functional.conv_transpose{1,2,3}d`; one entry per spatial axis.

    Attributes:
        padding: of the call; where PyTorch must refuse, a policy's name or (start, end) pairs.
        output_padding: of the call.
        crop: what is cut off the result.
    """

    padding: Any
    output_padding: tuple[int, ...]
    crop: Crop = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """A call of a `torch.nn.ConvTranspose{1,2,3}d`; one entry per spatial axis.

    Attributes:
        padding: argument of the module.
        output_padding: argument of the module.
        output_size: argument of the module's call, or None: no size is requested.
    """

    padding: tuple[int, ...]
    output_padding: tuple[int, ...]
    output_size: tuple[int, ...] | None


def route(case: Case, device: str, *, is_unbatched: bool = False) -> Route:
    """Return the call that expresses the case, or why none does.

    Args:
        case: the case.
        device: `cpu` or `gpu`.
        is_unbatched: whether x is passed without its batch axis, one sample a call.
    """
    if missing := _missing(case, device):
        return missing
    batched = _batched_route(case)
    if not is_unbatched:
        return batched
    call = f"{batched.call}, x without a batch axis"
    steps = [batched.addition] if isinstance(batched, Composed) else []
    steps += ["stack the samples"] * (case.n != 1)
    return Composed(call=call, addition=" and ".join(steps)) if steps else Native(call=call)


def _batched_route(case: Case) -> Native | Composed:
    match call_for(case):
        case Module(output_size=None):
            return Native(call=f"torch.nn.ConvTranspose{case.ndim}d(...)(x)")
        case Module():
            return Native(call=f"torch.nn.ConvTranspose{case.ndim}d(...)(x, output_size=o)")
        case Function(crop=crop):
            return route_with(crop, f"torch.nn.functional.conv_transpose{case.ndim}d")


def call_for(case: Case) -> Function | Module:
    """Return the call that expresses the case or, where none does, the one that is refused."""
    none = (0,) * case.ndim
    if case.ndim <= 3 and (case.padding is not None or _is_sided(case)):
        pairs = tuple(zip(case.p_begin, case.p_end, strict=True))
        return Function(padding=case.padding or pairs, output_padding=none)
    if case.ndim <= 3 and (case.o is not None or not _has_groups(case)):
        return Module(
            padding=case.p_begin,
            output_padding=case.output_padding or none,
            output_size=case.o,
        )
    padding, output_padding, starts, ends = zip(*map(_steps, case.axes), strict=True)
    return Function(padding=padding, output_padding=output_padding, crop=crop_of(starts, ends))


def snippet(case: Case) -> Snippet | None:
    """Return the function's call as source text, or None: it is a module's, or cropped."""
    call = call_for(case)
    if not isinstance(call, Function) or call.crop:
        return None
    operands = ["x", "w", *["b"] * case.bias, *_arguments(case)]
    return Snippet(
        imports="import torch",
        tensors=_BFLOAT16 if case.dtype == "bfloat16" else _TENSORS,
        tensor="torch.Tensor",
        call=written_call(f"y = torch.nn.functional.conv_transpose{case.ndim}d", operands),
        bias="" if case.bias else f"y + b.reshape(-1{', 1' * case.ndim})",
        operations=OPERATIONS,
        module=_module(case),
        layer=_layer(case),
    )


def _module(case: Case) -> ModuleText:
    """Return a module with parameters of its own."""
    dtype = _dtype_argument(case)
    after = f", {dtype}" if dtype else ""
    bias = f"torch.nn.Parameter(torch.zeros(c_out{after})) if bias else None"
    is_bfloat16 = case.dtype == "bfloat16"
    return ModuleText(
        base="torch.nn.Module",
        init="super().__init__()\n"
        f"self.weight = torch.nn.Parameter(torch.empty(SHAPE{after}))\n"
        f"self.bias = {bias}\n"
        "torch.nn.init.kaiming_uniform_(self.weight, a=5**0.5)",
        method="forward",
        assign="VARIABLE.data.copy_(torch.tensor(ARRAY"
        + (".astype(np.float32)))" if is_bfloat16 else "))"),
        array=f"VARIABLE.detach(){'.float()' * is_bfloat16}.cpu()",
    )


def _layer(case: Case) -> ModuleText:
    """Return a module around the framework's own."""
    arguments = ["c_in", "c_out", source_text(plain(case.k)), *_arguments(case), "bias=bias"]
    dtype = _dtype_argument(case)
    layer = f"self.conv = torch.nn.ConvTranspose{case.ndim}d"
    return replace(
        _module(case),
        init="super().__init__()\n"
        + written_call(layer, [*arguments, dtype] if dtype else arguments),
        call="y = self.conv(x)",
        weight="self.conv.weight",
        bias="self.conv.bias",
    )


def _dtype_argument(case: Case) -> str:
    return "" if case.dtype == "float32" else f"dtype=torch.{case.dtype}"


def _arguments(case: Case) -> list[str]:
    """Return the arguments that the function and the module share."""
    call = call_for(case)
    return keywords(
        {
            "stride": plain(case.s),
            "padding": plain(call.padding),
            "output_padding": plain(call.output_padding),
            "groups": case.groups,
            "dilation": plain(case.dilation),
        },
        {"stride": 1, "padding": 0, "output_padding": 0, "groups": 1, "dilation": 1},
    )


def _padded(name: str, pads: Pads) -> str:
    """Return the expression that pads; PyTorch takes the last axis first."""
    first = next((at for at, pair in enumerate(pads) if any(pair)), len(pads) - 1)
    numbers = tuple(number for pair in reversed(pads[first:]) for number in pair)
    return f"torch.nn.functional.pad({name}, {numbers})"


def _padded_with_copies(pads: Pads, fill: Fill) -> str:
    """Return the statement that pads x; PyTorch wants all spatial axes, and no more of them."""
    numbers = tuple(number for pair in reversed(pads[2:]) for number in pair)
    mode = "circular" if fill == "wrap" else fill
    return f'x = torch.nn.functional.pad(x, {numbers}, mode="{mode}")'


OPERATIONS: Final = Operations(
    transpose="torch.permute",
    flip="torch.flip",
    reshape="torch.reshape",
    split="torch.tensor_split",
    concatenate="torch.cat",
    pad=_padded,
    pad_with_copies=_padded_with_copies,
)


def _missing(case: Case, device: str) -> Unsupported | None:
    """Return what PyTorch has no argument or no kernel for: what it reports first."""
    if case.ndim > 3:
        return _RANK
    if case.padding is not None:
        return _POLICY
    if _is_sided(case):
        return _SIDES
    return INT32 if case.dtype == "int32" and device == "cpu" and _is_sound(case) else None


def _is_sided(case: Case) -> bool:
    """Return whether a size is requested beside unequal padding, which modules do not take."""
    return case.o is not None and case.p_begin != case.p_end


def _has_groups(case: Case) -> bool:
    """Return whether the groups divide the channels: if not, only a module is given c_out."""
    return case.groups >= 1 and not (case.c_in % case.groups or case.c_out % case.groups)


def _is_sound(case: Case) -> bool:
    """Return whether all but the dtype is right, which PyTorch checks last."""
    return case.legality[0] == "legal" and all(
        o in preimages(axis.i, axis.k, axis.s, axis.p_begin, axis.p_end, axis.d)
        for o, axis in zip(case.o or (), case.axes, strict=False)
    )


def _steps(axis: Axis) -> tuple[int, int, int, int]:
    """Return padding and output padding of the call, then the crops at its start and its end.

    From o = s(i-1) + K - p_begin - p_end + op (the guide, relationship 14): a call with padding
    p_begin starts at the same place, and has the same size if its output padding is op + p_begin -
    p_end.
    """
    p_begin, p_end, op = axis.p_begin, axis.p_end, axis.extra
    lead = p_begin - p_end
    if lead == 0 or (op >= 0 and 0 <= op + lead < max(axis.s, axis.d)):
        return p_begin, op + lead, 0, 0
    if op < 0 or output_size(axis) < 1:  # nothing is right: a call that keeps no more must refuse
        return max(p_begin, p_end), op, 0, 0
    if lead > 0:
        return p_end, op, lead, 0
    return p_begin, max(op + lead, 0), 0, max(-op - lead, 0)
