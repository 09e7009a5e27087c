"""The event engine on random spike trains, timed in RTL."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tospike.gen.emit.folder import build
from tospike.gen.emit.memory_init import pack
from tospike.gen.emit.random_design import random_design
from tospike.gen.options.core import LayerOptions
from tospike.hw.params import (
    AcceleratorParams,
    HostInput,
    HostOutput,
    InputError,
    Readout,
    SpikingParams,
    check_options,
    option,
    require,
    same_option,
)
from tospike.sim import accelerator as golden
from tospike.tb.replay.replay import patience, replay
from tospike.tb.simulators import Simulator, SimulatorOptions


@dataclass(frozen=True, kw_only=True)
class SpikesBench:
    """An event engine of LIF neurons, and its input spikes."""

    inputs: int = same_option(LayerOptions, "inputs")
    neurons: int = same_option(LayerOptions, "neurons")
    lanes: int = same_option(LayerOptions, "lanes", 16, unset="")
    weight_bits: int = same_option(LayerOptions, "weight_bits", 4)
    rates: str = option("0,0.01,0.1,1", "Spikes per input and step, comma-separated fractions")
    steps: int = option(20, "Time steps of a train", low=1)
    seed: int = option(0, "Seed of weights and spikes", low=0)
    simulator: Simulator = same_option(SimulatorOptions, "simulator")

    def __post_init__(self) -> None:
        check_options(self)

    @property
    def engine(self) -> SpikingParams:
        """The engine, with a count readout.

        Raises
        ------
        InputError
            A number is out of range.
        """
        return SpikingParams(
            inputs=self.inputs,
            neurons=self.neurons,
            lanes=self.lanes,
            weight_bits=self.weight_bits,
            readout=Readout.COUNT,
            count_bits=16,
        )

    @property
    def fractions(self) -> list[float]:
        """The rates as numbers.

        Raises
        ------
        InputError
            ``rates`` are not numbers.
        """
        try:
            return [float(part) for part in self.rates.split(",")]
        except ValueError:
            raise InputError(f"--rates must be comma-separated numbers, not {self.rates!r}") from None


def bench_spikes(
    engine: SpikingParams, rates: Sequence[float], *, steps: int, seed: int, simulator: str = "verilator"
) -> list[dict[str, Any]]:
    """Run a spike train of each rate through the generated Verilog, with random weights.

    The engine's readout must be the count or the membrane, so that every train gives a frame of the same length.

    Returns
    -------
    list of dict
        For each rate: number of ``events``, ``sop`` (synaptic operations: additions of a weight because of a spike),
        ``cycles`` of the inference with host port and readout, ``sop_per_cycle``, and ``cycles_per_event`` and
        ``sop_per_event_cycle``, less the cycles of a train without spikes (None without events).
        ``golden_match``: whether outputs and cycles equal the golden model's.

    Raises
    ------
    InputError
        A rate is not a fraction.
    """
    require(engine.readout is not Readout.SPIKES, "the number of output spikes varies: use a count or membrane readout")
    require(
        all(0 <= rate <= 1 for rate in rates),
        f"a spike rate is a fraction, not {max(rates, key=lambda rate: abs(rate - 0.5))}",
    )
    params = AcceleratorParams(
        name="spikes", engines=(engine,), host_input=HostInput.TOKENS, host_output=HostOutput.DENSE
    )
    design = random_design(params, seed=seed)
    rng = np.random.default_rng(seed)
    trains = np.stack([rng.random((steps, engine.inputs)) < rate for rate in (0.0, *rates)]).astype(np.int64)
    verilog, _, _ = build(params, pack(design))
    expected = golden.run(design, trains)
    got = replay(verilog, params, trains, limit=patience(expected.cycles), simulator=simulator)
    idle = int(got.cycles[0])
    rows = []
    for index, rate in enumerate(rates, start=1):
        events, cycles = int(trains[index].sum()), int(got.cycles[index])
        sop = events * engine.neurons
        rows.append(
            {
                "inputs": engine.inputs,
                "neurons": engine.neurons,
                "lanes": engine.lanes,
                "rate": rate,
                "steps": steps,
                "seed": seed,
                "events": events,
                "sop": sop,
                "cycles": cycles,
                "idle_cycles": idle,
                "sop_per_cycle": sop / cycles,
                "cycles_per_event": (cycles - idle) / events if events else None,
                "sop_per_event_cycle": sop / (cycles - idle) if events else None,
                "golden_match": bool(
                    np.array_equal(got.outputs[index], expected.outputs[index]) and cycles == expected.cycles[index]
                ),
            }
        )
    return rows
