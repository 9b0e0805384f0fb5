"""ONNX itself: its reference evaluator."""

from collections.abc import Mapping
from typing import Any, ClassVar

from numpy.typing import NDArray

from harness.adapters.base import Adapter, Case, Mode, Route, Tensors
from harness.adapters.onnx_model import IR_VERSION, OPSET, question
from harness.route import Native


class OnnxAdapter(Adapter):
    """The onnx package, in NumPy on the CPU.

    Arrays have the canonical layouts already and the kernel is not flipped. The evaluator computes
    dtypes that ONNX does not list for the operator, too; nobody asks it to check the model.
    """

    name: ClassVar[str] = "onnx"
    modes: ClassVar[tuple[Mode, ...]] = (
        Mode(name="reference", meaning="onnx.reference.ReferenceEvaluator(model).run"),
    )
    environment: ClassVar[Mapping[str, str]] = {"OMP_NUM_THREADS": "1"}

    def __init__(self) -> None:
        import onnx
        import onnx.reference

        self._onnx = onnx

    def versions(self) -> Mapping[str, str]:
        """Return the version of onnx."""
        return {"onnx": self._onnx.__version__}

    def settings(self, mode: str, device: str) -> Mapping[str, str]:  # noqa: ARG002 # the same in every mode
        """Return what the models are written in."""
        return {"opset": str(OPSET), "ir_version": str(IR_VERSION)}

    def route(self, case: Case, mode: str, device: str) -> Route:  # noqa: ARG002 # the same in every mode
        """Return native: the node has an attribute for everything."""
        return Native(call="onnx.reference.ReferenceEvaluator(model).run")

    def compute(self, case: Case, tensors: Tensors, mode: str, device: str) -> NDArray[Any]:  # noqa: ARG002 # the same in every mode
        """Return the evaluator's y (n, c_out, *o), in the dtype that it gave."""
        asked = question(self._onnx, case, tensors)
        y: NDArray[Any] = self._onnx.reference.ReferenceEvaluator(asked.model).run(
            None, asked.feed
        )[0]
        return y
