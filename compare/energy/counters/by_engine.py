"""Energy by engine: what single engines of a chain, such as bridges, add to its energy."""

import numpy as np

from tospike.compare.energy.cost_model import Technology
from tospike.compare.energy.counters.energy import clocked_bits, work_terms
from tospike.compare.energy.counters.hardware import engine_work
from tospike.compare.energy.counters.registers import register_bits
from tospike.compare.energy.counters.work import StatePlacement
from tospike.hw.params import AcceleratorParams
from tospike.sim.result import Result


def engine_energies(technology: Technology, params: AcceleratorParams, result: Result) -> tuple[float, ...]:
    """Return the mean pJ per inference of each engine: its work, and the clock of its flip-flops.

    Leakage, a clock network and the host port belong to the chain as a whole.
    """
    cycles = np.array([result.cycles.mean()])
    counters = {name: float(values.mean()) for name, values in result.counters.items()}
    bits = register_bits(params)
    energies = []
    for engine in engine_work(params, counters, StatePlacement.BUILT):
        worked = sum(float(np.sum(values)) for values in work_terms(technology, engine, cycles).values())
        clocked = float(clocked_bits(technology, engine, bits, cycles)[0])
        energies.append(worked + clocked * technology.clocked_bit)
    return tuple(energies)
