"""Options of a study's measurements."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from tospike.compare.energy.calibration import Calibration, calibrated, read_calibration
from tospike.compare.energy.counts.model import EnergyModel
from tospike.compare.energy.counts.models import MODELS, model_named
from tospike.compare.energy.gates.study import GateStudy, GateStudyOptions
from tospike.compare.energy.technology import Platform, Technology, load_technology, shipped
from tospike.compare.search.costs import SearchObjective
from tospike.compare.search.options import SearchOptions
from tospike.compare.study.entry import Prices
from tospike.gen.tools.cache import Cache, CacheOptions
from tospike.hw.params import check_options, option, require, same_option
from tospike.hw.params.devices import DEVICES, Device
from tospike.synth.options import SynthOptions
from tospike.synth.targets import AREA_TARGETS
from tospike.tb.simulators import Simulator, SimulatorOptions

Progress = Callable[[str, str], None]
"""Callback with a design's name and its current step."""


@dataclass(frozen=True, kw_only=True)
class StudyOptions:
    """Options of the measurements."""

    PANEL: ClassVar = "What is measured"

    synth: SynthOptions = field(default_factory=SynthOptions)
    synthesis: bool = option(True, "Synthesise, for area, clock frequency and latency in time", name="synth")
    simulator: Simulator = same_option(SimulatorOptions, "simulator")
    rtl_samples: int | None = option(None, "Test samples to simulate in RTL", low=1, unset="digits, braille: all")
    technology_name: str = option(
        "horowitz45", f"Prices of the hardware's counters: {', '.join(shipped())}, or a .toml file", name="technology"
    )
    """The shipped technologies give the range."""
    calibration: Path | None = option(
        None,
        "Power that tospike power measured: a TOML file, whose technology gets the measured interval of its prices",
    )
    energy_model: str = option("horowitz45", f"Prices of operation counts: {', '.join(MODELS)}")
    sensitivity: bool = option(True, "Also vary one parameter at a time (golden model)")
    iso_accuracy: bool = option(True, "With --pair, also compare at equal accuracy, over bits and time steps")
    matched_qnn: bool = option(
        True, "Also compare with the bit-matched QNN, the ANN with activations of ceil(log2(steps + 1)) bits"
    )
    hybrid: bool = option(
        False,
        "Exact pairs, with --pair: also measure the best mix of both networks' layers, as tospike partition finds it",
    )
    search: SearchOptions | None = None
    """How to search both sides; ``None``: one design of each is compared."""
    gates: GateStudy | None = None
    """Gates to measure; ``None``: not requested."""
    cache: Cache = field(default_factory=Cache)

    def __post_init__(self) -> None:
        check_options(self)
        _ = self.technology, self.model
        if (found := self.measured) is not None:
            names = [each.name for each in self.technologies]
            require(
                found.technology in names,
                f"{self.calibration} is of technology {found.technology}, which is none of {', '.join(names)}",
            )
        require(
            self.synth.target not in AREA_TARGETS or not self.synthesis,
            f"--target {self.synth.target} is area only, and a study needs a clock: give {', '.join(DEVICES)}, or "
            "--no-synthesis",
        )
        require(
            self.search is None
            or self.search.minimised is not SearchObjective.AREA
            or self.technology.platform is Platform.ASIC,
            f"--objective area needs a --technology of standard cells, not {self.technology.name}",
        )

    def with_parts(
        self, *, synth: SynthOptions, gates: GateStudyOptions, results: CacheOptions, search: SearchOptions
    ) -> "StudyOptions":
        """Return these options with those of synthesis, gates, cache and search.

        Raises
        ------
        InputError
            As for `GateStudyOptions.study`; or a hybrid is asked for, and a search.
        """
        searching = None if search.pair else search
        require(
            searching is None or not self.hybrid,
            "--hybrid mixes the layers of an exact pair, whose widths a search changes: give --pair, too",
        )
        return replace(self, synth=synth, gates=gates.study, cache=results.cache, search=searching)

    @property
    def device(self) -> Device | None:
        """The device that the designs of a search must fit: the one that was given, or the target of synthesis."""
        if self.search is None or self.search.device is not None:
            return self.search.budget if self.search else None
        return DEVICES.get(self.synth.target) if self.synthesis else None

    @cached_property
    def technology(self) -> Technology:
        """Prices of the hardware's counters."""
        return self._calibrated(load_technology(self.technology_name))

    def _calibrated(self, technology: Technology) -> Technology:
        found = self.measured
        return technology if found is None or found.technology != technology.name else calibrated(technology, found)

    @cached_property
    def measured(self) -> Calibration | None:
        """The calibration, if there is one."""
        return None if self.calibration is None else read_calibration(self.calibration)

    @cached_property
    def model(self) -> EnergyModel:
        """Prices of operation counts."""
        return model_named(self.energy_model)

    @property
    def technologies(self) -> tuple[Technology, ...]:
        """The chosen technology, and those included with tospike."""
        others = (self._calibrated(load_technology(name)) for name in shipped())
        return (self.technology, *(other for other in others if other.name != self.technology.name))

    @property
    def prices(self) -> Prices:
        """Prices of counts and counters."""
        return Prices(model=self.model, technologies=self.technologies)
