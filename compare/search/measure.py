"""The two measurements of a search: a function with all of its hardware, and one design with its flip-flops.

A function runs once, on the validation samples; every hardware is timed and counted with what it computed. That gives
its cycles, and bounds of its other costs. The exact costs of a design, on the validation and on the test samples, need
the flip-flops, for which its hardware is built.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from tospike.compare.energy.counters.energy import mean_energy
from tospike.compare.energy.counters.registers import register_bits
from tospike.compare.energy.technology import Technology
from tospike.compare.report.candidates import Shape
from tospike.compare.search.bound import least_registers
from tospike.compare.search.costs import Costs, mean_costs, weighted
from tospike.compare.search.eligible import Answers
from tospike.compare.search.setting import Part, Setting, load_setting
from tospike.compare.search.shape import shape_of_design
from tospike.compare.search.space import Choice, Function, hardware
from tospike.compare.study.variations.trial import is_narrow
from tospike.gen.area.design import predicted_area
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
    """The exact costs of a design, means over the files of its network."""

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
    trainings = setting.trainings(function)
    try:
        rows = [[_run_file(setting, function, path, part) for path, part in row] for row in trainings]
    except InputError:
        return FunctionRun(answers=(), hardware=())
    hardware: list[Hardware] = []
    answers: list[tuple[bool, ...]] = []
    runs = [run for row in rows for run in row]
    weights = [len(part.validation.x) for row in trainings for _, part in row]
    # hardware that every seed and fold can have
    for choice in (choice for choice in runs[0] if all(choice in other for other in runs)):
        first = rows[0][-1][choice]
        answers = [tuple(right for run in row for right in run[choice].answers) for row in rows]
        params = first.design.params
        hardware.append(
            Hardware(
                choice=choice,
                shape=shape_of_design(first.prepared, params),
                least=mean_costs([run[choice].least for run in runs], weights),
                area=predicted_area(params, device.family) if device else None,
            )
        )
    return FunctionRun(answers=tuple(answers), hardware=tuple(hardware))


@dataclass(frozen=True, kw_only=True)
class _Timed:
    """A design of a function, for the network of one seed and fold."""

    prepared: Prepared
    design: Design
    answers: tuple[bool, ...]
    least: Costs


def _run_file(setting: Setting, function: Function, path: Path, part: Part) -> dict[Choice, _Timed]:
    """Run a function of one file with every hardware that can; of equal designs the first."""
    base = setting.prepared(function, file=path, part=part)
    if function.side == "ann" and not is_narrow(base.design.params, dict(function.given)):
        return {}
    data, technology = part.validation, setting.technologies[0]
    found: dict[AcceleratorParams, tuple[Choice, _Timed]] = {}
    traces: Traces = {}
    results: dict[AcceleratorParams, Result] = {}
    for choice, prepared, design in _designs(setting, function, base, path, part):
        if design.params in found:
            continue
        # clock gating changes no counter, it has some more: its result is also that of the design without it
        gated = replace(design, params=design.params.with_clock_gating(True))
        if gated.params not in results:
            results[gated.params] = run(gated, prepared.integers(data.x), traces)
        result = results[gated.params]
        timed = _Timed(
            prepared=prepared,
            design=design,
            answers=tuple((result.predictions == data.y).tolist()),
            least=_costs(technology, design, result, least_registers(design.params)),
        )
        found[design.params] = choice, timed
    return dict(found.values())


def _designs(
    setting: Setting, function: Function, base: Prepared, path: Path, part: Part
) -> Iterator[tuple[Choice, Prepared, Design]]:
    """Yield every hardware that can run a function; it differs from the network as given by its plan only."""
    stops_clocks = setting.technologies[0].stops_clocks
    for choice in hardware(function.side, setting.fixed[function.side], stops_clocks=stops_clocks):
        try:
            if dict(choice)["engine"] == Engine.DELTA.value:  # its network takes a frame for each partial inference
                if not (setting.validation.is_frames or base.network.input.time_bins > 1):
                    continue  # nothing to skip: a sample is one frame
                prepared = setting.prepared(function, choice, file=path, part=part)
                yield choice, prepared, prepared.design
            else:
                design = plan(base.quantized.network, setting.options_of(function, choice).plan)
                yield choice, replace(base, planned=design), design
        except InputError:
            continue


def price(file: Path, point: SearchPoint) -> Priced:
    """Return the exact costs of a design, on the validation and on the test samples."""
    setting = load_setting(file)
    trainings = [each for row in setting.trainings(point.function) for each in row]
    # other weights may make a constant, and so a register, wider: the hardware is that of the first file
    registers = register_bits(setting.prepared(point.function, point.hardware).design.params)
    several = [_price_file(setting, point, path, part, registers) for path, part in trainings]
    validation, test = (
        [len(samples) for samples in parts]
        for parts in ([part.validation.x for _, part in trainings], [part.test.x for _, part in trainings])
    )
    return Priced(
        validation_accuracy=weighted([each.validation_accuracy for each in several], validation),
        validation=mean_costs([each.validation for each in several], validation),
        accuracy=weighted([each.accuracy for each in several], test),
        test=mean_costs([each.test for each in several], test),
        technologies={
            name: weighted([each.technologies[name] for each in several], test) for name in several[0].technologies
        },
        flip_flops=several[0].flip_flops,
    )


def _price_file(setting: Setting, point: SearchPoint, path: Path, part: Part, registers: Mapping[str, int]) -> Priced:
    prepared = setting.prepared(point.function, point.hardware, file=path, part=part)
    design, decides = prepared.design, setting.technologies[0]
    validation, test = (run(design, prepared.integers(data.x)) for data in (part.validation, part.test))
    return Priced(
        validation_accuracy=_accuracy(validation, part.validation.y),
        validation=_costs(decides, design, validation, registers),
        accuracy=_accuracy(test, part.test.y),
        test=_costs(decides, design, test, registers),
        technologies={
            each.name: float(mean_energy(each, design.params, test, registers=registers).total[0])
            for each in setting.technologies
        },
        flip_flops=sum(registers.values()),
    )


@lru_cache(maxsize=4096)
def _interval(params: AcceleratorParams) -> float:
    """Return the cycles from one sample to the next; those of all folds and seeds are mostly the same."""
    return interval(params)


def _accuracy(result: Result, labels: Array) -> float:
    return float(np.mean(result.predictions == labels))


def _costs(technology: Technology, design: Design, result: Result, registers: Any) -> Costs:
    cycles = float(result.cycles.mean())
    energy = mean_energy(technology, design.params, result, registers=registers)
    # what depends on the data is as slow as its samples alone, at most
    between = cycles if depends_on_data(design.params) else _interval(replace(design.params, name="any"))
    return Costs(
        cycles=cycles,
        interval=between,
        energy_pj=float(energy.total[0]),
        um2=float(energy.area_um2),
    )
