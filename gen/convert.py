"""Convert an ANN to an SNN: the spike rates of integrate-and-fire neurons represent activations.

With reset by subtraction, a neuron with a constant input a spikes floor(a T / threshold) times in T steps: its rate is
a ReLU of the input, clipped at one spike per step (Cao et al. 2015, doi:10.1007/s11263-014-0788-3; Rueckauer et al.
2017, doi:10.3389/fnins.2017.00682). Let `lambda_l` be the activation that a rate of 1 represents in layer l. With

    weight_l <- weight_l * lambda_(l-1) / lambda_l        bias_l <- bias_l / lambda_l        threshold 1

the rates of the SNN follow the activations of the ANN (threshold balancing, Diehl et al. 2015). `lambda_l` is a
percentile of the activations on calibration data. Membranes that start at half the threshold round the rate instead of
truncating it, which halves the expected error (Bu et al. 2022, arXiv:2202.01440).
"""

from dataclasses import asdict, dataclass

import nir
import numpy as np
from numpy.typing import NDArray

from tospike.gen.activation_range import represented_activation
from tospike.gen.exact.options import ExactOptions
from tospike.gen.nir.options import METADATA_KEY, NirOptions
from tospike.gen.nir.write import Nodes, Shape, chain_graph, graph_bytes, symmetric_padding, synapse_nodes
from tospike.hw.params import Comparison, Encoding, Readout, Reset, ceil_div, check_options, option, require
from tospike.sim.network import Activation, AveragePool2d, Conv2d, Dense, Network, Stage
from tospike.sim.network.reference import run_float

CONVERSION_KEY = "tospike_conversion"
"""Key in the metadata of a converted graph under which the conversion is recorded."""


@dataclass(frozen=True, kw_only=True)
class ConvertOptions:
    """How to convert an ANN to an SNN."""

    steps: int = option(32, "Time steps per sample", low=1, high=1 << 12)
    """Recorded in the file."""
    percentile: float = option(
        99.9, "Percentile of a layer's activations that a spike in every step represents", above=0, high=100
    )
    """Of the positive activations on the calibration data. Larger activations are clipped."""
    initial: float = option(0.5, "Initial membrane potential, in thresholds")
    readout: Readout = option(Readout.MEMBRANE, "Readout of the last layer, membrane or count")
    """The neurons of the last layer have no threshold (membrane), or their spikes are counted (count)."""
    calibration_samples: int = option(2048, "Maximum number of calibration samples", low=1, high=1 << 20)
    """Evenly spaced in the calibration data."""
    exact: bool = option(False, "An exact pair: also write the quantised ANN (.onnx) that the SNN equals, and prove it")
    """See `tospike.gen.exact`."""

    def __post_init__(self) -> None:
        check_options(self)
        require(
            not self.exact or (self.initial == 0.5 and self.readout is Readout.MEMBRANE),
            "an exact pair starts at half a threshold, and its outputs are membranes: leave --initial and --readout "
            "out",
        )
        require(
            self.readout in (Readout.MEMBRANE, Readout.COUNT),
            f"a converted network is read out by membrane or count, not {self.readout.value}",
        )

    @property
    def exact_options(self) -> ExactOptions:
        """Those of an exact pair.

        Raises
        ------
        InputError
            There are more ``steps`` than levels of an activation.
        """
        return ExactOptions(steps=self.steps, percentile=self.percentile, calibration_samples=self.calibration_samples)

    @property
    def nir(self) -> NirOptions:
        """The options with which the converted network runs."""
        return NirOptions(
            reset=Reset.SUBTRACT,
            comparison=Comparison.AT_LEAST,
            initial=self.initial,
            encoding=Encoding.DIRECT,
            steps=self.steps,
            readout=self.readout,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Converted:
    """A spiking network, and for each layer the activation that a spike in every step represents."""

    graph: nir.NIRGraph
    scales: dict[str, float]

    def to_bytes(self) -> bytes:
        """Return the contents of a NIR file."""
        return graph_bytes(self.graph)


def convert(network: Network, samples: NDArray[np.generic], options: ConvertOptions) -> Converted:
    """Convert an ANN.

    Parameters
    ----------
    network
        A float network: a chain of Dense, Conv2d and AveragePool2d, with a ReLU (clipped or not) after each Dense and
        Conv2d but the last.
    samples
        (N, inputs) values: calibration data.
    options
        How to convert it.

    Raises
    ------
    InputError
        Something in the network has no spiking counterpart; the message names it and a remedy.
    """
    _check(network)
    subset = samples[:: ceil_div(len(samples), options.calibration_samples)]
    activations = run_float(network, subset).stages
    weighted = [index for index, stage in enumerate(network.stages) if not isinstance(stage.synapses, AveragePool2d)]
    scales: dict[str, float] = {}
    builder = _GraphBuilder(network, options)
    previous = 1.0
    for index, stage in enumerate(network.stages):
        if isinstance(stage.synapses, AveragePool2d):
            builder.pool(stage)
            continue
        last = index == weighted[-1]
        scale = 1.0
        if not last or options.readout is Readout.COUNT:
            scale = represented_activation(stage, activations[index].outputs, options.percentile)
        builder.layer(stage, previous / scale, 1 / scale, last=last)
        scales[stage.name] = previous = scale
    return Converted(graph=builder.finish(network, scales), scales=scales)


def _check(network: Network) -> None:
    require(not network.is_spiking, f"network {network.name!r} is already spiking")
    spec = network.input
    require(not spec.order, f"network {network.name!r} takes images with channels last: export it with channels first")
    grids = [spec.grid]
    for stage in network.stages:
        kind = type(stage.synapses).__name__
        instead = {
            "MaxPool2d": "spikes have no maximum: train the network with average pools",
            "Add": "branches are not supported in spiking networks: train a network without them",
        }.get(kind, "use Conv2d, Dense and AveragePool2d in a chain")
        chain = not stage.sources and isinstance(stage.synapses, Dense | Conv2d | AveragePool2d)
        require(chain, f"stage {stage.name!r} is {kind}: {instead}")
        assert isinstance(stage.neuron, Activation)
        require(
            stage.neuron.function is None,
            f"stage {stage.name!r} has another function than ReLU, which no spiking neuron is: train a ReLU",
        )
        grids.append(stage.neuron.grid)
        require(
            stage.neuron.minimum is None,
            f"stage {stage.name!r} is clipped at {stage.neuron.minimum}, which no spiking neuron is: train a ReLU",
        )
        if isinstance(stage.synapses, Dense | Conv2d):
            grids.append(stage.synapses.grid)
            require(
                stage.neuron.relu or stage is network.stages[-1],
                f"stage {stage.name!r} has no ReLU, but a rate cannot be negative: add a ReLU, or merge the stage with "
                "the next one",
            )
    last = network.stages[-1]
    require(
        isinstance(last.synapses, Dense | Conv2d),
        f"the last stage, {last.name!r}, has no weights: add a dense layer after it",
    )
    require(
        all(grid is None for grid in grids) and (spec.scale, spec.offset) == (1.0, 0.0),
        f"network {network.name!r} was trained with quantisers: convert the float network",
    )


class _GraphBuilder:
    """Builds a NIR graph, layer by layer."""

    def __init__(self, network: Network, options: ConvertOptions):
        self._options = options
        first = network.stages[0].synapses
        self._shape: Shape = getattr(first, "shape", (network.input.inputs,))
        self._nodes: Nodes = {"input": nir.Input(np.array(self._shape))}

    def pool(self, stage: Stage) -> None:
        """Add an average pool, which the importer merges with the weights that follow."""
        pool = stage.synapses
        assert isinstance(pool, AveragePool2d)
        window = pool.window
        self._nodes[stage.name] = nir.AvgPool2d(
            kernel_size=np.array(window.kernel),
            stride=np.array(window.stride),
            padding=np.array(symmetric_padding(stage.name, window.padding)),
        )
        self._shape = pool.output_shape

    def layer(self, stage: Stage, weight_factor: float, bias_factor: float, *, last: bool) -> None:
        """Add weights and neurons."""
        synapses = stage.weighted
        self._nodes |= synapse_nodes(
            stage.name, synapses, self._shape, weight_factor=weight_factor, bias_factor=bias_factor
        )
        self._shape = synapses.output_shape
        one = np.ones(self._shape)
        if last and self._options.readout is Readout.MEMBRANE:
            self._nodes[f"{stage.name}_i"] = nir.I(r=one)
        else:
            self._nodes[f"{stage.name}_if"] = nir.IF(r=one, v_threshold=one, v_reset=np.zeros(self._shape))

    def finish(self, network: Network, scales: dict[str, float]) -> nir.NIRGraph:
        """Return the graph; its metadata record the conversion and the options to run it with."""
        nodes = {**self._nodes, "output": nir.Output(np.array(self._shape))}
        settings = {key: getattr(value, "value", value) for key, value in asdict(self._options).items()}
        metadata = {
            METADATA_KEY: self._options.nir.describe(),
            CONVERSION_KEY: {
                "network": network.name,
                **settings,
                **{f"scale_{name}": value for name, value in scales.items()},
            },
        }
        return chain_graph(nodes, metadata)
