"""Import ONNX models as float networks."""
