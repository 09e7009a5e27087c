"""Options that would be ignored are refused, whether of a layer or of all."""

import pytest
from support.paths import EXAMPLES

from tospike.gen.nir.options import NirOptions
from tospike.gen.nir.qualified import BESIDE_TAPS, QUALIFIES
from tospike.gen.options.layers import parse_layers
from tospike.gen.options.model import ModelOptions
from tospike.hw.params import InputError

SNN = EXAMPLES / "digits_snn.nir"
VALUES = {"tap-dilation": "2", "adaptation-decay": "0.5", "noise-seed": "7", "noise-shape": "uniform"}
OTHERS = {"taps": "0.5", "adaptation": "0.5", "noise": "0.25"}
MEMBRANE = {"spike-bits": "2", "code": "burst", "refractory": "1", "initial": "0.5", "min-v-mem": "-1"}


def options_of(*texts, **given):
    return ModelOptions(given, layers=parse_layers([f"lif.{text}" for text in texts])).nir(SNN)


def test_every_option_is_here():
    assert {name.replace("-", "_") for name in VALUES} == {*QUALIFIES}
    assert {name.replace("-", "_") for name in MEMBRANE} == {*BESIDE_TAPS}
    for name, value in BESIDE_TAPS.items():
        assert getattr(NirOptions(), name) == value, "what sliding neurons do is the default"


@pytest.mark.parametrize("name", VALUES)
def test_an_option_needs_the_one_that_it_qualifies(name):
    field = name.replace("-", "_")
    other = QUALIFIES[field]
    with pytest.raises(InputError, match=f"layer 'lif': {name} is nothing without {other}"):
        options_of(f"{name}={VALUES[name]}")
    with pytest.raises(InputError, match=f"^--{name} is nothing without {other}"):
        options_of(**{field: VALUES[name]})
    both = f"{other}={OTHERS[other]}"
    assert options_of(f"{name}={VALUES[name]}", both).layers
    assert options_of(both, **{field: VALUES[name]}).layers
    assert options_of(f"{name}={VALUES[name]}", **{other: OTHERS[other]}).layers


def test_a_sweep_may_begin_at_none():
    assert options_of("noise=0", "noise-seed=7").layers


@pytest.mark.parametrize("name", MEMBRANE)
def test_sliding_neurons_have_no_membrane(name):
    field = name.replace("-", "_")
    with pytest.raises(InputError, match=f"layer 'lif': {name} is for neurons with a membrane"):
        options_of("taps=0.5", f"{name}={MEMBRANE[name]}")
    given = {"taps": "0.5", field: MEMBRANE[name]}
    with pytest.raises(InputError, match=f"--{name} is for neurons with a membrane"):
        options_of(**given)


def test_options_of_all_layers_are_those_of_the_others():
    assert options_of("taps=0.5", spike_bits=2, initial=0.5).layers
