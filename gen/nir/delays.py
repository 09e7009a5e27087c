"""Convert the Delay nodes of a NIR graph to delays of a layer's inputs, in whole steps."""

import math
from collections.abc import Sequence

import nir
import numpy as np
from numpy.typing import NDArray

from tospike.gen.nir.graph import Node
from tospike.gen.nir.neurons import real_numbers
from tospike.gen.nir.synapses import Shape, label
from tospike.hw.params import LONGEST_DELAY, require
from tospike.sim.arithmetic import to_int64

TOLERANCE = 0.01
"""Deviation from a whole number of steps that counts as rounding in the file, in steps."""


def split_delays(
    nodes: Sequence[Node], shape: Shape, dt: float | None
) -> tuple[NDArray[np.int64] | None, tuple[Node, ...]]:
    """Return the delays of the inputs of ``nodes`` in steps, ``None`` if there are none, and the other nodes.

    Parameters
    ----------
    nodes
        The nodes that lead to neurons; only Flatten and Scale may precede a Delay.
    shape
        Shape of the inputs.
    dt
        Length of a step in seconds, NIR's unit of delays.

    Raises
    ------
    InputError
        A Delay is elsewhere, has another shape, or is not a number of steps that an engine supports.
    """
    inputs = math.prod(shape)
    delays = np.zeros(inputs, dtype=np.int64)
    others: list[Node] = []
    for node in nodes:
        if not isinstance(node[1], nir.Delay):
            others.append(node)
            continue
        name = label(node)
        require(
            all(isinstance(before, nir.Flatten | nir.Scale) for _, before in others),
            f"{name} follows {others[-1][0] if others else ''!r}: only spikes are delayed, so put it after neurons "
            "or the Input, with only Flatten and Scale between",
        )
        delays += _steps(node[1], name, inputs, dt)
    return (delays if delays.any() else None), tuple(others)


def _steps(node: nir.Delay, name: str, inputs: int, dt: float | None) -> NDArray[np.int64]:
    seconds = real_numbers(node, "delay", name).ravel()
    require(seconds.size in (1, inputs), f"{name} has {seconds.size} delays for {inputs} values")
    if not seconds.any():
        return np.zeros(inputs, dtype=np.int64)
    require(dt is not None, f"{name} is in seconds, but the length of a step is unknown: give --dt")
    assert dt is not None
    exact = np.broadcast_to(seconds / dt, (inputs,))
    steps = np.rint(exact)
    worst = int(np.argmax(np.abs(exact - steps)))
    require(
        abs(exact[worst] - steps[worst]) <= TOLERANCE,
        f"{name}: a delay of {exact[worst] * dt:g} s is {exact[worst]:g} steps of {dt:g} s, not a whole number: give "
        "--dt",
    )
    low, high = int(steps.min()), int(steps.max())
    require(
        low >= 0 and high <= LONGEST_DELAY,
        f"{name}: delays of {low} to {high} steps of {dt:g} s are outside 0 to {LONGEST_DELAY}: give another --dt",
    )
    return to_int64(steps, f"{name}: delays")
