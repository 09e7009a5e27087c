"""Sound files of every kind that tospike reads, small, from which the mutants are made."""

import functools
import gzip
import io
import json
import struct
import tempfile
import zipfile
from pathlib import Path

import nir
import numpy as np
from onnx import TensorProto, helper, numpy_helper
from support.paths import GATES_LIBRARY

from tospike.gen.data.datasets import load_data
from tospike.gen.emit.folder import generate
from tospike.gen.files.written_folder import digest
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare

VALUES, CHANNELS, STEPS, SAMPLES, CLASSES = 36, 12, 6, 16, 3
"""Every ANN takes 36 values, every SNN 12 channels of spikes."""
QONNX = "qonnx.custom_op.general"


def _rng() -> np.random.Generator:
    return np.random.default_rng(17)


def _onnx(nodes: list[str], shape: tuple[int, ...], opset: int = 13, **constants: np.ndarray) -> bytes:
    """Nodes as ``Kind inputs -> output attribute=[1,2]``."""
    made = []
    for text in nodes:
        left, right = text.split(" -> ")
        (kind, *inputs), (output, *given) = left.split(), right.split()
        options = {name: json.loads(value) for name, value in (entry.split("=") for entry in given)}
        domain = QONNX if kind in ("Quant", "BipolarQuant") else ""
        made.append(helper.make_node(kind, inputs, [output], name=f"n_{output}", domain=domain, **options))
    graph = helper.make_graph(
        made,
        "seed",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ("batch", *shape))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        initializer=[numpy_helper.from_array(np.asarray(values), name) for name, values in constants.items()],
    )
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid(QONNX, 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()


def onnx_files() -> list[bytes]:
    """ANNs: dense, Keras' layout, QDQ, QONNX, constants to fold."""
    rng = _rng()

    def weights(*shape: int) -> np.ndarray:
        return rng.normal(size=shape).astype(np.float32)

    f = np.float32
    dense = _onnx(
        [
            "Gemm x w b -> h transB=1",
            "BatchNormalization h g s m v -> n",
            "Relu n -> r",
            "MatMul r u -> l",
            "Softmax l -> y",
        ],
        (VALUES,),
        **{"w": weights(8, VALUES), "b": weights(8), "u": weights(8, CLASSES), "g": weights(8), "s": weights(8)},
        **{"m": weights(8), "v": np.abs(weights(8)) + f(0.5)},
    )
    keras = _onnx(
        [
            "Transpose x -> t perm=[0,3,1,2]",
            "Conv t w b -> c pads=[1,1,1,1]",
            "Clip c lo hi -> r",
            "MaxPool r -> p kernel_shape=[2,2] strides=[2,2]",
            "ReduceMean p -> m axes=[2,3]",
            "Reshape m to -> f",
            "Gemm f u -> y",
        ],
        (6, 6, 1),
        **{"w": weights(4, 1, 3, 3), "b": weights(4), "lo": f(0), "hi": f([6]), "to": np.array([-1, 4])},
        u=weights(4, CLASSES),
    )
    qdq = _onnx(
        [
            "QuantizeLinear x s z -> q",
            "Clip q lo hi -> qc",
            "DequantizeLinear qc s z -> d",
            "DequantizeLinear wi ws wz -> w axis=1",
            "MatMul d w -> h",
            "Add h b -> y",
        ],
        (VALUES,),
        **{"s": f(1 / 16), "z": np.uint8(3), "lo": np.uint8(0), "hi": np.uint8(63), "b": weights(CLASSES)},
        **{"wi": rng.integers(-127, 127, (VALUES, CLASSES)).astype(np.int8), "ws": f([0.01, 0.02, 0.03])},
        wz=np.zeros(3, np.int8),
    )
    qonnx = _onnx(
        [
            "Quant x s zero b8 -> q signed=0",
            "Quant w ws zero b4 -> wq narrow=1",
            "Quant b bs zero b32 -> bq",
            "Gemm q wq bq -> h",
            "Quant h s zero b4 -> r",
            "BipolarQuant u s -> uq",
            "MatMul r uq -> y",
        ],
        (VALUES,),
        **{"s": f(0.25), "zero": f(0), "b8": f(8), "b4": f(4), "b32": f(32), "ws": f(0.125), "bs": f(2**-10)},
        **{"w": weights(VALUES, 4), "b": weights(4), "u": weights(4, CLASSES)},
    )
    folded = _onnx(
        [
            "ConstantOfShape size -> ones",
            "Mul ones w -> v",
            "Transpose v -> t perm=[1,0]",
            "Flatten x -> f",
            "Sub f mean -> m",
            "MatMul m t -> a",
            "Add a a -> y",
        ],
        (1, 6, 6),
        **{"size": np.array([CLASSES, VALUES]), "w": weights(CLASSES, 1), "mean": f(0.5)},
    )
    return [dense, keras, qdq, qonnx, folded]


def _nir(*nodes: nir.NIRNode) -> bytes:
    buffer = io.BytesIO()
    nir.write(buffer, nir.NIRGraph.from_list(*nodes))
    return buffer.getvalue()


def nir_files() -> list[bytes]:
    """SNNs: LIF, CubaLIF with a recurrence, a convolution with a pool."""
    rng = _rng()

    def one(value: float, count: int) -> np.ndarray:
        return np.full(count, value)

    def lif(count: int) -> nir.LIF:
        return nir.LIF(one(5e-3, count), one(1, count), one(0, count), one(1, count), v_reset=one(0, count))

    start, end = nir.Input(np.array([CHANNELS])), nir.Output(np.array([CLASSES]))
    plain = _nir(
        start, nir.Affine(rng.normal(size=(8, CHANNELS)), rng.normal(size=8)), lif(8),
        nir.Linear(rng.normal(size=(CLASSES, 8))), nir.LI(one(5e-3, CLASSES), one(1, CLASSES), one(0, CLASSES)), end,
    )  # fmt: skip
    cuba = nir.CubaLIF(one(5e-3, 6), one(2e-3, 6), one(1, 6), one(0, 6), one(1, 6), v_reset=one(0, 6), w_in=one(1, 6))
    graph = nir.NIRGraph(
        {
            "input": start,
            "fc": nir.Linear(rng.normal(size=(6, CHANNELS))),
            "cuba": cuba,
            "back": nir.Linear(rng.normal(size=(6, 6)) / 4),
            "out": nir.Affine(rng.normal(size=(CLASSES, 6)), rng.normal(size=CLASSES)),
            "if": nir.IF(one(1, CLASSES), one(1, CLASSES), v_reset=one(0, CLASSES)),
            "output": end,
        },
        [
            ("input", "fc"),
            ("fc", "cuba"),
            ("cuba", "back"),
            ("back", "cuba"),
            ("cuba", "out"),
            ("out", "if"),
            ("if", "output"),
        ],
        metadata={"tospike": {"dt": 1e-3, "reset": "subtract"}},
    )
    buffer = io.BytesIO()
    nir.write(buffer, graph)
    weight = rng.normal(size=(2, 3, 2, 2))
    conv = nir.Conv2d((2, 2), weight, (1, 1), (1, 1), (1, 1), 1, rng.normal(size=2))
    spikes = nir.IF(np.ones((2, 3, 3)), np.ones((2, 3, 3)), v_reset=np.zeros((2, 3, 3)))
    pooled = nir.SumPool2d(np.array([3, 3]), np.array([3, 3]), np.array([0, 0]))
    image = _nir(
        nir.Input(np.array([3, 2, 2])), conv, spikes, pooled, nir.Flatten({"input": np.array([2, 1, 1])}, 0, -1),
        nir.Linear(rng.normal(size=(CLASSES, 2))), nir.I(one(1, CLASSES)), end,
    )  # fmt: skip
    return [plain, buffer.getvalue(), image]


def _npz(**arrays: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def npz_files() -> list[bytes]:
    """Values, spikes, and events of a camera of 3 x 2 pixels: 12 channels."""
    rng = _rng()
    label = np.arange(SAMPLES) % CLASSES
    count = 20
    events = {
        "x": rng.integers(0, 3, SAMPLES * count).astype(np.uint8),
        "y": rng.integers(0, 2, SAMPLES * count).astype(np.uint8),
        "p": rng.integers(0, 2, SAMPLES * count).astype(np.uint8),
        "t_us": np.sort(rng.integers(0, 6000, (SAMPLES, count)), axis=1).reshape(-1),
        "offsets": np.arange(SAMPLES + 1) * count,
    }
    return [
        _npz(x=rng.random((SAMPLES, VALUES)).astype(np.float32), y=label),
        _npz(spikes=(rng.random((SAMPLES, STEPS, CHANNELS)) < 0.3).astype(np.uint8), label=label),
        _npz(**events, label=label),
    ]


def idx_files() -> list[bytes]:
    """Images of 6 x 6 pixels, packed and not."""
    images = _rng().integers(0, 256, (SAMPLES, 6, 6)).astype(np.uint8)
    plain = struct.pack(">IIII", 0x803, SAMPLES, 6, 6) + images.tobytes()
    return [plain, gzip.compress(plain)]


def toml_files() -> list[bytes]:
    """Technologies."""
    from importlib import resources

    folder = resources.files("tospike.compare.energy") / "technologies"
    return [entry.read_bytes() for entry in sorted(folder.iterdir(), key=str) if entry.name.endswith(".toml")]


def liberty_files() -> list[bytes]:
    """A library of a few cells, packed and not."""
    text = GATES_LIBRARY.read_bytes()
    return [text, gzip.compress(text)]


def cache_files() -> list[bytes]:
    """The seal of a cache's entry, with the file that it seals."""
    return [json.dumps({"result.json": digest(b'{"cycles": 3}')}, indent=1).encode()]


@functools.cache
def design_files() -> tuple[bytes, ...]:
    """Folders of an ANN and of an SNN, as zip files."""
    made = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "a.onnx").write_bytes(onnx_files()[0])
        (folder / "s.nir").write_bytes(nir_files()[0])
        (folder / "values.npz").write_bytes(npz_files()[0])
        (folder / "spikes.npz").write_bytes(npz_files()[1])
        for model, data, options in (
            ("a.onnx", "values", ModelOptions()),
            ("s.nir", "spikes", ModelOptions(dt=1e-3)),
        ):
            prepared = prepare(folder / model, load_data(f"npz:{folder / data}.npz"), options)
            design = prepared.design
            out = folder / model.split(".")[0]
            generate(out, kind="network", params=design.params, design=design, choices=prepared.choices)
            made.append(pack(out))
    return tuple(made)


def pack(folder: Path) -> bytes:
    """A folder as a zip file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.writestr(path.relative_to(folder).as_posix(), path.read_bytes())
    return buffer.getvalue()


SEEDS = {
    "onnx": onnx_files,
    "nir": nir_files,
    "npz": npz_files,
    "idx": idx_files,
    "toml": toml_files,
    "design": design_files,
    "cache": cache_files,
    "liberty": liberty_files,
}
