"""The two measurements of a search: a function with all of its hardware, and one design with its flip-flops.

A function runs once, on the validation samples; every hardware is timed and counted with what it computed. That gives
its cycles, and bounds of its other costs. The exact costs of a design, on the validation and on the test samples, need
the flip-flops, for which its hardware is built.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from tospike.compare.energy.counters.energy import counter_energy
from tospike.compare.energy.counters.registers import register_bits
from tospike.compare.energy.technology import Technology
from tospike.compare.report.candidates import Shape
from tospike.compare.search.area import predicted_area
from tospike.compare.search.bound import least_registers
from tospike.compare.search.costs import Costs, mean_costs
from tospike.compare.search.eligible import Answers
from tospike.compare.search.setting import Setting, load_setting
from tospike.compare.search.shape import shape_of_design
from tospike.compare.search.space import Choice, Function, hardware
from tospike.compare.study.trial import is_narrow
from tospike.gen.area.systolic import Area
from tospike.gen.pipeline import Prepared
from tospike.gen.place.options import Engine
from tospike.gen.place.plan import plan
from tospike.hw.params import AcceleratorParams, InputError
from tospike.hw.params.devices import Device
from tospike.sim.accelerator import Traces, run
from tospike.sim.cycles.back_to_back import depends_on_data, interval
from tospike.sim.design import Design
from tospike.sim.network import Array
from tospike.sim.result import Result


@dataclass(frozen=True, kw_only=True)
class SearchPoint:
    """A design: a function and its hardware."""

    function: Function
    hardware: Choice


@dataclass(frozen=True, kw_only=True)
class Hardware:
    """A design of a function, before its flip-flops are counted."""

    choice: Choice
    shape: Shape
    least: Costs
    """Bounds; the cycles are exact. On the validation samples."""
    area: Area | None
    """Predicted for the device; ``None``: no device, or unknown."""


@dataclass(frozen=True, kw_only=True)
class FunctionRun:
    """A function and its hardware."""

    answers: Answers
    """On the validation samples; none if the network cannot have it."""
    hardware: tuple[Hardware, ...]

    @property
    def accuracy(self) -> float:
        """On the validation samples, over all seeds."""
        return float(np.mean(self.answers))


@dataclass(frozen=True, kw_only=True)
class Priced:
    """The exact costs of a design, means over the seeds of its network."""

    validation_accuracy: float
    validation: Costs
    accuracy: float
    test: Costs
    technologies: dict[str, float]
    """pJ on the test samples by technology."""
    flip_flops: int


def run_function(file: Path, device: Device | None, function: Function) -> FunctionRun:
    """Run a function on the validation samples, and time and bound its hardware."""
    setting = load_setting(file)
    try:
        runs = [_run_seed(setting, function, path) for path in setting.network_of(function).files]
    except InputError:
        return FunctionRun(answers=(), hardware=())
    hardware: list[Hardware] = []
    answers: list[tuple[bool, ...]] = []
    # hardware that every seed can have
    for choice in (choice for choice in runs[0] if all(choice in other for other in runs)):
        timed = [run[choice] for run in runs]
        answers = [each.answers for each in timed]
        params = timed[0].design.params
        hardware.append(
            Hardware(
                choice=choice,
                shape=shape_of_design(timed[0].prepared, params),
                least=mean_costs([each.least for each in timed]),
                area=predicted_area(params, device.family) if device else None,
            )
        )
    return FunctionRun(answers=tuple(answers), hardware=tuple(hardware))


@dataclass(frozen=True, kw_only=True)
class _Timed:
    """A design of a function, for the network of one seed."""

    prepared: Prepared
    design: Design
    answers: tuple[bool, ...]
    least: Costs


def _run_seed(setting: Setting, function: Function, path: Path) -> dict[Choice, _Timed]:
    """Run a function of one seed with every hardware that can; of equal designs the first."""
    base = setting.prepared(function, file=path)
    if function.side == "ann" and not is_narrow(base.design.params, dict(function.given)):
        return {}
    data, technology = setting.validation, setting.technologies[0]
    found: dict[AcceleratorParams, tuple[Choice, _Timed]] = {}
    traces: Traces = {}
    for choice, prepared, design in _designs(setting, function, base, path):
        if design.params in found:
            continue
        result = run(design, prepared.integers(data.x), traces)
        timed = _Timed(
            prepared=prepared,
            design=design,
            answers=tuple((result.predictions == data.y).tolist()),
            least=_costs(technology, design, result, least_registers(design.params)),
        )
        found[design.params] = choice, timed
    return dict(found.values())


def _designs(
    setting: Setting, function: Function, base: Prepared, path: Path
) -> Iterator[tuple[Choice, Prepared, Design]]:
    """Yield every hardware that can run a function; it differs from the network as given by its plan only."""
    for choice in hardware(function.side, setting.fixed[function.side]):
        try:
            if dict(choice)["engine"] == Engine.DELTA.value:  # its network takes a frame for each partial inference
                if not (setting.validation.is_frames or base.network.input.time_bins > 1):
                    continue  # nothing to skip: a sample is one frame
                prepared = setting.prepared(function, choice, file=path)
                yield choice, prepared, prepared.design
            else:
                design = plan(base.quantized.network, setting.options_of(function, choice).plan)
                yield choice, replace(base, planned=design), design
        except InputError:
            continue


def price(file: Path, point: SearchPoint) -> Priced:
    """Return the exact costs of a design, on the validation and on the test samples."""
    setting = load_setting(file)
    seeds = [_price_seed(setting, point, path) for path in setting.network_of(point.function).files]
    return Priced(
        validation_accuracy=fmean(each.validation_accuracy for each in seeds),
        validation=mean_costs([each.validation for each in seeds]),
        accuracy=fmean(each.accuracy for each in seeds),
        test=mean_costs([each.test for each in seeds]),
        technologies={name: fmean(each.technologies[name] for each in seeds) for name in seeds[0].technologies},
        flip_flops=seeds[0].flip_flops,
    )


def _price_seed(setting: Setting, point: SearchPoint, path: Path) -> Priced:
    prepared = setting.prepared(point.function, point.hardware, file=path)
    design, decides = prepared.design, setting.technologies[0]
    registers = register_bits(design.params)
    validation, test = (run(design, prepared.integers(data.x)) for data in (setting.validation, setting.test))
    return Priced(
        validation_accuracy=_accuracy(validation, setting.validation.y),
        validation=_costs(decides, design, validation, registers),
        accuracy=_accuracy(test, setting.test.y),
        test=_costs(decides, design, test, registers),
        technologies={each.name: _costs(each, design, test, registers).energy_pj for each in setting.technologies},
        flip_flops=sum(registers.values()),
    )


def _accuracy(result: Result, labels: Array) -> float:
    return float(np.mean(result.predictions == labels))


def _costs(technology: Technology, design: Design, result: Result, registers: Any) -> Costs:
    """Return costs; energies are linear in the counters, so that means of counters give their means."""
    cycles = float(result.cycles.mean())
    means = {name: float(values.mean()) for name, values in result.counters.items()}
    energy = counter_energy(technology, design.params, means, cycles, registers=registers)
    # what depends on the data is as slow as its samples alone, at most
    between = cycles if depends_on_data(design.params) else interval(design.params)
    return Costs(
        cycles=cycles,
        interval=between,
        energy_pj=float(energy.total[0]),
        um2=float(energy.area_um2),
    )
