"""Small files that ask for unbounded work, and damaged ones: one line at once, nothing allocated."""

import gzip
import json
import os
import struct
import zipfile

import h5py
import nir
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tospike.compare.energy.technology import load_technology
from tospike.gen.data.datasets import load_data
from tospike.gen.data.hdf5 import check_hdf5
from tospike.gen.files.reading import read_bytes, reading
from tospike.gen.nir.importer import import_nir
from tospike.gen.onnx.importer import import_onnx
from tospike.gen.tools.cache import is_sound
from tospike.hw.params import DenseLayer, IfParams, InputError, Readout, SpikingParams
from tospike.sim.network import InputSpec, Window
from tospike.synth.asic.cells import read_library
from tospike.synth.design import read_design

I64 = np.int64


def node(kind, inputs, output, **attributes):
    return helper.make_node(kind, inputs.split(), [output], name=f"n_{output}", **attributes)


def build(nodes, constants, shape=(4,)):
    graph = helper.make_graph(
        [*nodes, node("MatMul", "x w", "y")],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ("batch", *shape))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        initializer=[numpy_helper.from_array(np.asarray(v), k) for k, v in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def refused(path, model, message):
    onnx.save(model, path)
    with pytest.raises(InputError, match=message) as caught:
        import_onnx(path)
    assert "\n" not in str(caught.value) and str(path) in str(caught.value)


ONE = np.ones((1, 1), np.float32)
LOOP = helper.make_node("Loop", ["n", "c"], ["w"], name="n_w", body=helper.make_graph([], "body", [], []))
IF = helper.make_node("If", ["c"], ["w"], name="n_w", then_branch=LOOP.attribute[0].g, else_branch=LOOP.attribute[0].g)
COMES_TO = "constants to more than"
BOMBS = {
    "Loop": ([LOOP], {"n": I64(2**62), "c": np.bool_(1)}, r"'n_w' \(Loop\) has constant inputs, but cannot be folded"),
    "If": ([IF], {"c": np.bool_(1)}, r"'n_w' \(If\) has constant inputs, but cannot be folded"),
    "ConstantOfShape": ([node("ConstantOfShape", "s", "w")], {"s": np.array([40_000, 40_000])}, COMES_TO),
    "Expand": ([node("Expand", "o s", "w")], {"o": ONE, "s": np.array([40_000, 40_000])}, COMES_TO),
    "Tile": ([node("Tile", "o s", "w")], {"o": ONE, "s": np.array([40_000, 40_000])}, COMES_TO),
    "Range": ([node("Range", "a b c", "w")], {"a": I64(0), "b": I64(2**40), "c": I64(1)}, COMES_TO),
    "Pad": ([node("Pad", "o s", "w")], {"o": ONE, "s": np.array([0, 0, 40_000, 40_000])}, COMES_TO),
    "Resize": ([node("Resize", "o r", "w")], {"o": ONE, "r": np.float32([1, 1])}, "but cannot be folded"),
    "OneHot": ([node("OneHot", "i d v", "w")], {"i": I64([0]), "d": I64(2**40), "v": I64([0, 1])}, "cannot be folded"),
    "broadcast": (
        [node("Add", "a b", "w")],
        {"a": np.zeros((20_000, 1), np.float32), "b": np.zeros((1, 20_000), np.float32)},
        COMES_TO,
    ),
    "outer product": (
        [node("MatMul", "a b", "w")],
        {"a": np.zeros((20_000, 1), np.float32), "b": np.zeros((1, 20_000), np.float32)},
        COMES_TO,
    ),
    "Concat of the same": (
        [node("Concat", " ".join(["a"] * 3000), "w", axis=0)],
        {"a": np.zeros((60_000, 1), np.float32)},
        COMES_TO,
    ),
    "many small steps": (
        [
            node("ConstantOfShape", "s", "v0"),
            *(node("Neg", f"v{step}", f"v{step + 1}") for step in range(60)),
            node("Identity", "v60", "w"),
        ],
        {"s": np.array([1000, 2000])},
        COMES_TO,
    ),
    "Gather": (
        [node("Gather", "a i", "w")],
        {"a": np.zeros((1, 60_000), np.float32), "i": np.zeros(60_000, I64)},
        COMES_TO,
    ),
}


@pytest.mark.parametrize("name", BOMBS)
def test_constants_are_bounded_before_they_are_made(tmp_path, name):
    nodes, constants, message = BOMBS[name]
    refused(tmp_path / "net.onnx", build(nodes, constants), message)


def test_large_inputs_and_windows_are_refused(tmp_path):
    path = tmp_path / "net.onnx"
    refused(path, build([], {}, (1 << 31,)), "input 'x' has 2147483648 values: at most 4194304")
    pads = node("Conv", "x v", "w", pads=[0, 0, 10**6, 10**6])
    refused(path, build([pads], {"v": np.ones((1, 1, 1, 1), np.float32)}, (1, 2, 2)), "'n_w' .*a padded image of 1 x")
    pool = node("MaxPool", "x", "w", kernel_shape=[1000, 1000])
    refused(path, build([pool], {}, (1, 1999, 1999)), "values under its windows")
    with pytest.raises(InputError, match="a sample has 4194305 values"):
        InputSpec(inputs=(1 << 22) + 1)
    with pytest.raises(InputError, match="a padded image"):
        Window(kernel=(1, 1), padding=(0, 0, 1 << 30, 1 << 30)).positions((1, 4, 4))


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"location": "/etc/passwd"}, "is not a file in the model's folder"),
        ({"location": "../outside.bin"}, "is not a file in the model's folder"),
        ({"location": "linked.bin"}, "is not a file in the model's folder"),
        ({"location": "pipe"}, "is not a file in the model's folder"),
        ({"location": "w.bin", "offset": "8", "length": "16"}, "of 16 bytes is not in 16 bytes at 8"),
        ({"location": "w.bin", "length": "99999999999"}, "is not in 99999999999 bytes at 0"),
        ({"location": "huge.bin"}, "bytes at 0"),
        ({"location": "w.bin", "length": "x"}, "is not a readable ONNX model"),
    ],
)
def test_tensors_beside_the_model_lie_in_its_folder(tmp_path, entries, message):
    folder = tmp_path / "in"
    folder.mkdir()
    (tmp_path / "outside.bin").write_bytes(bytes(16))
    (folder / "linked.bin").symlink_to(tmp_path / "outside.bin")
    (folder / "w.bin").write_bytes(np.ones(4, np.float32).tobytes())
    with (folder / "huge.bin").open("wb") as file:
        file.truncate(6 << 30)
    os.mkfifo(folder / "pipe")
    model = build([], {"w": np.ones((4, 1), np.float32)})
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in entries.items():
        tensor.external_data.add(key=key, value=value)
    refused(folder / "net.onnx", model, message)
    del tensor.external_data[:]
    tensor.external_data.add(key="location", value="w.bin")
    (folder / "net.onnx").write_bytes(model.SerializeToString())
    assert import_onnx(folder / "net.onnx").stages[0].synapses.weight.tolist() == [[1, 1, 1, 1]]


def test_tensors_that_state_more_than_they_hold_are_refused(tmp_path):
    model = build([], {"w": np.ones((4, 1), np.float32)})
    model.graph.initializer[0].dims[:] = [1 << 20, 1 << 20]
    refused(tmp_path / "net.onnx", model, "at most")
    model.graph.initializer[0].dims[:] = [-4, -1]
    refused(tmp_path / "net.onnx", model, "has dimensions")


# ------------------------------------------------------------------------------------------------------- HDF5


def _shape_bomb(file):
    file.create_dataset("node/weight", shape=(1 << 18, 1 << 18), dtype="f4", chunks=(64, 64), fillvalue=1)


def _external_link(file):
    file["node"] = h5py.ExternalLink("other.h5", "/")


def _soft_cycle(file):
    file.create_group("node/nodes")
    file["node/nodes/again"] = h5py.SoftLink("/node")


def _hard_cycle(file):
    group = file.create_group("node/nodes")
    for number in range(3):
        group[f"again{number}"] = file["node"]


def _external_data(file):
    file.create_dataset("node/weight", shape=(10,), dtype="f4", external=[("other.bin", 0, 40)])


def _deep(file):
    file.create_group("/".join(["node"] * 200))


def _many(file):
    data = file.create_dataset("node/edges", shape=(1 << 15, 2), dtype=h5py.string_dtype())
    data[0, 0] = "a" * 1000


def _chunk(file):
    file.create_dataset("node/weight", shape=(4, 4), maxshape=(None, None), chunks=(1 << 15, 1 << 14), dtype="f4")


HDF5 = {
    _shape_bomb: "have 274877906944 bytes",
    _external_link: "is a ExternalLink",
    _soft_cycle: "is a SoftLink",
    _hard_cycle: "is a group that is linked twice",
    _external_data: "is stored in other files",
    _deep: "nested more than 32 groups deep",
    _many: "more than 16384 texts",
    _chunk: "have 2147483648 bytes",
}


@pytest.mark.parametrize("write", HDF5, ids=lambda write: write.__name__)
def test_hdf5_files_are_bounded(tmp_path, write):
    path = tmp_path / "net.nir"
    with h5py.File(path, "w") as file:
        write(file)
    with pytest.raises(InputError, match=HDF5[write]) as caught:
        import_nir(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_what_nir_writes_is_taken(tmp_path):
    graph = nir.NIRGraph.from_list(nir.Input(np.array([2])), nir.Linear(np.ones((1, 2))), nir.Output(np.array([1])))
    nir.write(tmp_path / "net.nir", graph)
    check_hdf5(tmp_path / "net.nir")


# ------------------------------------------------------------------------------------------------------- data


def npz_stating(path, shape, kind="<f4", data=b""):
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}"
    text = header.ljust(117) + "\n"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode() + data)


@pytest.mark.parametrize(
    ("shape", "kind", "message"),
    [
        ((1 << 40, 4), "<f4", "states 17592186044416 bytes but has fewer"),
        ((4, 4), "<f4", "expected 64 bytes got 0"),
        ((-1, 4), "<f4", "has shape"),
        ((4, 4), "|O", "holds objects"),
        ((2,), "<x4", "is not a readable npz file"),
    ],
)
def test_npz_headers_are_checked(tmp_path, shape, kind, message):
    npz_stating(tmp_path / "a.npz", shape, kind)
    with pytest.raises(InputError, match=message):
        load_data(f"npz:{tmp_path / 'a.npz'}")


def test_npz_bombs_are_refused(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "a.npz", x=np.zeros((100, 100), np.float32), y=np.zeros(100, I64))
    assert len(load_data(f"npz:{tmp_path / 'a.npz'}").x) == 100
    monkeypatch.setattr("tospike.gen.data.npz.read_npz.__defaults__", (30_000,))
    with pytest.raises(InputError, match=r"states arrays of .* at most 30000"):
        load_data(f"npz:{tmp_path / 'a.npz'}")
    with zipfile.ZipFile(tmp_path / "b.npz", "w") as archive:
        archive.writestr("x.txt", "hello")
    with pytest.raises(InputError, match=r"'x.txt', which is not an array"):
        load_data(f"npz:{tmp_path / 'b.npz'}")


def test_gz_bombs_and_idx_headers_are_refused(tmp_path):
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(bytes(1 << 20)))
    assert len(read_bytes(path, 1 << 20)) == 1 << 20
    with pytest.raises(InputError, match="decompresses to more than 1048575 bytes"):
        read_bytes(path, (1 << 20) - 1)
    with pytest.raises(InputError, match="are supported"):
        read_bytes(path, 16)
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(struct.pack(">IIII", 0x803, 1 << 31, 1 << 31, 4))
    with pytest.raises(InputError, match="is not a complete idx file"):
        load_data(f"mnist:{tmp_path}")


def test_large_sensors_are_refused(tmp_path):
    events = {"x": [1, 2], "y": [1, 2], "p": [0, 1], "t_us": [0, 5], "offsets": [0, 2], "label": [0]}
    np.savez(tmp_path / "a.npz", **{name: np.array(values) for name, values in events.items()})
    with pytest.raises(InputError, match="on a sensor of 99999x99999 have"):
        load_data(f"npz:{tmp_path / 'a.npz'}", time_bin_us=10, steps=2, sensor="99999x99999")
    with pytest.raises(InputError, match="on a sensor of 1000x1000 have 8192000000"):
        load_data(f"npz:{tmp_path / 'a.npz'}", time_bin_us=10, steps=4096, sensor="1000x1000")


# --------------------------------------------------------------------------------------------------- hardware


def test_layers_that_no_memory_holds_are_refused():
    neuron = IfParams(state_bits=16, threshold=1)
    with pytest.raises(InputError, match="65536 inputs and 65536 neurons have 4294967296 weights"):
        SpikingParams(inputs=1 << 16, neurons=1 << 16, lanes=8, neuron=neuron, readout=Readout.SPIKES)
    with pytest.raises(InputError, match="has 4294967296 weights"):
        DenseLayer(rows=1, outputs=1 << 16, inputs=1 << 16)


@pytest.mark.parametrize("width", [1 << 31, 0, -1, 1e400, float("nan"), "8", None])
def test_ports_of_a_manifest_are_bounded(tmp_path, width):
    (tmp_path / "a.v").write_text("module a(output q); endmodule\n")
    ports = [{"name": "q", "direction": "output", "width": width}]
    manifest = {"top": "a", "clock": "clk", "reset": None, "ports": ports, "engines": [], "files": {"a.v": "0"}}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    if width == "8":
        return
    with pytest.raises(InputError, match=r"ports of 'a' have|is not a readable manifest|port") as caught:
        read_design(tmp_path)
    assert "\n" not in str(caught.value)


# ----------------------------------------------------------------------------------------------- the boundary


def test_what_parsers_raise_becomes_one_line(tmp_path):
    for error, message in [
        (KeyError("x"), r"a.b is not a readable thing \(it lacks 'x'\): mend it"),
        (RecursionError("deep\nstack"), "nested too deeply"),
        (ValueError("first\nsecond"), r"\(first\): mend it"),
        (AssertionError(), r"\(AssertionError\)"),
        (InputError("no good"), "^a.b: no good$"),
        (InputError("a.b is bad"), "^a.b is bad$"),
        (InputError("no field 'x\ny'"), "^a.b: no field 'x y'$"),
    ]:
        with pytest.raises(InputError, match=message), reading("a.b", "thing", "mend it"):
            raise error
    with pytest.raises(MemoryError), reading("a.b", "thing", "mend it"):
        raise MemoryError


def test_nesting_is_no_traceback(tmp_path):
    (tmp_path / "a.toml").write_text("a = " + "[" * 50_000)
    with pytest.raises(InputError, match="is not a readable technology in TOML"):
        load_technology(str(tmp_path / "a.toml"))
    (tmp_path / "manifest.json").write_text("[" * 100_000)
    with pytest.raises(InputError, match="nested too deeply"):
        read_design(tmp_path)
    (tmp_path / "entry.json").write_text("[" * 100_000)
    assert not is_sound(tmp_path)
    (tmp_path / "entry.json").write_text(json.dumps({"pipe": "x"}))
    os.mkfifo(tmp_path / "pipe")
    assert not is_sound(tmp_path)


def test_damaged_liberty_is_refused(tmp_path):
    (tmp_path / "a.lib.gz").write_bytes(b"\x1f\x8b" + bytes(40))
    with pytest.raises(InputError, match="is not a readable Liberty file"):
        read_library(tmp_path / "a.lib.gz")
