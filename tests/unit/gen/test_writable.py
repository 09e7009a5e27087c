"""One design for several networks: what it takes, what it refuses, and that the weights alone differ."""

from dataclasses import replace

import numpy as np
import pytest
from support.paths import EXAMPLES

from tospike.gen.data.datasets import load_data
from tospike.gen.emit.folder import build, config_hash
from tospike.gen.emit.memory_init import pack
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare, prepare_like
from tospike.gen.writable import host_thresholds, on_design_of
from tospike.hw.params import InputError
from tospike.sim import accelerator as golden

DATA = load_data("digits")

PAIRS = {"snn": ("digits_snn.nir", "digits_snn.fold1.nir"), "ann": ("digits_ann.onnx", "digits_ann.fold2.onnx")}


def made(name, *, layers=None, **options):
    return prepare(EXAMPLES / name, DATA, ModelOptions().but(**options).with_layers(layers or {}))


def like(name, host, *, layers=None, **options):
    chosen = ModelOptions().but(**options).with_layers(layers or {})
    return prepare_like(EXAMPLES / name, DATA, chosen, host.design, name="build/first")


@pytest.mark.parametrize(("kind", "options"), [("snn", {}), ("ann", {}), ("ann", {"engine": "event"})])
def test_a_second_network_runs_on_the_hardware_of_the_first(kind, options):
    first, second = PAIRS[kind]
    host = made(first, writable=True, **options)
    guest = like(second, host, **options)
    assert guest.design.params == host.design.params and guest.design.network.name != host.design.network.name
    contents = [pack(design) for design in (host.design, guest.design)]
    assert contents[0] != contents[1]
    assert config_hash(host.design.params, contents[0]) == config_hash(guest.design.params, contents[1])
    result = golden.run(guest.design, guest.integers(DATA.x))
    assert np.mean(result.predictions == DATA.y) > 0.97


def test_without_writable_contents_are_part_of_the_hash():
    first, second = (made(name).design for name in PAIRS["ann"])
    assert config_hash(first.params, pack(first)) != config_hash(first.params, pack(second))


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        (
            "digits_snn.nir",
            {"lanes": 4},
            r"build/first: engines\[1\]\.lanes 4, not 8, engines\[2\]\.lanes 4, not 5; give",
        ),
        ("digits_snn.nir", {"weight_bits": 4}, r"build/first: engines\[1\]\.weight_bits 4, not 8"),
        ("digits_snn.nir", {"steps": 7}, r"build/first: engines\[0\]\.steps 7, not 5"),
        ("digits_ann.onnx", {}, r"build/first: engines \(SystolicParams\), not \(EncoderParams, SpikingParams, Spi"),
    ],
)
def test_other_hardware_is_refused_by_what_differs(name, options, message):
    host = made("digits_snn.nir", writable=True)
    with pytest.raises(InputError, match=message) as error:
        like(name, host, **options)
    assert "\n" not in str(error.value)


def test_a_design_with_fixed_weights_takes_no_others():
    host = made("digits_snn.nir")
    with pytest.raises(InputError, match="the weights of build/first cannot be written: generate it with --writable"):
        on_design_of(host.design, host.design, name="build/first")


def test_engines_with_weights_in_logic_cannot_be_written():
    with pytest.raises(InputError, match="only systolic, conv and event engines have weights that can be written"):
        _ = made("digits_ann.onnx", writable=True, engine="dataflow").design


def test_the_name_alone_is_no_difference():
    host = made("digits_snn.nir", writable=True).design
    renamed = replace(host, params=replace(host.params, name="other"))
    assert on_design_of(host, renamed, name="other").params.name == "other"


@pytest.mark.parametrize("engine", ["event", "register"])
def test_all_thresholds_have_one_design(engine):
    """The same Verilog, so that a simulator of it serves them all; of the memories, a word differs."""
    options = {"writable": True, "engine": engine}
    designs = [
        made("digits_snn.nir", layers={"lif": {"threshold_factor": factor}}, **options).design
        for factor in (1.0, 0.25, 1.5)
    ]
    thresholds = [host_thresholds(design)["lif"] for design in designs]
    assert thresholds[1:] == [round(thresholds[0] * 0.25), round(thresholds[0] * 1.5)]
    contents = [pack(design) for design in designs]
    assert [of_engines[1].pop("threshold") for of_engines in contents] == [[threshold] for threshold in thresholds]
    assert contents[0] == contents[1] == contents[2]
    texts = {build(design.params, pack(design))[0].text for design in designs}
    assert len(texts) == 1
    prepared = made("digits_snn.nir", **options)
    plain, x = prepared.design, prepared.integers(DATA.x[:50])
    assert golden.run(plain, x).outputs.tolist() == golden.run(designs[0], x).outputs.tolist()
    assert golden.run(designs[1], x).outputs.tolist() != golden.run(designs[0], x).outputs.tolist()


def test_another_network_brings_a_threshold_of_its_own():
    layers = {"lif": {"threshold_factor": 1.0}}
    host = made("digits_snn.nir", writable=True, layers=layers)
    again = like("digits_snn.nir", host, layers={"lif": {"threshold_factor": 0.5}})
    assert host_thresholds(again.design)["lif"] == round(host_thresholds(host.design)["lif"] * 0.5)
    assert config_hash(host.design.params, pack(host.design)) == config_hash(again.design.params, pack(again.design))
    with pytest.raises(InputError, match=r"engines\[1\].neuron.threshold"):
        like("digits_snn.nir", host)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"writable": False}, "layer 'lif' has a threshold-factor, .*: give --writable"),
        ({"layer": "li"}, "layer 'li' has no threshold: leave li.threshold-factor out"),
        ({"threshold_factor": 1000.0}, r"which lif.threshold-factor 1000 makes \d+: from 1 to \d+ fit its"),
        ({"threshold_factor": 1e-9}, "which lif.threshold-factor 1e-09 makes 0: from 1 to"),
        ({"update": "active"}, "leave lif.update out"),
        ({"spike_bits": 2, "reset": "subtract"}, "a threshold that the host writes allows one spike per time step"),
    ],
)
def test_thresholds_that_cannot_be_written_are_refused(options, message):
    given = {"threshold_factor": 1.0} | options
    writable, layer = given.pop("writable", True), given.pop("layer", "lif")
    with pytest.raises(InputError, match=message) as error:
        _ = made("digits_snn.nir", writable=writable, layers={layer: given}).design
    assert "\n" not in str(error.value)
