"""Choose the grid of every activation of an ANN: a trained quantiser's, or one from calibration data."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tospike.gen.quantize.options import QuantizeOptions
from tospike.gen.quantize.scale import choose_scale, signed_bits
from tospike.hw.params import IntFormat, require
from tospike.sim.network import (
    Activation,
    Add,
    AveragePool2d,
    GridRounding,
    InputSpec,
    MaxPool2d,
    Network,
    QuantGrid,
    Stage,
    SumPool2d,
)

Floats = NDArray[np.float64]
FEW_LEVELS, MOST_LEVELS = 16, 256
INPUT = -1
"""The network's input, where an index of a stage is expected."""


def is_logits(network: Network, index: int) -> bool:
    """Return whether a stage sends its accumulators: the last stage, if its sums have no activation."""
    neuron = network.stages[index].neuron
    assert isinstance(neuron, Activation)
    return index == len(network.stages) - 1 and neuron.is_linear


def choose_grids(
    network: Network, values: list[Floats], options: QuantizeOptions
) -> tuple[dict[int, QuantGrid], IntFormat]:
    """Return the grids of the input (-1) and of all stages but logits, and the one format that holds all their
    integers.

    Parameters
    ----------
    values
        The values of the input and of each stage on the calibration data: ``values[i + 1]`` (N, outputs) of stage i.

    Notes
    -----
    A trained grid may be shifted: other integers, and another zero point, then represent the same values. Signed grids
    of up to 16 levels become unsigned, because requantisation can then reproduce them exactly (see `fit_thresholds`).
    An engine has one activation format, so a single grid with negative integers makes it signed; trained unsigned
    grids that then do not fit are shifted down. Values that are added to each other get a common scale, if none of
    them has a trained one.
    """
    trained = {index: _unsigned(grid) for index in _sent(network) if (grid := _trained(network, index)) is not None}
    for index, grid in trained.items():
        where = "the input" if index == INPUT else f"stage {network.stages[index].name!r}"
        levels = grid.qmax - grid.qmin + 1
        require(levels <= MOST_LEVELS, f"{where} is quantised to {levels} levels: train quantisers of 8 bits at most")
        require(
            index == INPUT or grid.is_even,
            f"{where} rounds {grid.rounding.value} on both sides of 0, which gives levels "
            "of different widths, which no multiplier produces: train it with ROUND, FLOOR or CEIL, or unsigned",
        )
    chosen = [index for index in _sent(network) if index not in trained]
    nonnegative = _nonnegative(network, bool(values[0].min() >= 0))
    signed = any(grid.qmin < 0 for grid in trained.values()) or not all(nonnegative[index] for index in chosen)
    require(
        not chosen or not signed or options.act_bits >= 2,
        "activations of 1 bit cannot be negative: give 2 act-bits or ReLU and inputs from 0 upwards",
    )
    act = IntFormat(bits=options.act_bits, signed=signed)
    grids = {index: _signed(grid) if signed else grid for index, grid in trained.items()}
    for group in _added(network, chosen):
        grids |= _calibrated(network, values, options, act, {index: nonnegative[index] for index in group})
    low, high = min(grid.qmin for grid in grids.values()), max(grid.qmax for grid in grids.values())
    bits = max(signed_bits(low), signed_bits(high)) if signed else high.bit_length()
    wide = IntFormat(bits=max(bits, act.bits) if chosen else bits, signed=signed)
    require(
        wide.bits <= 8, f"activations from {low} to {high} need {wide.bits} bits: train quantisers of 8 bits at most"
    )
    for index, stage in enumerate(network.stages):
        if isinstance(stage.synapses, MaxPool2d):
            grids[index] = grids[network.sources(index)[0]]
    return grids, wide


def _calibrated(
    network: Network, values: list[Floats], options: QuantizeOptions, act: IntFormat, group: dict[int, bool]
) -> dict[int, QuantGrid]:
    """Return the grids of activations with a common scale; ``group`` tells of each whether it is never negative.

    In a network with additions that has a signed format, those that are never negative use all of its levels: their
    integers are those of an unsigned format, less ``2**(bits - 1)``. If others of the group are negative, theirs is
    half of the common scale, so that all have the same range, and the addition weights them 1 to 2.
    """
    moves = act.signed and _adds(network)
    is_positive = moves and all(group.values())
    fmt = replace(act, signed=False) if is_positive else act
    scale = choose_scale(np.concatenate([values[i + 1].ravel() for i in group]), fmt, options.act_scale)
    grids = {}
    for index, nonnegative in group.items():
        whole = moves and nonnegative
        # other data may have negative inputs
        low = 0 if whole or (nonnegative and index != INPUT) else act.min
        high = replace(act, signed=False).max if whole else act.max
        own = scale / 2 if whole and not is_positive else scale
        grid = QuantGrid(scale=np.asarray(own), qmin=low, qmax=high, rounding=GridRounding.TIES_UP)
        grid = _clipped(grid, network.stages[index]) if index != INPUT else grid
        grids[index] = grid.moved(act.min) if whole else grid
    return grids


def input_spec(network: Network, grid: QuantGrid, act: IntFormat) -> InputSpec:
    """Return the input of the quantised network."""
    spec = network.input
    clamp = (grid.qmin, grid.qmax) if (grid.qmin > act.min or grid.qmax < act.max) and spec.grid else None
    if spec.grid is None:
        # q = round(u / s) + zero with u = (x - offset) / scale
        scale = spec.scale * float(grid.scale)
        return replace(spec, format=act, scale=scale, offset=spec.offset - grid.zero_point * scale)
    return replace(spec, format=act, clamp=clamp, grid=grid)


def _sent(network: Network) -> list[int]:
    """Return the input and the stages that round values: not max-pools, which select among rounded values."""
    stages = range(len(network.stages))
    kept = [i for i in stages if not is_logits(network, i) and not isinstance(network.stages[i].synapses, MaxPool2d)]
    return [INPUT, *kept]


def _trained(network: Network, index: int) -> QuantGrid | None:
    if index == INPUT:
        return network.input.grid
    stage = network.stages[index]
    assert isinstance(stage.neuron, Activation)
    return None if stage.neuron.grid is None else _clipped(stage.neuron.grid, stage)


def _clipped(grid: QuantGrid, stage: Stage) -> QuantGrid:
    """Return the grid without the levels that the stage's bounds exclude."""
    assert isinstance(stage.neuron, Activation)
    low, high = grid.qmin, grid.qmax
    if stage.neuron.low is not None:
        low = max(low, int(grid.levels(np.asarray(stage.neuron.low))))
    if stage.neuron.maximum is not None:
        high = min(high, int(grid.levels(np.asarray(stage.neuron.maximum))))
    if low == high:  # a grid has at least two levels; prefer the one above, since none is negative after a ReLU
        low, high = (low, high + 1) if high < grid.qmax else (low - 1, high)
    return replace(grid, qmin=low, qmax=high)


def _unsigned(grid: QuantGrid) -> QuantGrid:
    if grid.qmin >= 0 or grid.qmax - grid.qmin >= FEW_LEVELS:
        return grid
    return grid.moved(1 << max((-grid.qmin - 1).bit_length(), grid.qmax.bit_length()))


def _signed(grid: QuantGrid) -> QuantGrid:
    return grid.moved(-(1 << (grid.qmax.bit_length() - 1))) if grid.qmax > 127 else grid


def _nonnegative(network: Network, is_input: bool) -> dict[int, bool]:
    """Return, by stage, whether its values can never be negative."""
    known = {INPUT: is_input}
    for index, stage in enumerate(network.stages):
        assert isinstance(stage.neuron, Activation)
        sums = isinstance(stage.synapses, MaxPool2d | AveragePool2d | SumPool2d) or (
            isinstance(stage.synapses, Add) and bool((stage.synapses.weight >= 0).all())
        )
        if isinstance(stage.synapses, SumPool2d | Add):
            sums = sums and bool((stage.synapses.bias >= 0).all())
        sums = sums and stage.neuron.function is None
        known[index] = stage.neuron.never_negative or (sums and all(known[source] for source in network.sources(index)))
    return known


def _adds(network: Network) -> bool:
    """Return whether branches are added. The engine that runs such a network takes zeros like other values, so that an
    activation of 0 need not be the integer 0."""
    return any(isinstance(stage.synapses, Add) for stage in network.stages)


def _added(network: Network, chosen: list[int]) -> list[list[int]]:
    """Return ``chosen`` in groups with a common scale: the operands of an addition, direct or through max-pools."""
    groups = [[index] for index in chosen]
    for index, stage in enumerate(network.stages):
        if not isinstance(stage.synapses, Add):
            continue
        taken = {_selected(network, source) for source in network.sources(index)}
        if taken <= set(chosen):
            joined = [group for group in groups if taken & set(group)]
            groups = [group for group in groups if group not in joined]
            groups.append(sorted({member for group in joined for member in group}))
    return groups


def _selected(network: Network, index: int) -> int:
    while index != INPUT and isinstance(network.stages[index].synapses, MaxPool2d):
        index = network.sources(index)[0]
    return index
