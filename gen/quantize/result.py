"""The result of a quantisation: the integer network, and a report on each stage."""

from dataclasses import asdict, dataclass

import numpy as np

from tospike.gen.quantize.options import QuantizeOptions
from tospike.sim.network import Array, Network


@dataclass(frozen=True, kw_only=True)
class StageReport:
    """The quantisation of one stage: scales, widths and errors."""

    stage: str
    weight_scale: float
    """Real value of one weight unit; the largest if channels differ."""
    weight_error: float
    """Root mean square error of the weights, relative to their root mean square."""
    unit: float
    """Real value of one unit of the stage's activation, logit or membrane."""
    largest: int
    """Largest magnitude of the accumulator (ANN: a bound from weights and input range) or of the membrane (SNN: on the
    calibration data, including partial sums in any order)."""
    bits: int
    """Bits that such an accumulator needs, or that the membrane has."""
    decay_error: float = 0.0
    """SNN: hardware decay minus trained decay."""
    fraction_bits: int = 0
    """SNN: fraction bits of states beyond those of weights; ANN: of biases beyond those of sums."""
    current_largest: int = 0
    """SNN with synaptic currents: largest magnitude of a current on the calibration data, including partial sums."""
    current_bits: int = 0
    """Bits of such a current."""
    synapse_decay_error: float = 0.0
    """Hardware decay minus trained decay of such a current."""
    inexact_channels: int = 0
    """ANN with trained quantisers: channels in which some accumulator gets another level than in training."""
    constant_channels: int = 0
    """ANN: channels with the same output for every input: they have no weights, and the bias sets their level."""
    moved_channels: int = 0
    """ANN: channels whose constant part is in the biases of their readers."""
    coarser_channels: int = 0
    """ANN: channels whose weights are rounded more coarsely than they would be alone, because all share one shift."""
    zero: float = 0.0
    """ANN: the integer that represents an activation of 0."""
    logit_error: float = 0.0
    """ANN, last stage: most that rounding its weights and biases moves a logit, a real value."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Quantized:
    """An integer network, and how it was quantised."""

    network: Network
    options: QuantizeOptions
    stages: tuple[StageReport, ...]

    def real_outputs(self, outputs: Array) -> Array:
        """Return the real values that integer ``outputs`` of the last stage represent."""
        last = self.stages[-1]
        return last.unit * (outputs.astype(np.float64) - last.zero)

    def describe(self) -> dict[str, object]:
        """Return the options, input and stages as JSON."""
        spec = self.network.input
        assert spec.format is not None
        return {
            "options": self.options.describe(),
            "input": {"bits": spec.format.bits, "signed": spec.format.signed, "scale": spec.unit},
            "stages": [asdict(stage) for stage in self.stages],
        }
