"""Networks: stages of synapses and neurons, in float and in integers, and what they compute without any hardware."""

from tospike.sim.network.grid import Grid, GridRounding
from tospike.sim.network.stages import (
    Accumulator,
    Activation,
    Decision,
    InputSpec,
    Membrane,
    Network,
    Parameter,
    Requantize,
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
    "Decision",
    "Dense",
    "Grid",
    "GridRounding",
    "InputSpec",
    "MaxPool2d",
    "Membrane",
    "Network",
    "Parameter",
    "Requantize",
    "Shape",
    "Stage",
    "SumPool2d",
    "Synapses",
    "Window",
]
