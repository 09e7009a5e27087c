"""ONNX to a float network."""
