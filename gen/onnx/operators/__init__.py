"""Handlers of the operators of ONNX files."""
