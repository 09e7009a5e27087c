"""One matrix product on the systolic engine, timed in RTL."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tospike.gen.emit.folder import build
from tospike.gen.emit.memory_init import pack
from tospike.hw.params import (
    AcceleratorParams,
    ArrayParams,
    Dataflow,
    DenseLayer,
    SystolicParams,
    ceil_div,
    check_options,
    option,
)
from tospike.sim import accelerator as golden
from tospike.sim.design import Design
from tospike.sim.network import Accumulator, Dense, InputSpec, Network, Stage
from tospike.tb.replay.replay import patience, replay
from tospike.tb.simulators import SimulatorOptions

ENGINE = 0
"""Index of the systolic engine, the only one."""


def scale_sim_cycles(array: ArrayParams, layer: DenseLayer) -> int:
    """Return the cycles of SCALE-Sim 3.0.0 for this product: its formula for serial folds, less its known offset of 1.

    Samajdar et al., "A Systematic Methodology for Characterizing Scalability of DNN Accelerators using SCALE-Sim",
    ISPASS 2020, eq. 3.
    """
    m, n, k, r, c = layer.rows, layer.outputs, layer.inputs, array.rows, array.cols
    if array.dataflow is Dataflow.OS:
        return ceil_div(m, r) * ceil_div(n, c) * (k + r + c - 2) - 1
    return ceil_div(k, r) * ceil_div(n, c) * (m + 2 * r + c - 2) - 1


@dataclass(frozen=True, kw_only=True)
class GemmBench(SimulatorOptions):
    """Options of the benchmark."""

    seed: int = option(0, "Seed of the operands", low=0)

    def __post_init__(self) -> None:
        check_options(self)


def bench_gemm(array: ArrayParams, layer: DenseLayer, *, seed: int, simulator: str = "verilator") -> dict[str, Any]:
    """Run (M x K) times (K x N) with random full-range operands through the generated Verilog.

    Returns
    -------
    dict
        ``cycles``: from the first operand that enters the array to the last result that leaves it, counted by the
        hardware. ``utilisation``: multiply-accumulates over ``cycles * rows * cols``. ``golden_match``: whether results
        and cycles equal the golden model's. ``bound``: cycles at the array's peak throughput. ``scale_sim``: cycles
        according to SCALE-Sim.
    """
    rng = np.random.default_rng(seed)
    weight = rng.choice(array.weight_values, (layer.outputs, layer.inputs))
    x = rng.integers(array.act.min, array.act.max, (1, layer.rows * layer.inputs), endpoint=True)
    synapses = Dense(weight=weight, bias=np.zeros(layer.outputs, dtype=np.int64))
    stage = Stage(name="gemm", synapses=synapses, neuron=Accumulator())
    network = Network(name="gemm", input=InputSpec(inputs=layer.inputs, format=array.act), stages=(stage,))
    params = AcceleratorParams(name="gemm", engines=(SystolicParams(array=array, layers=(layer,)),))
    design = Design(params=params, network=network, stage_counts=(1,))

    verilog, _, _ = build(params, pack(design))
    expected = golden.run(design, x)
    got = replay(verilog, params, x, limit=patience(expected.cycles), simulator=simulator)
    counter = f"{ENGINE}.array_cycles"
    cycles = got.counters[counter]
    match = np.array_equal(got.outputs, expected.outputs) and cycles == expected.counters[counter][0]
    return {
        "rows": array.rows,
        "cols": array.cols,
        "dataflow": array.dataflow.value,
        "gemm": [layer.rows, layer.outputs, layer.inputs],
        "seed": seed,
        "cycles": cycles,
        "utilisation": layer.macs / (cycles * array.macs_per_cycle),
        "golden_match": bool(match),
        "bound": ceil_div(layer.macs, array.macs_per_cycle),
        "scale_sim": scale_sim_cycles(array, layer),
        "latency": int(got.cycles[0]),
    }
