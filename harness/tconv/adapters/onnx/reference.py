"""ONNX itself: its reference evaluator, and its inference of shapes, which computes nothing."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from numpy.typing import NDArray

from tconv.adapters.base import Adapter, Case, InferredShape, Mode, Route, Snippet, Tensors
from tconv.adapters.onnx.model import FLOATS, IR_VERSION, OPSET, call_for, is_well_formed, snippet
from tconv.model.route import Native, Unsupported

_TYPE: Final = Unsupported(
    reason="not a dtype that ONNX lists for ConvTranspose",
    error_pattern=r"InferenceError: .*X typestr: T, has unsupported type: tensor\(\w+\)",
)


class OnnxAdapter(Adapter):
    """The onnx package, on the CPU.

    Arrays have the canonical layouts already and the kernel is not flipped. The evaluator, in
    NumPy, also computes dtypes that ONNX does not list for the operator: it does not check the
    model. The inference is strict: it reports every error.
    """

    name: ClassVar[str] = "onnx"
    modes: ClassVar[tuple[Mode, ...]] = (
        Mode(name="reference", meaning="onnx.reference.ReferenceEvaluator(model).run"),
        Mode(
            name="shape_inference",
            meaning="onnx.shape_inference.infer_shapes(model), strict: the shape alone",
            layout=None,
        ),
    )
    environment: ClassVar[Mapping[str, str]] = {"OMP_NUM_THREADS": "1"}
    needs_framework: ClassVar[bool] = False
    pads_input: ClassVar[bool] = True

    def __init__(self) -> None:
        import onnx
        import onnx.reference

        self._onnx = onnx

    def versions(self) -> Mapping[str, str]:
        """Return the version of onnx."""
        return {"onnx": self._onnx.__version__}

    def settings(self, mode: str, device: str) -> Mapping[str, str]:  # noqa: ARG002 # the same in every mode
        """Return what the models are written in; the inference has all of its options on."""
        return {"opset": str(OPSET), "ir_version": str(IR_VERSION)}

    def route(self, case: Case, mode: str, device: str) -> Route:  # noqa: ARG002 # the CPU is all there is
        """Return native, the node has an attribute for everything, but for inferred dtypes."""
        if mode == "reference":
            return Native(call="onnx.reference.ReferenceEvaluator(model).run")
        if case.dtype not in FLOATS and is_well_formed(case):
            return _TYPE
        return Native(call="onnx.shape_inference.infer_shapes(model)")

    def compute(
        self,
        case: Case,
        tensors: Tensors,
        mode: str,
        device: str,  # noqa: ARG002 # the CPU is all there is
    ) -> NDArray[Any] | InferredShape:
        """Return y (n, c_out, *o), in the dtype that the evaluator gave, or the inferred shape."""
        call = call_for(self._onnx, case, tensors)
        if mode == "shape_inference":
            return InferredShape(shape=self._inferred(call.model))
        evaluator = self._onnx.reference.ReferenceEvaluator(call.model)
        y: NDArray[Any] = evaluator.run(None, call.feed)[0]
        return y

    def snippet(self, case: Case, mode: str, device: str) -> Snippet | None:  # noqa: ARG002 # the CPU is all there is
        """Return the model, and the evaluator that computes it."""
        run = '(y,) = onnx.reference.ReferenceEvaluator(model).run(None, {"x": x})'
        return snippet(case, "import onnx.reference", run) if mode == "reference" else None

    def _inferred(self, model: Any) -> tuple[int, ...]:
        """Return the shape of y: where all inputs have sizes, each is inferred, or an error."""
        inferred = self._onnx.shape_inference.infer_shapes(
            model, check_type=True, strict_mode=True, data_prop=True
        )
        return tuple(dim.dim_value for dim in inferred.graph.output[0].type.tensor_type.shape.dim)
