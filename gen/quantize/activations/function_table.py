"""The table of a layer with a function, such as a sigmoid: the grid of its index, and the activation of each index.

The requantiser rounds a sum z to one of 256 levels, ``z = scale * (level - zero)``, and the table holds the activation
nearest to f(z) for each level. Levels end where all sums beyond give the same activation. So an activation differs from
f(z) by at most half a step of the activations, by which the table rounds, and half a step of the levels times the
largest slope of f there. Sums beyond those of the calibration data saturate, as everywhere.

A function of values that a trained quantiser has rounded is exact: its levels index the table.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tospike.hw.params import TABLE_INDEX, require
from tospike.sim.arithmetic import to_int64
from tospike.sim.network import Activation, Conv2d, GridRounding, QuantGrid, Stage

POINTS = 1 << 14
"""Points at which a function is looked at to find where it is flat."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TableIndex:
    """The grid of the sums that index a table."""

    grid: QuantGrid
    exact: bool
    """Whether its levels are those of the stage's inputs, so that the table is the function itself."""


def table_index(stage: Stage, source: QuantGrid, target: QuantGrid, reach: tuple[float, float]) -> TableIndex:
    """Return the index of a stage with a function; ``source`` is the grid of its inputs, the rest as for `index_grid`.

    Raises
    ------
    InputError
        The function has no value for some sum within ``reach``.
    """
    assert isinstance(stage.neuron, Activation)
    if (own := _exact_index(stage, source)) is not None:
        return TableIndex(grid=own, exact=True)
    return TableIndex(grid=index_grid(stage.neuron, target, reach, stage.name), exact=False)


def index_grid(neuron: Activation, target: QuantGrid, reach: tuple[float, float], name: str) -> QuantGrid:
    """Return the grid of a layer's sums before its function.

    Parameters
    ----------
    target
        Grid of the activations.
    reach
        The least and the largest sum on the calibration data.

    Raises
    ------
    InputError
        The function has no value for some sum between these.
    """
    sums = np.linspace(*reach, POINTS)
    values = neuron(sums)
    require(bool(np.isfinite(values).all()), f"the function of stage {name!r} has no finite value for some sums")
    levels = target.levels(values)
    low, high = (
        float(along[_last_flat(there != there[0])]) for along, there in ((sums, levels), (sums[::-1], levels[::-1]))
    )
    if not low < high:  # one level for all, or no sums but one
        low, high = min(reach[0], 0.0) - 1, max(reach[1], 0.0) + 1
    scale = (high - low) / (TABLE_INDEX.max - TABLE_INDEX.min - 1)
    zero = math.ceil(TABLE_INDEX.min - low / scale)  # the range in whole levels, from `low` or less to `high` or more
    return QuantGrid(
        scale=np.asarray(scale),
        qmin=TABLE_INDEX.min,
        qmax=TABLE_INDEX.max,
        zero_point=zero,
        after=zero,
        rounding=GridRounding.TIES_UP,
    )


def _exact_index(stage: Stage, source: QuantGrid) -> QuantGrid | None:
    """Return the grid of a stage's inputs as that of its index, if the stage only computes a function of each: the
    table then holds what the function gives for every input, exactly. ``None`` if it weights or adds inputs."""
    synapses = stage.synapses
    if not isinstance(synapses, Conv2d):
        return None
    alone = synapses.groups == synapses.channels == synapses.shape[0]
    if not (alone and (synapses.weight == 1).all() and synapses.weight[0].size == 1 and not synapses.bias.any()):
        return None
    fits = source.qmax - source.qmin <= TABLE_INDEX.max - TABLE_INDEX.min
    return source.moved(min(0, TABLE_INDEX.max - source.qmax)) if fits and source.is_even else None


def _last_flat(outside: NDArray[np.bool_]) -> int:
    """Return the index before the first one outside."""
    return max(0, int(np.argmax(outside)) - 1) if outside.any() else 0


def table_of(neuron: Activation, index: QuantGrid, target: QuantGrid) -> NDArray[np.int64]:
    """Return (256,) the activation of each level of the index, from the least on."""
    levels = np.arange(index.qmin, index.qmax + 1)
    values = replace(neuron, grid=None)(float(index.scale) * (levels - index.zero_point))
    return to_int64(target.levels(values), "activations of a table")
