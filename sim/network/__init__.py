"""Networks, independent of hardware: stages of synapses and neurons, in float or integers, and what they compute."""

from tospike.sim.network.grid import GridRounding, QuantGrid
from tospike.sim.network.input_spec import InputSpec
from tospike.sim.network.pointwise import Pointwise
from tospike.sim.network.stages import (
    Accumulator,
    Activation,
    Decoding,
    Network,
    Parameter,
    Requantize,
    SpikingNeuron,
    Stage,
)
from tospike.sim.network.synapses import (
    Add,
    Array,
    AveragePool2d,
    Conv2d,
    Dense,
    MaxPool2d,
    Shape,
    SumPool2d,
    Synapses,
    Window,
)

__all__ = [
    "Accumulator",
    "Activation",
    "Add",
    "Array",
    "AveragePool2d",
    "Conv2d",
    "Decoding",
    "Dense",
    "GridRounding",
    "InputSpec",
    "MaxPool2d",
    "Network",
    "Parameter",
    "Pointwise",
    "QuantGrid",
    "Requantize",
    "Shape",
    "SpikingNeuron",
    "Stage",
    "SumPool2d",
    "Synapses",
    "Window",
]
