import numpy as np

from tconv.adapters import Adapter, Case, Composed, Mode, Tensors, Unsupported


class UpfirdnAdapter(Adapter):
    name = "scipy"
    modes = (Mode(name="upfirdn", meaning="scipy.signal.upfirdn per pair of channels"),)

    def __init__(self) -> None:
        import scipy.signal  # here, so that a missing framework makes rows, not a traceback

        self.scipy = scipy

    def versions(self) -> dict[str, str]:
        return {"scipy": self.scipy.__version__}

    def route(self, case: Case, mode: str, device: str) -> Composed | Unsupported:
        if case.dtype == "bfloat16":
            return Unsupported(reason="no bfloat16", error_pattern="DTypePromotionError")
        if case.ndim > 1:
            return Unsupported(reason="more than one axis", error_pattern="h must be 1-D")
        return Composed(call="scipy.signal.upfirdn", addition="sum channels, crop, add the bias")

    def compute(self, case: Case, tensors: Tensors, mode: str, device: str) -> np.ndarray:
        x, w, s, d = tensors.x, tensors.w, case.s[0], case.dilation[0]
        full = np.zeros((case.n, case.c_out, s * (case.i[0] - 1) + d * (case.k[0] - 1) + 1))
        for ci, row in enumerate(w):
            for j, h in enumerate(row):
                co = ci // (case.c_in // case.groups) * len(row) + j
                taps = self.scipy.signal.upfirdn([1], h, up=d)
                full[:, co] += self.scipy.signal.upfirdn(taps, x[:, ci], up=s)
        full = np.pad(full, [(0, 0), (0, 0), (0, (case.output_padding or (0,))[0])])
        y = full[..., case.p_begin[0] : full.shape[-1] - case.p_end[0]]
        if not y.size:
            raise ValueError("nothing is left of the full result")
        return (y if tensors.b is None else y + tensors.b[:, None]).astype(x.dtype)
