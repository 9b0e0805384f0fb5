import numpy as np

from tconv.adapters import Adapter, Case, Composed, Mode, Native, Snippet, Tensors, Unsupported


class UpfirdnAdapter(Adapter):
    name = "scipy"
    modes = (Mode(name="upfirdn", meaning="scipy.signal.upfirdn per pair of channels"),)

    def __init__(self) -> None:
        import scipy.signal  # here, so that a missing framework makes rows, not a traceback

        self.scipy = scipy

    def versions(self) -> dict[str, str]:
        return {"scipy": self.scipy.__version__}

    def route(self, case: Case, mode: str, device: str) -> Native | Composed | Unsupported:
        if case.dtype == "bfloat16":
            return Unsupported(reason="no bfloat16", error_pattern="DTypePromotionError")
        if case.ndim > 1:
            return Unsupported(reason="more than one axis", error_pattern="h must be 1-D")
        if any(case.p_begin + case.p_end + (case.output_padding or ())):
            return Composed(call="scipy.signal.upfirdn + b", addition="pad and crop")
        return Native(call="scipy.signal.upfirdn + b")

    def compute(self, case: Case, tensors: Tensors, mode: str, device: str) -> np.ndarray:
        x, h = tensors.x, self.scipy.signal.upfirdn([1], tensors.w, up=case.dilation[0])
        full = np.zeros((case.n, case.c_out, case.s[0] * (case.i[0] - 1) + h.shape[2]))
        for ci, j in np.ndindex(h.shape[:2]):
            co = ci // (case.c_in // case.groups) * h.shape[1] + j
            full[:, co] += self.scipy.signal.upfirdn(h[ci, j], x[:, ci], up=case.s[0])
        full = np.pad(full, [(0, 0), (0, 0), (0, (case.output_padding or (0,))[0])])
        y = full[..., case.p_begin[0] : full.shape[-1] - case.p_end[0]]
        if not y.size:
            raise ValueError("nothing is left of the full result")
        return (y if tensors.b is None else y + tensors.b[:, None]).astype(x.dtype)

    def snippet(self, case: Case, mode: str, device: str) -> Snippet:
        call = f"""\
h = scipy.signal.upfirdn([1], w, up={case.dilation[0]})
y = np.zeros((len(x), {case.groups} * w.shape[1], {case.s[0]} * (x.shape[2] - 1) + h.shape[2]))
for ci, j in np.ndindex(h.shape[:2]):
    co = ci // (len(h) // {case.groups}) * h.shape[1] + j
    y[:, co] += scipy.signal.upfirdn(h[ci, j], x[:, ci], up={case.s[0]})
y = y.astype(x.dtype)"""
        return Snippet(imports="import scipy.signal", call=call, bias="y + b[:, None]")
