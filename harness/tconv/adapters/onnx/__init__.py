"""The two backends that read an ONNX model: the reference evaluator and ONNX Runtime."""
