"""What a quantisation gives: the integer network, and an account of it."""

from dataclasses import asdict, dataclass

from tospike.gen.quantize.options import QuantizeOptions
from tospike.sim.network import Network


@dataclass(frozen=True, kw_only=True)
class StageReport:
    """What quantisation did to one stage."""

    stage: str
    weight_scale: float
    """Real value of one weight unit; the largest, where channels differ."""
    weight_error: float
    """Root mean square error of the weights, relative to their root mean square."""
    unit: float
    """Real value of one unit of what the stage computes: activation, logit or membrane."""
    largest: int
    """Largest magnitude that the accumulator can (ANN: by weights and input range) or the membrane did (SNN: on the
    calibration data, partial sums in any order included) reach."""
    bits: int
    """Bits that such an accumulator needs, or that the membrane has."""
    decay_error: float = 0.0
    """SNN: hardware decay minus trained decay."""
    fraction_bits: int = 0
    """SNN: bits by which states are finer than weights; ANN: biases than sums."""
    current_largest: int = 0
    """SNN with synaptic currents: largest magnitude of one on the calibration data, partial sums included."""
    current_bits: int = 0
    """Bits that such a current has."""
    synapse_decay_error: float = 0.0
    """Its hardware decay minus its trained decay."""
    inexact_channels: int = 0
    """ANN with trained quantisers: channels in which some accumulator gets another level than in training."""
    constant_channels: int = 0
    """ANN: channels that send the same whatever comes in: they have no weights, and their level by the bias."""
    moved_channels: int = 0
    """ANN: channels of which a part that they always send is in the biases of their readers."""
    coarser_channels: int = 0
    """ANN: channels whose weights are rounded more coarsely than they need be alone, for all have one shift."""
    logit_error: float = 0.0
    """ANN, last stage: how far the rounding of its weights and biases moves a logit at most, a real value."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Quantized:
    """An integer network, and what was done to get it."""

    network: Network
    options: QuantizeOptions
    stages: tuple[StageReport, ...]

    def describe(self) -> dict[str, object]:
        """Return the options, input and stages, as JSON takes them."""
        spec = self.network.input
        assert spec.format is not None
        return {
            "options": self.options.describe(),
            "input": {"bits": spec.format.bits, "signed": spec.format.signed, "scale": spec.unit},
            "stages": [asdict(stage) for stage in self.stages],
        }
