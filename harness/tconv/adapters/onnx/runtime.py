"""ONNX Runtime on the CPU: one session per case."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from tconv.adapters.base import Adapter, Case, Mode, Route, Snippet, Tensors
from tconv.adapters.onnx.model import FLOATS, IR_VERSION, OPSET, call_for, is_well_formed, snippet
from tconv.model.dtypes import PRECISIONS
from tconv.model.route import Native, Unsupported

_PROVIDER: Final = "CPUExecutionProvider"
_KERNELS: Final = frozenset({"float32", "float16"})

_SESSION: Final = f"""\
session = onnxruntime.InferenceSession(
    model.SerializeToString(), providers=["{_PROVIDER}"]
)
"""
_PLAIN_SESSION: Final = f"""\
options = onnxruntime.SessionOptions()
levels = onnxruntime.GraphOptimizationLevel
options.graph_optimization_level = levels.ORT_DISABLE_ALL
session = onnxruntime.InferenceSession(
    model.SerializeToString(), options, providers=["{_PROVIDER}"]
)
"""
_RUN: Final = '(y,) = session.run(None, {"x": x})'
_RUN_FED: Final = '(y,) = session.run(None, {"x": x, **weights})'

_TYPE: Final = Unsupported(
    reason="not a dtype that ONNX lists for ConvTranspose",
    error_pattern=r"InvalidGraph: .*Type 'tensor\(\w+\)' of input parameter \(x\) .* is invalid",
)
_KERNEL: Final = Unsupported(
    reason="no CPU kernel of this dtype",
    error_pattern=r"NotImplemented: .*Could not find an implementation for ConvTranspose",
)


class OnnxruntimeAdapter(Adapter):
    """ONNX Runtime on its CPU provider, with one thread.

    Arrays have the canonical layouts already and the kernel is not flipped. Constant weights are
    packed when the session is made, and weights that are fed are not: the two are separate modes.
    float16 is computed in float32, between casts that the session adds.
    """

    name: ClassVar[str] = "onnxruntime"
    modes: ClassVar[tuple[Mode, ...]] = (
        Mode(
            name="session",
            meaning="onnxruntime.InferenceSession(model).run; weights are constants of the model",
        ),
        Mode(
            name="session+fed_weights",
            meaning="the same, but weights are inputs of the model",
            sample=4,
        ),
        Mode(
            name="session+no_optimization",
            meaning="the same as session, without optimisation of the graph",
            sample=20,
        ),
    )
    environment: ClassVar[Mapping[str, str]] = {"OMP_NUM_THREADS": "1"}
    needs_framework: ClassVar[bool] = False
    pads_input: ClassVar[bool] = True

    def __init__(self) -> None:
        import onnx
        import onnxruntime

        self._onnx, self._runtime = onnx, onnxruntime

    def versions(self) -> Mapping[str, str]:
        """Return the versions of ONNX Runtime, and of onnx, which writes the models."""
        return {"onnxruntime": self._runtime.__version__, "onnx": self._onnx.__version__}

    def settings(self, mode: str, device: str) -> Mapping[str, str]:  # noqa: ARG002 # the CPU is all there is
        """Return the provider, the options of a session and what its models are written in."""
        options = self._options(mode)
        return {
            "provider": _PROVIDER,
            "graph_optimization_level": options.graph_optimization_level.name,
            "threads": str(options.intra_op_num_threads),
            "opset": str(OPSET),
            "ir_version": str(IR_VERSION),
        }

    def route(self, case: Case, mode: str, device: str) -> Route:  # noqa: ARG002 # the same in every mode
        """Return native, but for dtypes: the node has an attribute for everything."""
        if case.dtype not in FLOATS:
            return _TYPE
        if case.dtype not in _KERNELS and is_well_formed(case):
            return _KERNEL
        return Native(call="onnxruntime.InferenceSession(model).run")

    def compute(self, case: Case, tensors: Tensors, mode: str, device: str) -> NDArray[Any]:  # noqa: ARG002 # the CPU is all there is
        """Return ONNX Runtime's y (n, c_out, *o), in the dtype that it gave."""
        call = call_for(self._onnx, case, tensors, feeds_weights="fed_weights" in mode)
        y: NDArray[Any] = self._session(call.model, mode).run(None, call.feed)[0]
        return y

    def snippet(self, case: Case, mode: str, device: str) -> Snippet | None:  # noqa: ARG002 # the CPU is all there is
        """Return the model, and the session that runs it, as the mode does."""
        feeds_weights = "fed_weights" in mode
        session = _PLAIN_SESSION if "no_optimization" in mode else _SESSION
        return snippet(
            case,
            "import onnx\nimport onnxruntime",
            f"{session}{_RUN_FED if feeds_weights else _RUN}",
            feeds_weights=feeds_weights,
        )

    def infer_shape(self, case: Case, mode: str, device: str) -> tuple[int, ...] | None:  # noqa: ARG002 # the CPU is all there is
        """Return the shape that a session declares for its output before it is run, if it does.

        It does not depend on the values, so the weights are zeros. An empty list is a shape of
        unknown rank.
        """
        dtype = PRECISIONS[case.dtype].dtype
        nothing = Tensors(
            x=np.zeros(case.x_shape, dtype),
            w=np.zeros(case.w_shape, dtype),
            b=np.zeros(case.b_shape, dtype) if case.bias else None,
        )
        call = call_for(self._onnx, case, nothing, feeds_weights="fed_weights" in mode)
        shape = self._session(call.model, mode).get_outputs()[0].shape
        return tuple(shape) if shape and all(isinstance(size, int) for size in shape) else None

    def _session(self, model: Any, mode: str) -> Any:
        """Return a session of the model on the CPU."""
        return self._runtime.InferenceSession(
            model.SerializeToString(), self._options(mode), providers=[_PROVIDER]
        )

    def _options(self, mode: str) -> Any:
        """Return one thread, the mode's optimisation, and errors as exceptions alone, not logs."""
        options = self._runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        if "no_optimization" in mode:
            options.graph_optimization_level = self._runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
        return options
