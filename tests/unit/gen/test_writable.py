"""One design for several networks: what it takes, what it refuses, and that the weights alone differ."""

from dataclasses import replace

import numpy as np
import pytest
from support.paths import EXAMPLES

from tospike.gen.data.datasets import load_data
from tospike.gen.emit.folder import config_hash
from tospike.gen.emit.memory_init import pack
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare, prepare_like
from tospike.gen.writable import on_design_of
from tospike.hw.params import InputError
from tospike.sim import accelerator as golden

DATA = load_data("digits")
PAIRS = {"snn": ("digits_snn.nir", "digits_snn.fold1.nir"), "ann": ("digits_ann.onnx", "digits_ann.fold2.onnx")}


def made(name, **options):
    return prepare(EXAMPLES / name, DATA, ModelOptions().but(**options))


def like(name, host, **options):
    return prepare_like(EXAMPLES / name, DATA, ModelOptions().but(**options), host.design, name="build/first")


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
