"""How a study measures."""

from collections.abc import Callable
from dataclasses import dataclass, field

from tospike.compare.energy.counts.model import EnergyModel
from tospike.compare.energy.counts.operations import HOROWITZ_45
from tospike.compare.energy.gates.study import GateStudy
from tospike.compare.energy.technology import Technology, load_technology, shipped
from tospike.compare.study.entry import Prices
from tospike.gen.tools.cache import Cache
from tospike.hw.params import option, same_option
from tospike.synth.options import SynthOptions
from tospike.tb.simulators import Simulator, SimulatorOptions

Progress = Callable[[str, str], None]
"""Takes a design's name and what is being done for it."""


@dataclass(frozen=True, kw_only=True)
class StudyOptions:
    """How to measure."""

    synth: SynthOptions = field(default_factory=SynthOptions)
    synthesis: bool = option(True, "Synthesise: area, clock and latency in time, not only cycles", name="synth")
    simulator: Simulator = same_option(SimulatorOptions, "simulator")
    rtl_samples: int | None = option(None, "Test samples to run in RTL", unset="digits, braille: all")
    model: EnergyModel = HOROWITZ_45
    """Prices of operation counts."""
    technology: Technology = field(default_factory=lambda: load_technology("horowitz45"))
    """Prices of the hardware's counters; the shipped technologies give the range."""
    sensitivity: bool = option(True, "Also the one-at-a-time sensitivity of the ratio (golden model only)")
    iso_accuracy: bool = option(True, "Also run both over bits and time steps, and compare them at equal accuracy")
    matched_qnn: bool = option(True, "Also the bit-matched QNN, the ANN with activations of ceil(log2(steps + 1)) bits")
    gates: GateStudy | None = None
    """Gates; ``None``: not asked for."""
    cache: Cache = field(default_factory=Cache)

    @property
    def technologies(self) -> tuple[Technology, ...]:
        """The chosen technology, and those that come with tospike."""
        others = (load_technology(name) for name in shipped())
        return (self.technology, *(other for other in others if other.name != self.technology.name))

    @property
    def prices(self) -> Prices:
        """Prices of counts and counters."""
        return Prices(model=self.model, technologies=self.technologies)
