"""Options of single layers: what is refused, where they go, and that hardware with them is as its golden model."""

import json
import subprocess
import sys
from dataclasses import replace

import nir
import numpy as np
import pytest
from support.paths import EXAMPLES

from tospike.gen.data.datasets import load_data
from tospike.gen.load import load_network
from tospike.gen.nir.options import METADATA_KEY, NirOptions
from tospike.gen.options.file import read_options_file
from tospike.gen.options.layers import LAYER_OPTIONS, check_layers, layers_of, parse_layers
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.gen.place.options import Engine, PlanOptions
from tospike.gen.place.plan import plan
from tospike.gen.quantize.network import quantize
from tospike.gen.quantize.options import QuantizeOptions
from tospike.hw.params import (
    DeltaAnnParams,
    EventAnnParams,
    InputError,
    RegisterParams,
    Reset,
    SpikingParams,
    SystolicParams,
    of_layer,
)
from tospike.tb.evaluate import evaluate
from tospike.tb.inference import Backend

SNN, ANN = EXAMPLES / "digits_snn.nir", EXAMPLES / "digits_ann.onnx"
"""Layers lif, li; fc1, fc2."""


@pytest.fixture(scope="module")
def data():
    return load_data("digits")


def prepared(data, path, *texts, **options):
    return prepare(path, data, ModelOptions(layers=parse_layers(texts), **options))


def test_texts_are_options_of_layers():
    layers = parse_layers(["fc1.weight-bits=4", "net.0.lanes=3", "fc1.threshold=12", "fc1.weight_bits=5"])
    assert layers == {"fc1": {"weight_bits": "5", "threshold": "12"}, "net.0": {"lanes": "3"}}
    assert ModelOptions(layers=layers).layers == {"fc1": {"weight_bits": 5, "threshold": 12}, "net.0": {"lanes": 3}}


@pytest.mark.parametrize("text", ["fc1", "fc1=4", "fc1.lanes", ".lanes=4", "fc1.=4", "", "="])
def test_other_texts_are_refused(text):
    with pytest.raises(InputError, match=r"is not LAYER\.OPTION=VALUE, for example fc1\.weight-bits=4"):
        parse_layers([text])


@pytest.mark.parametrize(
    ("path", "text", "why"),
    [
        (SNN, "lf.lanes=4", "layer 'lf' is unknown: did you mean 'lif'"),
        (SNN, "fc1.lanes=4", "layer 'fc1' is unknown: there are lif, li"),
        (SNN, "lif.lane=4", "layer 'lif': option 'lane' is unknown: did you mean 'lanes'"),
        (SNN, "lif.steps=4", "lif.steps is an option of the whole network: give it without a layer"),
        (SNN, "lif.act-bits=4", "lif.act-bits is an option of the whole network"),
        (SNN, "lif.lanes=many", "lif.lanes must be an integer from 1 to 64, not 'many'"),
        (SNN, "lif.lanes=65", "layer 'lif': lanes must be an integer from 1 to 64, not 65"),
        (SNN, "lif.state-bits=3", "layer 'lif': state-bits must be an integer from 4 to 32, not 3"),
        (SNN, "lif.engine=conv", "lif.engine must be systolic, dataflow, event, delta or register, not"),
        (SNN, "lif.engine=systolic", "lif.engine cannot be systolic, because 'digits_snn' is an SNN: leave it out"),
        (ANN, "fc1.engine=register", "fc1.engine cannot be register, because 'digits_ann' is an ANN: leave it out"),
        (ANN, "fc2.engine=event", "layer 'fc1' is to run on systolic and 'fc2' on event, but all layers of an ANN"),
        (SNN, "lif.weight-bits=1", "weight-bits of layer 'lif' of an SNN must be an integer from 2 to 16, not 1"),
        (SNN, "lif.scale=0", "layer 'lif': scale must be a number above 0, not 0.0"),
        (SNN, "lif.scale=1e-9", "layer 'lif' needs states of more than 32 bits at a scale of 1e-09"),
        (SNN, "li.reset=zero", "li.reset is for neurons that spike, and these do not: leave it out"),
        (SNN, "lif.initial=2", "layer 'lif': initial must be a fraction of the threshold"),
        (SNN, "lif.refractory=1", "layer 'lif': a refractory neuron stays at its reset value"),
        (SNN, "li.threshold=4", "layer 'li' has no threshold: leave li.threshold out"),
        (SNN, "lif.per-channel=true", "lif.per-channel is for layers of an ANN, which 'digits_snn' is not"),
        (ANN, "fc1.threshold=4", "fc1.threshold is for layers of an SNN, which 'digits_ann' is not"),
        (ANN, "fc1.weight-bits=9", "weight-bits of layer 'fc1' of an ANN must be an integer from 1 to 8, not 9"),
    ],
)
def test_what_a_layer_cannot_have_is_refused(data, path, text, why):
    with pytest.raises(InputError, match=why):
        prepared(data, path, text)


@pytest.mark.parametrize(
    ("path", "texts", "why"),
    [
        (ANN, ["fc2.lanes=4"], "fc2.lanes is for event engines, but all layers of 'digits_ann' share one array"),
        (ANN, ["fc2.fold=4"], "fc2.fold is for dataflow engines, but all layers of 'digits_ann' share one array"),
        (SNN, ["lif.update=active"], "layer 'lif' has to update all words"),
        (SNN, ["li.engine=register", "li.lanes=2"], "layer 'li' has a register engine, .* leave li.lanes out"),
    ],
)
def test_what_its_engine_cannot_do_is_refused(data, path, texts, why):
    with pytest.raises(InputError, match=why):
        _ = prepared(data, path, *texts).design


def test_a_large_layer_cannot_have_a_register_engine(data):
    network = load_network(SNN)
    quantized = quantize(network, data.train_x[:64]).network
    first = quantized.stages[0]
    wide = replace(
        first,
        synapses=replace(
            first.synapses, weight=np.tile(first.synapses.weight, (40, 1)), bias=np.tile(first.synapses.bias, 40)
        ),
    )
    last = quantized.stages[1]
    after = replace(last, synapses=replace(last.synapses, weight=np.tile(last.synapses.weight, (1, 40))))
    large = replace(quantized, stages=(wide, after))
    assert plan(large).params.engines[-2].neurons == 40 * first.synapses.outputs
    with pytest.raises(InputError, match=r"layer 'lif' cannot have a register engine, .* leave lif.engine out"):
        plan(large, PlanOptions(layers={"lif": {"engine": Engine.REGISTER}}))


@pytest.mark.parametrize("threshold", [1, 12, 200, 5000])
def test_a_threshold_is_what_was_asked_for(data, threshold):
    made = prepared(data, SNN, f"lif.threshold={threshold}", "lif.weight-bits=12")
    neuron = made.quantized.network.stages[0].neuron
    assert neuron.threshold == threshold and neuron.state_fraction_bits == 0
    real = load_network(SNN).stages[0].neuron
    unit = made.quantized.stages[0].unit
    np.testing.assert_allclose(unit * threshold, np.unique(real.threshold))
    finer = prepared(data, SNN, f"lif.threshold={threshold}", "lif.fraction-bits=3").quantized.network.stages[0].neuron
    assert (finer.threshold, finer.state_fraction_bits) == (threshold, 3)


def test_a_scale_is_what_was_asked_for(data):
    spiking = prepared(data, SNN, "lif.scale=0.01", "li.scale=0.02").quantized
    assert [stage.weight_scale for stage in spiking.stages] == [0.01, 0.02]
    values = load_network(SNN).stages[0].synapses.weight / 0.01
    assert (spiking.network.stages[0].synapses.weight == np.clip(np.rint(values), -127, 127)).all()
    ann = prepared(data, ANN, "fc1.scale=0.01").quantized
    assert ann.stages[0].weight_scale == 0.01
    values = load_network(ANN).stages[0].synapses.weight / 0.01
    assert (ann.network.stages[0].synapses.weight == np.clip(np.rint(values), -127, 127)).all()


def test_layers_differ_and_the_rest_is_as_ever(data):
    plain = prepared(data, SNN)
    mixed = prepared(data, SNN, "li.weight-bits=3", "li.state-bits=20", "lif.lanes=3", "li.engine=register")
    assert mixed.quantized.stages[0] == plain.quantized.stages[0]
    assert np.abs(mixed.quantized.network.stages[1].synapses.weight).max() == 3
    assert mixed.quantized.network.stages[1].neuron.state_bits == 20
    *_, first, last = mixed.design.params.engines
    assert (first.lanes, type(first)) == (3, SpikingParams)
    assert (last.lanes, type(last)) == (10, RegisterParams)
    assert mixed.choices["quantize"]["options"]["layers"] == {"li": {"weight_bits": 3, "state_bits": 20}}
    assert mixed.choices["hardware"]["layers"] == {"lif": {"lanes": 3}, "li": {"engine": "register"}}
    assert "layers" not in {*plain.choices["quantize"]["options"], *plain.choices["hardware"]}
    whole = prepared(data, SNN, weight_bits=3).quantized.network.stages[1]
    assert (mixed.quantized.network.stages[1].synapses.weight == whole.synapses.weight).all()


def test_neurons_of_layers_differ(data):
    """The float network has the rules, too: they are the network's, not the hardware's."""
    made = prepared(data, SNN, "lif.reset=subtract", "lif.spike-bits=2", reset="zero")
    neuron = made.network.stages[0].neuron
    assert (neuron.reset, neuron.spike_bits) == (Reset.SUBTRACT, 2)
    assert made.choices["nir"]["layers"] == {"lif": {"reset": "subtract", "spike_bits": 2}}
    assert "layers" not in prepared(data, SNN).choices["nir"]


def test_layers_in_the_metadata_of_a_file(tmp_path, data):
    graph = nir.read(SNN, type_check=False)
    graph.metadata[METADATA_KEY] = {**graph.metadata.get(METADATA_KEY, {}), "layers": {"lif": {"spike_bits": 2}}}
    nir.write(tmp_path / "net.nir", graph)
    stated = prepared(data, tmp_path / "net.nir").network.stages[0].neuron
    assert stated.spike_bits == 2
    given = prepared(data, tmp_path / "net.nir", "lif.spike-bits=3").network.stages[0].neuron
    assert given.spike_bits == 3
    for layers, message in (({"lif": 2}, "must map each layer to its options"), ({"lif": {"steps": 2}}, "unknown NIR")):
        with pytest.raises(InputError, match=message):
            NirOptions.from_description({"layers": layers})


def test_layers_of_an_ann_on_event_engines_differ(data):
    made = prepared(data, ANN, "fc2.weight-bits=3", "fc2.lanes=2", engine=Engine.EVENT)
    assert [(engine.weight_bits, engine.lanes) for engine in made.design.params.engines] == [(8, 8), (3, 2)]


@pytest.mark.parametrize(
    ("path", "texts", "options"),
    [
        (SNN, ["lif.threshold=40", "lif.lanes=3", "li.engine=register", "li.weight-bits=4"], {}),
        (SNN, ["lif.reset=subtract", "lif.reset-timing=next", "lif.comparison=at-least"], {}),
        (SNN, ["lif.spike-bits=2", "lif.initial=0.25", "li.min-v-mem=-1"], {"reset": "subtract"}),
        (SNN, ["lif.refractory=2"], {"reset": "zero"}),
        (ANN, ["fc1.weight-bits=5", "fc2.lanes=2", "fc2.scale=0.03"], {"engine": Engine.EVENT}),
    ],
    ids=["snn", "reset", "graded", "refractory", "ann"],
)
def test_hardware_is_as_its_golden_model(data, path, texts, options):
    made = prepared(data, path, *texts, **options)
    evaluation = evaluate(made, data, Backend.RTL, samples=5)
    assert evaluation.mismatches == 0
    assert evaluate(made, data, Backend.GOLDEN, samples=300).accuracy > 0.8


def test_the_engine_of_an_ann_may_be_told_layer_by_layer(data):
    made = prepared(data, ANN, "fc1.engine=event", "fc2.engine=event", "fc2.lanes=2")
    whole = prepared(data, ANN, "fc2.lanes=2", engine=Engine.EVENT)
    assert made.design.params == whole.design.params


@pytest.mark.parametrize(
    ("engine", "ann", "snn"),
    [
        (None, SystolicParams, SpikingParams),
        (Engine.SYSTOLIC, SystolicParams, SpikingParams),
        (Engine.EVENT, EventAnnParams, SpikingParams),
        (Engine.DELTA, DeltaAnnParams, SpikingParams),
        (Engine.REGISTER, SystolicParams, RegisterParams),
    ],
)
def test_two_networks_share_an_engine_where_it_is_for_both(data, engine, ann, snn):
    options = ModelOptions(engine=engine)
    made = [prepare(path, data, options.of_kind(spiking=path is SNN)) for path in (ANN, SNN)]
    assert [type(one.design.params.engines[-1]) for one in made] == [ann, snn]
    used = [one.choices["hardware"]["engine"] for one in made]
    assert used == ["systolic" if ann is SystolicParams else engine, engine if snn is RegisterParams else "event"]


def test_two_networks_have_different_engines(data):
    """The network's for the ANN, the layers' for the SNN; a layer of both has what is for its network."""
    layers = {"lif": {"engine": "register"}, "fc1": {"engine": "register"}}
    options = ModelOptions(engine=Engine.EVENT, layers=layers)
    made = [prepare(path, data, options.of_kind(spiking=path is SNN)) for path in (ANN, SNN)]
    engines = [[type(engine) for engine in one.design.params.engines] for one in made]
    assert engines[0] == [EventAnnParams, EventAnnParams]
    assert engines[1][1:] == [RegisterParams, SpikingParams]


@pytest.mark.parametrize(
    ("path", "engine", "others"),
    [
        (
            ANN,
            Engine.REGISTER,
            "an ANN such as 'digits_ann': give systolic or dataflow or event or delta, or leave it out",
        ),
        (SNN, Engine.SYSTOLIC, "an SNN such as 'digits_snn': give event or register, or leave it out"),
        (SNN, Engine.DELTA, "an SNN such as 'digits_snn': give event or register, or leave it out"),
    ],
)
def test_an_engine_for_the_other_kind_of_network_is_refused(data, path, engine, others):
    with pytest.raises(InputError, match=f"--engine {engine} is not for {others}"):
        prepare(path, data, ModelOptions(engine=engine))


def test_two_networks_share_options_of_layers():
    networks = [load_network(ANN), load_network(SNN)]
    layers = {"fc1": {"weight_bits": 4}, "lif": {"threshold": 9}}
    check_layers(layers, networks)
    assert [layers_of(layers, network) for network in networks] == [{"fc1": layers["fc1"]}, {"lif": layers["lif"]}]
    both = ModelOptions(layers=layers)
    assert both.of_kind(spiking=True).for_network(networks[1]).quantize.layers == {"lif": {"threshold": 9}}
    with pytest.raises(InputError, match="layer 'lif' is unknown"):
        both.for_network(networks[0])
    with pytest.raises(InputError, match="layer 'fc3' is unknown: did you mean 'fc2'"):
        check_layers({"fc3": {"lanes": 1}}, networks)
    with pytest.raises(InputError, match=r"fc1\.threshold is for layers of an SNN"):
        check_layers({"fc1": {"threshold": 1}}, networks)


def test_options_of_a_layer_are_those_of_the_network_but_for_its_own():
    options = QuantizeOptions(weight_bits=6, layers={"a": {"weight_bits": 3}})
    assert of_layer(options, "a") == QuantizeOptions(weight_bits=3)
    assert of_layer(options, "b") == QuantizeOptions(weight_bits=6)
    assert {"weight_bits", "threshold", "scale", "state_bits", "lanes", "engine", "update"} <= set(LAYER_OPTIONS)


FILE = """
weight-bits = 6
dt = 1
reset = "subtract"

[layer.fc1]
threshold = 12
[layer."net.0"]
lanes = 3
"""


def written(tmp_path, text):
    path = tmp_path / "options.toml"
    path.write_text(text)
    return path


def test_a_file_holds_options(tmp_path):
    options = read_options_file(written(tmp_path, FILE))
    assert options == ModelOptions(
        weight_bits=6, dt=1.0, reset="subtract", layers={"fc1": {"threshold": 12}, "net.0": {"lanes": 3}}
    )
    assert options.sources == (tmp_path / "options.toml",)
    changed = options.but(weight_bits=4).with_layers({"fc1": {"threshold": 5, "lanes": 2}})
    assert changed.weight_bits == 4 and changed.layers["fc1"] == {"threshold": 5, "lanes": 2}
    assert changed.sources == options.sources


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("weight_bit = 4", "option 'weight_bit' is unknown: did you mean 'weight_bits'"),
        ("weight_bits = 4.5", "--weight-bits must be an integer from 1 to 16, not 4.5"),
        ("weight_bits = ", "is not a readable options file"),
        ("weight_bits = 4\nweight_bits = 5", "is not a readable options file"),
        ("layer = 3", r"layer must hold tables \[layer.NAME\], not 3"),
        ("layer.fc1 = 3", "layer 'fc1' must be a table"),
        ("[layer.net.0]\nlanes = 3", r'quote a layer name that contains a dot: \[layer."net.0"\]'),
        ("[layer.fc1]\nlanes = true", "fc1.lanes must be an integer from 1 to 64, not True"),
        ("[fc1]\nlanes = 3", "option 'fc1' is unknown"),
        ("dt = nan", "."),
    ],
)
def test_a_file_that_holds_something_else_is_refused(tmp_path, text, why):
    with pytest.raises(InputError, match=why) as refused:
        read_options_file(written(tmp_path, text)).nir(SNN)
    assert "\n" not in str(refused.value)


def test_a_missing_or_binary_file_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"there is no file .*none.toml: give the path of the options file"):
        read_options_file(tmp_path / "none.toml")
    (tmp_path / "b.toml").write_bytes(b"\xff\x00")
    with pytest.raises(InputError, match="is not a readable options file"):
        read_options_file(tmp_path / "b.toml")


def test_a_command_takes_both(tmp_path):
    file = written(tmp_path, 'weight_bits = 6\nsteps = 4\n[layer.li]\nweight_bits = 3\nengine = "register"\n')
    command = [sys.executable, "-m", "tospike", "evaluate", SNN, "--samples", "20", "--options", file]
    more = ["--layer", "li.weight-bits=4", "--layer", "lif.lanes=2", "--json", "r.json", "--steps", "5"]
    said = subprocess.run([*command, *more], cwd=tmp_path, capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
    choices = json.loads((tmp_path / "r.json").read_text())["choices"]
    assert choices["nir"]["steps"] == 5
    assert choices["quantize"]["options"]["weight_bits"] == 6
    assert choices["quantize"]["options"]["layers"] == {"li": {"weight_bits": 4}}
    assert choices["hardware"]["layers"] == {"li": {"engine": "register"}, "lif": {"lanes": 2}}
    before = file.read_text()
    said = subprocess.run([*command, "--json", file], cwd=tmp_path, capture_output=True, text=True)
    assert said.returncode == 2 and "is an input and would be lost" in said.stderr and file.read_text() == before
