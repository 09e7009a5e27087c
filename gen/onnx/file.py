"""Read ONNX files and their external tensors, with sizes checked before reading."""

import math
from pathlib import Path

import onnx
from onnx.external_data_helper import load_external_data_for_tensor, uses_external_data

from tospike.gen.files.reading import read_bytes
from tospike.hw.params import require
from tospike.hw.params.limits import MODEL_BYTES


def read_model(path: Path) -> onnx.ModelProto:
    """Return the model in a file, with external tensors loaded.

    Raises
    ------
    InputError
        It has no nodes, its tensors exceed the limit, or an external tensor is outside its folder. Exceptions of
        protobuf and onnx pass through.
    """
    model = onnx.ModelProto.FromString(read_bytes(path))
    empty = f"{path} is not a readable ONNX model (it has no nodes): export it again"
    require(len(model.graph.node) >= 1, empty)
    require(not model.graph.sparse_initializer, "it has sparse initializers: export it with dense ones")
    constants = [attribute.t for node in model.graph.node for attribute in node.attribute if attribute.HasField("t")]
    total = 0
    for tensor in (*model.graph.initializer, *constants):
        total += _stated_bytes(tensor)
        require(total <= MODEL_BYTES, f"its tensors have {total} bytes up to {tensor.name!r}: at most {MODEL_BYTES}")
        if uses_external_data(tensor):
            _check_external(tensor, path.parent)
            load_external_data_for_tensor(tensor, str(path.parent))
    return model


def _stated_bytes(tensor: onnx.TensorProto) -> int:
    name = tensor.name
    require(all(size >= 0 for size in tensor.dims), f"tensor {name!r} has dimensions {list(tensor.dims)[:8]}")
    require(len(tensor.dims) <= 32, f"tensor {name!r} has {len(tensor.dims)} dimensions")
    if tensor.data_type == onnx.TensorProto.STRING:
        return sum(map(len, tensor.string_data))
    return math.prod(tensor.dims) * onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize


def _check_external(tensor: onnx.TensorProto, folder: Path) -> None:
    """Check that an external tensor's file is in the model's folder and large enough."""
    given = {entry.key: entry.value for entry in tensor.external_data}
    location = given.get("location", "")
    file = folder / location
    inside = bool(location) and file.resolve().is_relative_to(folder.resolve()) and file.is_file()
    require(inside, f"tensor {tensor.name!r} is in {location!r}, which is not a file in the model's folder")
    stated = _stated_bytes(tensor)
    offset = int(given.get("offset", 0))
    length = int(given.get("length", file.stat().st_size - offset))
    good = offset >= 0 and 0 <= length <= MODEL_BYTES and offset + length <= file.stat().st_size
    good = good and length <= max(stated, 1)
    require(good, f"tensor {tensor.name!r} of {stated} bytes is not in {length} bytes at {offset} of {location!r}")
