"""What the hardware's counters say about its memories and arithmetic units.

All results are linear in the counters, which are words and cycles of the circuit; nothing depends on the network. The
same code prices the golden model's counters per sample and the totals read from the RTL.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from tospike.compare.energy.activity import Counts
from tospike.compare.energy.counters.work import EngineWork, StatePlacement
from tospike.compare.energy.engines import ENGINES
from tospike.hw.params import AcceleratorParams, EngineParams


def engine_work(
    params: AcceleratorParams, counters: Mapping[str, ArrayLike], state: StatePlacement = StatePlacement.BUILT
) -> tuple[EngineWork, ...]:
    """Return the work of each engine.

    Parameters
    ----------
    params
        Parameters of the hardware.
    counters
        Its counters, with the names of ``hw.host.layout.counter_names``, per sample or in total.
    state
        Placement of the membranes of event engines.
    """
    values = {name: np.atleast_1d(np.asarray(value, dtype=np.float64)) for name, value in counters.items()}
    return tuple(_engine(index, engine, state, _own(values, index)) for index, engine in enumerate(params.engines))


def _own(values: Mapping[str, Counts], index: int) -> dict[str, Counts]:
    """Return the accelerator's counters, and those of engine ``index`` without its prefix."""
    prefix = f"{index}."
    return {
        name.removeprefix(prefix): value for name, value in values.items() if "." not in name or name.startswith(prefix)
    }


def _engine(index: int, params: EngineParams, state: StatePlacement, counters: Mapping[str, Counts]) -> EngineWork:
    work = ENGINES[type(params)].work(f"engine_{index}", params, state, counters)
    if (name := params.awake_counter) is None:
        return work
    return replace(work, awake=counters[name], has_array=not params.sleeps)
