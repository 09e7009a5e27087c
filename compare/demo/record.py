"""What a design did with one sample: activity of each layer, membranes, the answer and the energy over time.

Everything comes from the golden model, which equals the RTL bit for bit and cycle for cycle.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

import numpy as np

from tospike.compare.energy.cost_model import Technology
from tospike.compare.energy.counters.energy import CounterEnergy, counter_energy
from tospike.compare.energy.counters.registers import register_bits
from tospike.compare.energy.summary import CounterEnergyReport
from tospike.compare.study.engines import describe
from tospike.gen.data.data_set import DataSet
from tospike.gen.pipeline import Prepared
from tospike.hw.params import AcceleratorParams, Contents, EventParams, require
from tospike.sim.accelerator import as_sample, decided, engine_runs, result_of
from tospike.sim.arithmetic import Ints
from tospike.sim.design import Design
from tospike.sim.engine import EngineRun, Sample, frame
from tospike.sim.first_steps import can_end_early, ended_after
from tospike.sim.membranes import last_membranes
from tospike.sim.models import subnetwork
from tospike.sim.network import Array, Network
from tospike.sim.result import Result
from tospike.sim.spiking.arrays import arriving_image
from tospike.sim.spiking.delta_ann import DeltaAnnRun
from tospike.sim.spiking.golden import EventRun
from tospike.sim.spiking.window import network_order
from tospike.sim.systolic.layers import run_stages
from tospike.tb.evaluate import simulate

MOMENTS = 30
"""Steps at most after which answer and energy are computed: each is a run of the golden model."""


class Activity(StrEnum):
    """What a layer sends."""

    SPIKES = "spikes"
    CHANGES = "changes"
    """Of the activations, from frame to frame."""
    VALUES = "activations"


@dataclass(frozen=True, kw_only=True, eq=False)
class Layer:
    """What one layer, or the input of the first one, sent."""

    name: str
    activity: Activity
    values: Ints
    """(steps, neurons), one step for the activations of a frame; in the network's order."""

    @property
    def events(self) -> int:
        """Values other than 0."""
        return int(np.count_nonzero(self.values))

    @property
    def has_steps(self) -> bool:
        """Whether it works over time."""
        return self.activity is not Activity.VALUES


@dataclass(frozen=True, kw_only=True)
class Moment:
    """What the sample would have given and cost, had it ended after this step."""

    step: int
    """From 1."""
    answer: int
    cycles: int
    pj: float


@dataclass(frozen=True, kw_only=True, eq=False)
class DesignDemo:
    """What a design did with the sample."""

    name: str
    kind: str
    """``ann``, ``snn`` or ``hybrid``."""
    description: str
    layers: tuple[Layer, ...]
    membranes: Ints | None
    """(steps, outputs) of the last layer, before each reset; ``None``: it has none over time."""
    threshold: int | None
    """Of the last layer; ``None``: it has none, and its membranes are the answer."""
    outputs: Ints
    """(outputs,) counts, membranes or logits, also where the hardware sends only the class."""
    answer: int
    cycles: int
    energy: CounterEnergyReport
    moments: tuple[Moment, ...]
    """Empty for a design that takes a frame at once, or fires in phases."""
    rtl_equal: bool | None = None
    """Whether outputs, cycles and counters of the RTL are the golden model's; ``None``: it was not run."""

    @property
    def time_axis(self) -> int:
        """Steps of the layers that have steps; 0 if none has."""
        return max((len(layer.values) for layer in self.layers if layer.has_steps), default=0)

    @property
    def events(self) -> int:
        """Spikes, changes or activations other than 0 of all layers, without the input."""
        return sum(layer.events for layer in self.layers if layer.name != INPUT)


@dataclass(frozen=True, kw_only=True, eq=False)
class Demo:
    """One sample, and what designs did with it."""

    data: DataSet
    sample: int
    technology: str
    designs: tuple[DesignDemo, ...]

    @property
    def label(self) -> int | None:
        """The right answer, if there is one."""
        return None if self.data.labels is None else int(self.data.y[self.sample])


STEPPED: Mapping[Contents, Activity] = {Contents.TRAIN: Activity.SPIKES, Contents.CHANGES: Activity.CHANGES}
"""Links with time steps, and what is sent there."""
INPUT = "input"
"""Name of what the first layer receives."""


def check_sample(data: DataSet, number: int) -> None:
    """Refuse the number of a test sample that there is not.

    Raises
    ------
    InputError
        There is no such sample.
    """
    require(0 <= number < len(data.x), f"there is no sample {number}: give 0 to {len(data.x) - 1}")


def record(prepared: Prepared, data: DataSet, number: int, technology: Technology, *, rtl: bool = False) -> DesignDemo:
    """Run test sample ``number`` through a design; with ``rtl``, through its Verilog, too.

    Raises
    ------
    InputError
        There is no such sample, no engine can run the network, or the simulator is missing or fails.
    """
    check_sample(data, number)
    x = data.x[number : number + 1]
    design, integers = prepared.design, prepared.integers(x)
    params, sample = design.params, as_sample(design, integers)
    runs = engine_runs(design, sample)
    result = result_of(params, sample, runs)
    membranes = last_membranes(design, sample, runs)
    return DesignDemo(
        name=prepared.network.name,
        kind=_kind(prepared.quantized.network),
        description=describe(prepared),
        layers=tuple(_layers(design, sample, runs)),
        membranes=None if membranes is None else membranes[0],
        threshold=None if membranes is None else _threshold(params),
        outputs=result.outputs[0],
        answer=int(decided(params, result).predictions[0]),
        cycles=int(result.cycles[0]),
        energy=_energy(technology, params, params, result).summary(),
        moments=_moments(design, integers, _steps_to_end(design, sample, runs), technology),
        rtl_equal=simulate(prepared, x).equals_golden if rtl else None,
    )


def _kind(network: Network) -> str:
    spiking = {stage.is_spiking for stage in network.stages}
    return "hybrid" if len(spiking) > 1 else "snn" if spiking == {True} else "ann"


def _threshold(params: AcceleratorParams) -> int | None:
    found: int | None = getattr(getattr(params.engines[-1], "neuron", None), "threshold", None)
    return found


def _energy(
    technology: Technology, whole: AcceleratorParams, params: AcceleratorParams, result: Result
) -> CounterEnergy:
    """Return the energy of a result of ``params``, which are those of ``whole`` but for the number of steps."""
    return counter_energy(technology, params, result.counters, result.cycles, registers=register_bits(whole))


def _moments(design: Design, integers: Array, steps: int, technology: Technology) -> tuple[Moment, ...]:
    """Return what the sample would have given after some of its ``steps``."""
    if not steps:
        return ()
    chosen = sorted({-(-steps * part // MOMENTS) for part in range(1, MOMENTS + 1)})
    return tuple(
        Moment(
            step=step,
            answer=int(decided(shorter.params, result).predictions[0]),
            cycles=int(result.cycles[0]),
            pj=float(_energy(technology, design.params, shorter.params, result).total[0]),
        )
        for step, (shorter, result) in zip(chosen, ended_after(design, integers, chosen), strict=True)
    )


def _steps_to_end(design: Design, sample: Sample, runs: Sequence[EngineRun]) -> int:
    """Return the steps after which the sample might end; 0 if it cannot end early."""
    return max(runs[0].sent.shape[1], sample.shape[1]) if can_end_early(design) else 0


def _layers(design: Design, sample: Sample, runs: Sequence[EngineRun]) -> Iterator[Layer]:
    """Yield what the first layer receives, if it comes over time, and what every layer sends."""
    engines = design.params.engines
    received = (sample, *(run.sent for run in runs))
    first = next(index for index, engine in enumerate(engines) if engine.runs_stages)
    if engines[first].takes in STEPPED:
        image = engines[first].arriving_image
        yield Layer(name=INPUT, activity=STEPPED[engines[first].takes], values=_in_order(image, received[first]))
    for index, (engine, ran) in enumerate(zip(engines, runs, strict=True)):
        if not engine.runs_stages:
            continue
        if isinstance(ran, DeltaAnnRun):
            if ran.changes is not None:
                values = _in_order(engine.sent_image, ran.changes)
                yield Layer(name=design.stages_of(index)[0].name, activity=Activity.CHANGES, values=values)
        elif isinstance(ran, EventRun):
            if cast(EventParams, engine).neuron.spikes:  # what such a run is of
                values = _in_order(engine.sent_image, ran.spikes)
                yield Layer(name=design.stages_of(index)[0].name, activity=Activity.SPIKES, values=values)
        else:
            yield from _frame_layers(design, index, received[index])


def _frame_layers(design: Design, index: int, received: Sample) -> Iterator[Layer]:
    """Yield the activations of the stages of an engine that takes a frame."""
    network, shape = subnetwork(design, index), arriving_image(design, index)
    frames = frame(received)
    in_order = frames if shape is None else frames[:, network_order(shape)]
    for stage, values in zip(network.stages, run_stages(network, in_order), strict=True):
        yield Layer(name=stage.name, activity=Activity.VALUES, values=values)


def _in_order(image: tuple[int, int, int] | None, values: Array) -> Ints:
    """Return (steps, neurons) of the one sample, in the network's order."""
    own = values[0].astype(np.int64)
    return own if image is None else own[:, network_order(image)]
