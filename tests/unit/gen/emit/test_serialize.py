"""Descriptions of designs: what is read back has the types of its fields, or is refused by its place."""

import copy
import dataclasses
import json

import numpy as np
import pytest

from tospike.gen.emit.serialize import CLASSES, decode, encode
from tospike.hw import params
from tospike.hw.params import InputError
from tospike.sim import network
from tospike.sim.network import Dense, GridRounding, InputSpec, Network, QuantGrid, Requantize, Stage

GRID = QuantGrid(
    scale=np.float32(0.1), qmin=0, qmax=15, zero_point=3.0, after=3, rounding=GridRounding.FLOOR, single=True
)
NETWORK = Network(
    name="net",
    input=InputSpec(inputs=2, grid=GRID, order=(1, 0)),
    stages=(
        Stage(
            name="a",
            synapses=Dense(weight=np.array([[1, -2], [3, 4]]), bias=np.zeros(2, np.int64)),
            neuron=Requantize(multiplier=np.array([5, 6]), shift=7, clamp=(0, 15)),
        ),
    ),
)
DESCRIPTION = json.loads(json.dumps(encode(NETWORK)))


def test_what_is_written_is_read():
    again = decode(copy.deepcopy(DESCRIPTION))
    assert encode(again) == encode(NETWORK)
    grid = again.input.grid
    assert grid.rounding is GridRounding.FLOOR and float(grid.scale) == float(np.float32(0.1))
    assert again.stages[0].synapses.weight.dtype == np.int64 and again.input.order == (1, 0)


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("stages", 0, "neuron", "clamp"), [0, 1, 2], "requantize.clamp cannot be"),
        (("stages", 0, "neuron", "clamp"), [0, 1.5], "requantize.clamp cannot be"),
        (("stages", 0, "neuron", "shift"), 7.0, "requantize.shift cannot be '7.0'"),
        (("stages", 0, "neuron", "shift"), True, "requantize.shift cannot be 'True'"),
        (("stages", 0, "neuron", "multiplier"), [5, 6.5], "requantize.multiplier holds values other than integers"),
        (("stages", 0, "neuron", "multiplier"), [5, 2**64], "requantize.multiplier holds"),
        (("stages", 0, "neuron", "multiplier"), 5, "requantize.multiplier cannot be"),
        (("stages", 0, "neuron"), {"type": "dense"}, "stage.neuron cannot be"),
        (("stages", 0, "synapses", "weight"), [["a", "b"]], "dense.weight holds values other than integers"),
        (("stages", 0, "name"), 3, "stage.name cannot be '3'"),
        (("input", "scale"), float("nan"), "input.scale cannot be 'nan'"),
        (("input", "inputs"), "2", "input.inputs cannot be '2'"),
        (("input", "grid", "rounding"), "sideways", "grid.rounding cannot be 'sideways'"),
        (("input", "grid", "scale"), "x", "grid.scale cannot be 'x'"),
        (("input", "more"), 1, "description of 'input' does not fit this version: more"),
        (("readout",), "loud", "network.readout cannot be 'loud'"),
        (("type",), "os", "unknown type 'os'"),
        (("type",), [], "unknown type"),
    ],
)
def test_values_of_other_types_are_refused(place, value, message):
    described = copy.deepcopy(DESCRIPTION)
    at = described
    for key in place[:-1]:
        at = at[key]
    at[place[-1]] = value
    with pytest.raises(InputError, match=message):
        decode(described)


def test_missing_fields_are_named():
    described = copy.deepcopy(DESCRIPTION)
    del described["stages"]
    with pytest.raises(InputError, match="description of 'network' does not fit this version: stages"):
        decode(described)


def test_a_field_that_was_added_is_left_out_at_its_default():
    """So that the configuration hash of an older design stays as it is."""
    layer = params.ConvLayer(operation=params.ConvOperation.CONVOLUTION, shape=(1, 3, 3), outputs=2, size=(1, 1))
    stored = params.ConvParams(array=params.ArrayParams(rows=1, cols=2), layers=(layer,))
    streamed = dataclasses.replace(stored, weights=params.WeightSource.STREAM)
    assert "weights" not in encode(stored) and encode(streamed)["weights"] == "stream"
    assert decode(encode(stored)) == stored and decode(encode(streamed)) == streamed


def test_every_kind_of_description_has_a_tag():
    """Whatever a manifest or a network's file may hold: all knobs and all that a network is made of."""
    abstract = {"AnnLayerParams", "BridgeParams", "EngineParams", "EventParams", "NeuronParams", "SpikingLayerParams"}
    described = {
        name
        for module in (params, network)
        for name, cls in vars(module).items()
        if dataclasses.is_dataclass(cls) and isinstance(cls, type)
    }
    never_written = {"Option", "PrimitiveFacts", "WeightFormat"}
    assert described - abstract - never_written == {cls.__name__ for cls in CLASSES.values()} - {"Design"}
