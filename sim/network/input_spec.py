"""The format of a network's input."""

from dataclasses import dataclass, field

from tospike.hw.params import CochleaParams, Encoding, IntFormat, require
from tospike.hw.params.added import ADDED
from tospike.hw.params.limits import SAMPLE_VALUES
from tospike.sim.network.grid import QuantGrid


@dataclass(frozen=True, kw_only=True)
class InputSpec:
    """The format of a sample, and its encoding in time steps.

    A float network takes ``(value - offset) / scale`` for each value of the data set, rounded to ``grid`` if there is
    one; a quantised network takes integers in ``format``: those of the grid, or ``round((value - offset) / scale)``,
    saturated to ``clamp``.

    An ANN has no ``encoding``, and 1 for ``steps``. An SNN without ``encoding`` takes spike trains: (steps, inputs)
    samples, the shape that encodings of several frames take, too. The values of an image are channel by channel, row by
    row.
    """

    inputs: int
    steps: int = 1
    encoding: Encoding | None = None
    format: IntFormat | None = None
    scale: float = 1.0
    offset: float = 0.0
    clamp: tuple[int, int] | None = None
    """The input's range, if narrower than ``format``, which must hold every activation of the network."""
    grid: QuantGrid | None = None
    """The grid of a trained quantiser at the input."""
    seed: int = 1
    """Seed of random encodings."""
    time_bins: int = 0
    """ANN on spike trains: number of frames that a train is summed into (`tospike.sim.network.time_bins`); 0: the
    network takes no spike trains."""
    partial_inferences: int = 0
    """Delta ANN: number of frames per sample, of which the last one gives the output; 0: not a delta ANN."""
    affine: tuple[tuple[float, float], ...] = ()
    """Gain and bias of each operator in the file, in order, that ``scale`` and ``offset`` combine."""
    order: tuple[int, ...] = ()
    """For each input, its index in a sample of the data set, as the file's layout may have channels last; empty: the
    same order."""
    shape: tuple[int, ...] = field(default=(), metadata=ADDED)
    """Shape of a sample in the file, if that is known."""
    whole_shape: tuple[int, ...] = field(default=(), metadata=ADDED)
    """Shape of the file's input, if it takes one sample only."""
    front_end: CochleaParams | None = field(default=None, metadata=ADDED)
    """The cochlea that the data reach first, if they are sound: what it sends is what the network takes."""
    delta_threshold: int = 0
    """Delta encoding: a change is sent if it is larger than this, in units of ``scale``."""

    def __post_init__(self) -> None:
        good = 1 <= self.inputs <= SAMPLE_VALUES
        require(good, f"a sample has {self.inputs} values: 1 to {SAMPLE_VALUES} are supported")

    @property
    def unit(self) -> float:
        """The value of 1 in a quantised input, in units of the data set."""
        return self.scale * float(self.grid.scale) if self.grid else self.scale

    @property
    def payload_unit(self) -> float:
        """The value of a payload of 1: that of a spike is 1, that of a directly encoded value ``scale``."""
        if self.encoding is None:
            return 1.0
        code = self.encoding.code
        if not code.takes_integers:
            return self.scale
        return code.payload_unit(self.format.bits) if self.format is not None else 1.0
