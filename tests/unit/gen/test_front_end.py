"""Networks behind a cochlea: from file to hardware."""

import nir
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from support.cochlea import cochlea
from support.nir_files import chain, li, lif, save
from support.simulators import QUICK
from support.wav import write_wav

from tospike.compare.energy.counters.energy import counter_energy
from tospike.compare.energy.observe import engine_activities
from tospike.compare.energy.technology import load_technology
from tospike.compare.study.layers import ann_bits
from tospike.gen.data.datasets import load_data
from tospike.gen.emit.folder import generate
from tospike.gen.front_end import FRONT_END_KEY, describe_front_end, stated_front_end
from tospike.gen.nir.options import METADATA_KEY, NirOptions
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.gen.place.options import Counters
from tospike.gen.tools.cache import Cache
from tospike.hw.params import CochleaCode, CochleaParams, InputError, IntFormat, Readout
from tospike.sim.accelerator import run
from tospike.sim.encoders.encoding import encode
from tospike.sim.network.reference import run_float
from tospike.tb.evaluate import evaluate
from tospike.tb.inference import Backend

RATE = 1000
"""A sample of 0.8 s is 800 values."""
EAR = {"rate": RATE, "bits": 12, "hop": 100, "steps": 8, "multipliers": 2, "floor": 110}


@pytest.fixture
def sound(tmp_path):
    """Tones of three classes, in noise."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "sound"
    folder.mkdir()
    for digit in range(3):
        for index in range(14):
            tone = 3000 * np.sin(2 * np.pi * (160 + 80 * digit) / RATE * np.arange(rng.integers(400, 900)))
            write_wav(folder / f"{digit}_ann_{index}.wav", tone + rng.normal(size=len(tone)) * 300, rate=RATE)
    return load_data(f"fsdd:{folder}")


def ann_file(tmp_path, front, inputs=24):
    rng = np.random.default_rng(4)
    weights = {"w": rng.normal(size=(5, inputs)) / 40, "b": rng.normal(size=5), "v": rng.normal(size=(3, 5))}
    nodes = [
        helper.make_node("Flatten", ["x"], ["flat"], axis=1),
        helper.make_node("Gemm", ["flat", "w", "b"], ["h"], transB=1),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("Gemm", ["r", "v"], ["y"], transB=1),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 1, inputs // 3, 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 3])],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    helper.set_model_props(model, {FRONT_END_KEY: front})
    onnx.save(model, tmp_path / "ear.onnx")
    return tmp_path / "ear.onnx"


def snn_file(tmp_path, front):
    rng = np.random.default_rng(4)
    graph = chain(nir.Linear(rng.normal(size=(5, 3))), lif(5), nir.Linear(rng.normal(size=(3, 5))), li(3))
    options = NirOptions(dt=1e-4, readout=Readout.MEMBRANE)
    graph.metadata = {METADATA_KEY: options.describe(), FRONT_END_KEY: front}
    return save(tmp_path, graph)


FRONTS = {
    "levels": cochlea(3, **EAR, level_bits=7),
    "spikes": cochlea(3, **EAR, code=CochleaCode.LIF, threshold=60),
    "changes": cochlea(3, **EAR, code=CochleaCode.DELTA, threshold=3),
}


def file_of(tmp_path, front):
    return (ann_file if front.code.sends_levels else snn_file)(tmp_path, describe_front_end(front))


@pytest.mark.parametrize(
    ("kind", "engine"), [("levels", "systolic"), ("levels", "event"), ("spikes", None), ("changes", None)]
)
def test_the_file_states_the_cochlea(tmp_path, sound, kind, engine):
    front = FRONTS[kind]
    assert stated_front_end({FRONT_END_KEY: describe_front_end(front)}) == front
    prepared = prepare(file_of(tmp_path, front), sound, ModelOptions(engine=engine, cochlea_multipliers=3))
    design = prepared.design
    assert isinstance(design.params.engines[0], CochleaParams) and design.params.engines[0].multipliers == 3
    assert prepared.choices["cochlea"] == front.describe()
    integers = prepared.integers(sound.x)
    assert integers.shape == (15, 8, 100) and integers.max() > 2000
    result = run(design, integers)
    # the float network hears the same, and quantisation costs little
    floats = run_float(prepared.network, sound.x).outputs
    assert np.corrcoef(floats.ravel(), result.outputs.ravel())[0, 1] > 0.85
    assert len(np.unique(result.outputs[:, 0])) > 3
    if front.code.sends_levels:
        assert design.params.engines[0].output.payload == IntFormat(bits=8, signed=False)
        assert prepared.quantized.network.input.unit == 1.0
    folder = generate(tmp_path / "out", kind="network", params=design.params, design=design, choices=prepared.choices)
    assert folder.params == design.params and folder.design.network.input.front_end == front


@pytest.mark.parametrize("kind", ["levels", pytest.param("spikes", marks=pytest.mark.slow)])
def test_rtl_equals_golden_with_the_front_end(tmp_path, sound, kind):
    prepared = prepare(file_of(tmp_path, FRONTS[kind]), sound, ModelOptions(cochlea_multipliers=3))
    answer = evaluate(prepared, sound.first(4), Backend.RTL, simulator=QUICK, cache=Cache(root=tmp_path))
    assert answer.mismatches == 0


def test_energy_counts_the_front_end_and_what_layers_receive(tmp_path, sound):
    for kind in ("levels", "spikes"):
        prepared = prepare(file_of(tmp_path, FRONTS[kind]), sound, ModelOptions())
        x = prepared.integers(sound.x)
        result = run(prepared.design, x)
        front, *others = engine_activities(prepared.design, x, result)
        assert front.name == "0 cochlea" and front.operations["mac"][0] == 2 * 2 * 3 * 800
        layers = [layer for engine in others for layer in engine.layers]
        received = encode(prepared.network.input, sound.x).reshape(15, -1)
        assert layers[0].events.tolist() == np.count_nonzero(received, axis=1).tolist()
        parts = counter_energy(load_technology("horowitz45"), prepared.design.params, result.counters, result.cycles)
        assert (parts.terms["mac"] > 0).all() and parts.busy["engine_0"] > 0.5
        if kind == "levels":
            assert ann_bits(prepared.design.params) == (8, 8)


def test_counters_may_be_left_out(tmp_path, sound):
    options = ModelOptions(counters=Counters.NONE)
    design = prepare(file_of(tmp_path, FRONTS["spikes"]), sound, options).design
    assert [engine.counter_bits for engine in design.params.engines] == [0] * len(design.params.engines)


@pytest.mark.parametrize(
    ("front", "message"),
    [
        (FRONTS["spikes"], "an ANN takes levels, an SNN spikes or changes"),
        (cochlea(3, **(EAR | {"steps": 4, "hop": 200})), "takes 24 values, but its cochlea sends 12"),
        (cochlea(3, **(EAR | {"hop": 50})), "hears 400 values, but samples of fsdd have 800"),
        (cochlea(3, **(EAR | {"rate": 2000})), "has 1000 samples per second, but the network's cochlea takes 2000"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, sound, front, message):
    with pytest.raises(InputError, match=message):
        prepare(ann_file(tmp_path, describe_front_end(front)), sound, ModelOptions())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "are not JSON: export the network again"),
        ('{"type": "integer", "bits": 3, "signed": true}', "metadata 'tospike_cochlea' cannot be"),
        ('{"type": "ear"}', "metadata 'tospike_cochlea' cannot be"),
        (describe_front_end(FRONTS["levels"]).replace('"hop":100', '"hop":0'), "hop must be an integer"),
    ],
)
def test_damaged_metadata_are_named(tmp_path, sound, text, message):
    with pytest.raises(InputError, match=message) as error:
        prepare(ann_file(tmp_path, text), sound, ModelOptions())
    assert "ear.onnx" in str(error.value)


def test_other_data_are_refused(tmp_path):
    with pytest.raises(InputError, match="takes sound, but digits is none: give fsdd:DIR"):
        prepare(file_of(tmp_path, FRONTS["levels"]), load_data("digits"), ModelOptions())
